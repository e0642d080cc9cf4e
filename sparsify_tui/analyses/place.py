"""Searches where int8 pays: races a few mixes, guards the outputs, then passes a gate."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from sparsify_tui.analyses.clock import compare_laps
from sparsify_tui.analyses.gate import LEAST_GAIN, Gate, pass_gate
from sparsify_tui.analyses.guard import Guard
from sparsify_tui.analyses.int8 import Forms, measure_forms
from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.analyses.race import race
from sparsify_tui.codec import value_from
from sparsify_tui.core.candidates import Candidate, candidates, late_starts
from sparsify_tui.core.changes import Changes
from sparsify_tui.core.lane import Mix
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.placement import MixModel, Placement, Raced
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.protocols import Progress
from sparsify_tui.core.timing import Ratio
from sparsify_tui.errors import InputError, ModelError

ORIGINAL, RESPELLED = "original", "rewritten"
FINALISTS = 3
_RACE_S = 0.5
"""Of each form, as in the race of a profile. It ranks; the gate measures what it favours anew."""
Start: TypeAlias = tuple[MixModel, tuple[Mix, ...]]
_TRIES = 2
"""Mixes that may go to the gate: it is slow, and whoever fails twice is not faster."""


def place_int8(
    *, options: dict[str, Any], profile: dict[str, Any] | None, seconds: float
) -> Generator[Progress, None, Placement]:
    """Finds the fastest mix whose outputs are good enough, or says why none is.

    Args:
        options: How the model is fed and run.
        profile: One with an int8 lane, of this model and setup; without it the lane is
            measured here.
        seconds: Least time of each pass of the gate; the race takes no longer than one.
    """
    yield Progress(done=0, total=1, item="reading the model")
    opened = open_model(value_from(options, RunOptions))
    with opened.named_guesses(), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        known = None if profile is None else value_from(profile, PerfProfile)
        try:
            yield Progress(done=0, total=1, item="preparing int8")
            forms = Forms(opened, folder)
            start = yield from _start(opened, forms, folder, known, seconds)
        except (ModelError, InputError) as error:
            return _kept(opened, str(error))
        return (yield from _Search(opened, forms, start, seconds).run())


def _start(
    opened: Opened, forms: Forms, folder: Path, known: PerfProfile | None, seconds: float
) -> Generator[Progress, None, Start]:
    """What predicts a mix and what was measured so far: from a profile, or measured now."""
    if known is not None and known.mix_model is not None and known.int8 is not None:
        return known.mix_model, known.int8.mixes
    found = yield from measure_forms(opened, forms, folder, seconds)
    assert found.model is not None
    return found.model, found.lane.mixes


class _Search:
    """One search over the mixes of a model."""

    def __init__(self, opened: Opened, forms: Forms, start: Start, seconds: float) -> None:
        self._opened = opened
        self._forms = forms
        self._model, self._measured = start
        self._seconds = seconds
        self._guard = Guard(opened)
        self._words = ""
        self._raced: list[Raced] = []

    def run(self) -> Generator[Progress, None, Placement]:
        floats = {ORIGINAL: self._forms.original}
        if self._forms.is_respelled:
            floats[RESPELLED] = self._forms.float_file
        ratios = yield from self._race(floats, self._finalists())
        fastest = max(floats, key=lambda name: ratios[name].value)
        cause = ""
        for tries, mix in enumerate(islice(self._good(ratios, fastest), _TRIES)):
            yield Progress(done=tries, total=_TRIES, item="at the gate")
            gate = yield from pass_gate(
                self._opened,
                floats[ORIGINAL],
                floats[fastest],
                self._forms.file(mix),
                self._seconds,
            )
            if gate.is_passed:
                return self._placed(mix, fastest, gate)
            cause = f"int8 was not surely faster at the gate: {_words(gate.ratio)}"
        return (yield from self._float(floats, fastest, cause or self._why(ratios, fastest)))

    def _finalists(self) -> tuple[Candidate, ...]:
        """The mixes of least time, measured or predicted, and the best with float between."""
        known = {frozenset(mix.layers): mix.measured_ms for mix in self._measured}
        ranked = sorted(
            candidates(self._model, self._forms.kinds),
            key=lambda mix: known.get(mix.layers, self._model.predict(mix.layers)),
        )[:FINALISTS]
        return (*ranked, replace(ranked[0], name=f"{ranked[0].name}, float between", between=False))

    def _race(
        self, floats: dict[str, Path], mixes: tuple[Candidate, ...]
    ) -> Generator[Progress, None, dict[str, Ratio]]:
        """The original's time over that of each form."""
        self._mixes = {mix.name: mix for mix in mixes}
        files = floats | {mix.name: self._forms.file(mix) for mix in mixes}
        seconds = min(self._seconds, _RACE_S * len(files))
        laps = yield from race(self._opened, files, seconds, "racing int8 mixes")
        threads = self._opened.options.threads
        ratios = {
            name: compare_laps(laps[ORIGINAL], one, threads=threads) for name, one in laps.items()
        }
        self._raced += [
            Raced(
                name=mix.name,
                layers=len(mix.layers),
                predicted_ms=self._predicted_ms(mix),
                ratio=ratios[mix.name],
            )
            for mix in mixes
        ]
        return ratios

    def _good(self, ratios: dict[str, Ratio], fastest: str) -> Iterator[Candidate]:
        """Mixes that beat the fastest float form and keep the outputs, the fastest first."""
        least = ratios[fastest].value * LEAST_GAIN
        ranked = sorted(self._mixes.values(), key=lambda mix: -ratios[mix.name].value)
        hopeful = [mix for mix in ranked if ratios[mix.name].value >= least]
        is_any_good = False
        for mix in filter(self._is_good, hopeful):
            is_any_good = True
            yield mix
        if hopeful and not is_any_good:  # perhaps a fixed front end must stay exact
            yield from islice(filter(self._is_good, self._late_starts()), 1)

    def _late_starts(self) -> Iterator[Candidate]:
        """Those of them that promise to be faster than the float form."""
        for mix in late_starts(self._model):
            if self._model.predict(mix.layers) * LEAST_GAIN <= self._model.float_ms:
                yield mix

    def _is_good(self, mix: Candidate) -> bool:
        found = self._guard.check(self._forms.file(mix))
        self._words = found.words
        return found.is_good

    def _why(self, ratios: dict[str, Ratio], fastest: str) -> str:
        best = max((ratios[name] for name in self._mixes), key=lambda one: one.value)
        if best.value < ratios[fastest].value * LEAST_GAIN:
            return (
                f"int8 was not faster: {_words(best)} of the original's speed at best, "
                f"and float reaches {_words(ratios[fastest])}"
            )
        return f"int8 changes the outputs too much: {self._words}"

    def _placed(self, mix: Candidate, fastest: str, gate: Gate) -> Placement:
        return Placement(
            changes=Changes(
                int8=tuple(layer for layer in self._forms.ids if layer in mix.layers),
                between=mix.between,
                respelled=self._forms.is_respelled,
            ),
            cause=self._left_out(mix),
            float_form=fastest,
            ratio=gate.ratio,
            speed_up=gate.speed_up,
            passes=gate.passes,
            raced=tuple(self._raced),
            predicted_ms=self._predicted_ms(mix),
            measured_ms=gate.chosen_ms,
            metric=self._guard.check(self._forms.file(mix)).words,
            calibration=self._forms.prepared.calibration,
            repairs=self._forms.prepared.prepared.repairs,
            batch=self._opened.batch,
            threads=self._opened.options.threads,
            model_digest=self._opened.model.sha256,
        )

    def _predicted_ms(self, mix: Candidate) -> float | None:
        """None for a mix with float between: nothing of that kind was fitted."""
        return self._model.predict(mix.layers) if mix.between else None

    def _left_out(self, mix: Candidate) -> str:
        """Which kinds of layers stay in float, in words."""
        kinds = Counter(
            self._forms.kinds[layer] for layer in self._forms.ids if layer not in mix.layers
        )
        parts = [f"{count} {kind}" for kind, count in kinds.most_common()]
        parts += [f"{count}: {why}" for why, count in Counter(self._forms.reasons.values()).items()]
        return f"stay in float: {', '.join(parts)}" if parts else ""

    def _float(
        self, floats: dict[str, Path], fastest: str, cause: str
    ) -> Generator[Progress, None, Placement]:
        """No int8: the rewritten float form where it passes the gate, else the original."""
        kept = _kept(self._opened, cause)
        kept = replace(kept, raced=tuple(self._raced))
        if fastest == ORIGINAL:
            return kept
        found = self._guard.check(floats[fastest])
        gate = yield from pass_gate(
            self._opened, floats[ORIGINAL], floats[ORIGINAL], floats[fastest], self._seconds
        )
        if not (gate.is_passed and found.is_good):
            return kept
        return replace(
            kept,
            changes=Changes(respelled=True),
            float_form=fastest,
            speed_up=gate.speed_up,
            passes=gate.passes,
            measured_ms=gate.chosen_ms,
            metric=found.words,
            repairs=self._forms.prepared.prepared.repairs,
        )


def _kept(opened: Opened, cause: str) -> Placement:
    """The original, unchanged."""
    return Placement(
        changes=Changes(),
        cause=cause,
        float_form=ORIGINAL,
        ratio=None,
        speed_up=None,
        passes=(),
        raced=(),
        predicted_ms=None,
        measured_ms=None,
        metric="",
        calibration="",
        repairs=(),
        batch=opened.batch,
        threads=opened.options.threads,
        model_digest=opened.model.sha256,
    )


def _words(ratio: Ratio) -> str:
    return f"{ratio.value:.2f}× [{ratio.low:.2f}, {ratio.high:.2f}]"
