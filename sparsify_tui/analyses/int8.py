"""The int8 lane: the model with every layer in int8 that can be, and a few mixes of it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from statistics import median

from sparsify_tui.analyses.changed import FloatForm
from sparsify_tui.analyses.clock import Laps, compare_laps
from sparsify_tui.analyses.int8_rows import INTEGER_KERNELS, Int8Row, conversions, int8_row
from sparsify_tui.analyses.kernels import Charge, charge_kernels
from sparsify_tui.analyses.opened import Opened
from sparsify_tui.analyses.race import profile_forms, race
from sparsify_tui.core.candidates import Candidate, candidates, probes
from sparsify_tui.core.lane import Int8Lane, Mix
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.placement import MixModel
from sparsify_tui.core.protocols import KernelTime, Progress
from sparsify_tui.core.timing import Ratio, summarize_runs
from sparsify_tui.engines.machine import available_memory
from sparsify_tui.errors import InputError, ModelError
from sparsify_tui.onnxio.quantize import layer_edges, why_not
from sparsify_tui.onnxio.quantize.conversions import rounded_for
from sparsify_tui.onnxio.rewrite import write_model

FLOAT, ALL = "float", "all"
MIXES = 4
"""Beside the one of all layers: enough to fit two factors."""
_COPIES_IN_MEMORY = 4
"""A session holds its weights, and the packed form of them, beside the file's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Int8Result:
    """The lane, its figures by layer, and what predicts other mixes."""

    lane: Int8Lane
    model: MixModel | None = None
    """None where there is no lane."""
    rows: Mapping[LayerId, Int8Row] = field(default_factory=dict)


def measure_int8(
    opened: Opened, folder: Path, seconds: float, plain: tuple[KernelTime, ...] = ()
) -> Generator[Progress, None, Int8Result]:
    """Builds, checks, profiles and races the int8 forms.

    A model that cannot be int8 gives a lane that says why, and no error.

    Args:
        opened: The model and what it is fed.
        folder: For the forms' files.
        seconds: Least time of the race.
        plain: Kernels of the original, where they are known.
    """
    try:
        yield Progress(done=0, total=1, item="preparing int8")
        return (yield from measure_forms(opened, Forms(opened, folder), folder, seconds, plain))
    except (ModelError, InputError) as error:
        return Int8Result(lane=Int8Lane(refused=str(error)))


class Forms:
    """The files of all forms of a model: float, int8, and mixes.

    Raises:
        ModelError: No layer can be int8, with the reason.
    """

    def __init__(self, opened: Opened, folder: Path) -> None:
        self._folder = folder
        self._files: dict[tuple[frozenset[LayerId], bool], Path] = {}
        self.prepared = FloatForm(opened, opened.loaded, respell=True, folder=folder)
        self.is_respelled = self.prepared.prepared.respelled > 0
        self.reasons = why_not(self.prepared.prepared, opened.model)
        self.original = Path(opened.options.path)
        if not self.prepared.layers:
            raise ModelError(_no_layer(self.reasons))
        self.prepared_file = folder / "prepared.onnx"
        write_model(self.prepared.prepared.proto, self.prepared_file)
        self.ids = tuple(layer.id for layer in self.prepared.layers)
        self.kinds = {layer.id: layer.kind for layer in self.prepared.layers}

    @property
    def float_file(self) -> Path:
        """The float form that int8 starts from: rewritten where there was something to rewrite."""
        return self.prepared_file if self.is_respelled else self.original

    @property
    def all_layers(self) -> Candidate:
        """Every layer that can be int8."""
        return Candidate(name=ALL, layers=frozenset(self.ids))

    def file(self, mix: Candidate) -> Path:
        """The file of a mix, written when it is first asked for."""
        key = (mix.layers, mix.between)
        if key not in self._files:
            target = self._folder / f"mix{len(self._files)}.onnx"
            chosen = [layer for layer in self.ids if layer in mix.layers]
            self.prepared.write_int8(chosen, target, between=mix.between)
            self._files[key] = target
        return self._files[key]


def _no_layer(reasons: Mapping[LayerId, str]) -> str:
    said = list(dict.fromkeys(reasons.values()))
    return f"No layer can be int8: {'; '.join(said[:3]) or 'there is no layer with a weight'}."


def measure_forms(
    opened: Opened,
    forms: Forms,
    folder: Path,
    seconds: float,
    plain: tuple[KernelTime, ...] = (),
) -> Generator[Progress, None, Int8Result]:
    """Profiles the float and the int8 form, races a few mixes, and fits what predicts others.

    Kernels of the original stand for the float form, unless that has been rewritten.

    Raises:
        ModelError: No integer kernel ran.
    """
    files = [forms.file(forms.all_layers)]
    if not plain or forms.is_respelled:
        files.append(forms.prepared_file)
    quantised, *rest = yield from profile_forms(opened, files, folder, "profiling int8")
    plain = rest[0] if rest else plain
    if not any(kernel.op_type in INTEGER_KERNELS for kernel in quantised):
        raise ModelError(
            "onnxruntime ran no integer kernel: every layer was computed in float again.",
            "It has no int8 kernel for these layers on this processor.",
        )
    before, others = charge_kernels(plain, opened.loaded, opened.model)
    after, _ = charge_kernels(quantised, opened.loaded, opened.model)
    rounded = rounded_for(forms.prepared.prepared, forms.prepared.layers)
    converting = conversions(quantised, rounded)
    rows = {
        layer: int8_row(before.get(layer), after.get(layer), converting.get(layer, 0.0), kind)
        for layer, kind in forms.kinds.items()
    }
    gains = {layer: _gain(before.get(layer), rows[layer]) for layer in forms.ids}
    edges = layer_edges(forms.prepared.prepared, forms.prepared.layers, forms.prepared.ranges)
    rows |= {layer: Int8Row(note=reason) for layer, reason in forms.reasons.items()}
    profiled_ms = sum(charge.ms for charge in before.values()) + sum(row.ms for row in others)
    laps, mixes = yield from _race_mixes(
        opened, forms, MixModel(float_ms=0.0, gains_ms=gains, edges=edges), seconds
    )
    threads = opened.options.threads
    float_ms = median(laps[FLOAT].samples_ms)
    model = MixModel(
        float_ms=float_ms, gains_ms=gains, edges=edges, scale=float_ms / max(profiled_ms, 1e-9)
    )
    measured = {mix: _measured_mix(laps, mix, float_ms, threads) for mix in mixes}
    fitted = model.fitted((mix.layers, found.value) for mix, found in measured.items())
    total = summarize_runs(laps[ALL].samples_ms, batch=opened.batch, gauge=laps[ALL].gauge)
    lane = replace(
        _lane(forms, fitted),
        total=total,
        mixes=tuple(_mix(mix, found, model, measured) for mix, found in measured.items()),
    )
    return Int8Result(lane=lane, model=fitted, rows=rows)


def _gain(before: Charge | None, row: Int8Row) -> float:
    return 0.0 if before is None or row.ms is None else before.ms - row.ms


def _race_mixes(
    opened: Opened, forms: Forms, model: MixModel, seconds: float
) -> Generator[Progress, None, tuple[dict[str, Laps], tuple[Candidate, ...]]]:
    """The float form, all layers in int8, and a few mixes, in turn."""
    room = available_memory() // (_COPIES_IN_MEMORY * max(opened.model.bytes, 1))
    most = min(MIXES, room - 2)
    everything, *hopes = candidates(model, forms.kinds)
    mixes = tuple(islice(_distinct_mixes((*probes(model), *hopes), everything), max(most, 0)))
    files = {FLOAT: forms.float_file, ALL: forms.file(forms.all_layers)}
    files |= {mix.name: forms.file(mix) for mix in mixes}
    laps = yield from race(opened, files, seconds, "racing int8 mixes")
    return laps, (forms.all_layers, *mixes)


def _distinct_mixes(found: Iterable[Candidate], other: Candidate) -> Iterator[Candidate]:
    seen = {other.layers}
    for one in found:
        if one.layers not in seen:
            seen.add(one.layers)
            yield one


def _lane(forms: Forms, model: MixModel) -> Int8Lane:
    return Int8Lane(
        float_ms=model.float_ms,
        calibration=forms.prepared.calibration,
        is_made_up=forms.prepared.samples.is_made_up,
        repairs=forms.prepared.prepared.repairs,
        respelled=forms.is_respelled,
        layers=forms.ids,
        scale=model.scale,
        element_ns=model.element_ns,
        share_ms=model.share_ms,
        edges=model.edges,
    )


def _measured_mix(laps: Mapping[str, Laps], mix: Candidate, float_ms: float, threads: int) -> Ratio:
    """Milliseconds of a mix with their interval, from its paired ratio to the float form."""
    ratio = compare_laps(laps[FLOAT], laps[mix.name], threads=threads)
    return Ratio(value=float_ms / ratio.value, low=float_ms / ratio.high, high=float_ms / ratio.low)


def _mix(mix: Candidate, found: Ratio, model: MixModel, measured: Mapping[Candidate, Ratio]) -> Mix:
    """A measured mix beside what a fit on all the others predicts for it."""
    others = [(one.layers, other.value) for one, other in measured.items() if one is not mix]
    return Mix(
        name=mix.name,
        layers=tuple(layer for layer in model.gains_ms if layer in mix.layers),
        predicted_ms=model.fitted(others).predict(mix.layers),
        measured_ms=found.value,
        low_ms=found.low,
        high_ms=found.high,
    )
