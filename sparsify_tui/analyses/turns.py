"""One case of a benchmark: every model in every engine, timed in turn."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from pathlib import Path

from sparsify_tui.analyses.clock import Laps, compare_laps, lap, time_in_turn, time_runs, warm_up
from sparsify_tui.analyses.opened import Opened
from sparsify_tui.analyses.streams import Streams
from sparsify_tui.core.cases import Case, Prediction
from sparsify_tui.core.estimate import Estimate
from sparsify_tui.core.project import Comparison, Run
from sparsify_tui.core.protocols import Engine, Feeds, Progress
from sparsify_tui.core.timing import judge
from sparsify_tui.engines.memory import release_unused, reset_peak, resident_bytes, resident_peak
from sparsify_tui.errors import ModelError

BASELINE = "original"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A model's file, as it is called in the result."""

    name: str
    file: Path
    optimization: str = ""
    """Empty for the original."""
    prediction: Prediction | None = None

    def predicted_ms(self, case: Case) -> float | None:
        """What was expected of it in this case."""
        expected = self.prediction
        fits = expected and (expected.batch, expected.threads, 1) == (
            case.batch,
            case.threads,
            case.streams,
        )
        return expected.ms if expected and fits else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What one case gave."""

    runs: tuple[Run, ...]
    comparisons: tuple[Comparison, ...]
    problems: tuple[str, ...]
    """Models that an engine refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A model that is loaded and warm."""

    entrant: Entrant
    engine: Engine
    streams: Streams
    load_ms: float
    cold_ms: float
    peak_bytes: int | None


def time_case(
    opened: Opened,
    engines: Sequence[Engine],
    entrants: Sequence[Entrant],
    case: Case,
    seconds: float,
) -> Generator[Progress, None, CaseResult]:
    """Loads and warms all, then times them in turn.

    Args:
        opened: The original, and what it is fed.
        engines: The first one must run the original; what others refuse is told.
        entrants: The original first.
        case: How they are run.
        seconds: Least time for each comparison.

    Raises:
        ModelError: Not even the original runs.
    """
    ready, problems = yield from _load_all(opened, engines, entrants, case)
    try:
        laps = yield from _time_all(ready, case, seconds)
    finally:
        for one in ready:
            one.streams.close()
    runs = [
        _run(opened, one, case, own, is_engine_named=len(engines) > 1)
        for one, own in zip(ready, laps, strict=True)
    ]
    timed = dict(zip((run.label for run in runs), laps, strict=True))
    return CaseResult(
        runs=tuple(runs),
        comparisons=tuple(_compare(a, b, timed) for a, b in _pairs(runs)),
        problems=problems,
    )


def as_part(
    timing: Generator[Progress, None, CaseResult],
    done: int,
    total: int,
    *,
    expected_s: float,
    later_s: float = 0.0,
) -> Generator[Progress, None, CaseResult]:
    """The same, telling how far the whole queue is in place of how far its case is.

    Args:
        timing: One case.
        done: Parts of the queue before it.
        total: Parts of the queue.
        expected_s: What the case is thought to take, until it knows better.
        later_s: What the parts after it are thought to take.
    """
    start = time.perf_counter()
    while True:
        try:
            progress = next(timing)
        except StopIteration as end:
            result: CaseResult = end.value
            return result
        left = progress.left_s
        if left is None:
            left = max(0.0, expected_s - (time.perf_counter() - start))
        yield Progress(done=done, total=total, item=progress.item, left_s=left + later_s)


def _load_all(
    opened: Opened, engines: Sequence[Engine], entrants: Sequence[Entrant], case: Case
) -> Generator[Progress, None, tuple[list[_Ready], tuple[str, ...]]]:
    ready, problems = [], []
    feeds = opened.feeds(case.batch)
    wanted = list(product(engines, entrants))
    for at, (engine, entrant) in enumerate(wanted):
        yield Progress(done=at, total=len(wanted), item=f"loading {entrant.name}")
        try:
            if entrant is entrants[0]:  # else what a runtime needs but once is on its account
                engine.open(entrant.file, threads=case.threads).run(feeds)
            ready.append(_load(engine, entrant, feeds, case, in_turn=len(wanted) > 1))
        except ModelError as error:
            if not ready:
                raise
            problems.append(f"{entrant.name} {case.label} in {engine.name}: {error.message}")
    return ready, tuple(problems)


def _load(engine: Engine, entrant: Entrant, feeds: Feeds, case: Case, *, in_turn: bool) -> _Ready:
    """Loads as many sessions as there are streams; the memory is that of all of them."""
    release_unused()
    before = resident_bytes() if reset_peak() else None
    sessions = [
        engine.open(entrant.file, threads=case.threads, in_turn=in_turn)
        for _ in range(case.streams)
    ]
    streams = Streams(sessions, feeds)
    cold_ms = warm_up(streams)
    most = resident_peak()
    streams.settle(lap(streams))
    return _Ready(
        entrant=entrant,
        engine=engine,
        streams=streams,
        load_ms=sessions[0].load_ms,
        cold_ms=cold_ms,
        peak_bytes=None if before is None or most is None else max(0, most - before),
    )


def _time_all(
    ready: Sequence[_Ready], case: Case, seconds: float
) -> Generator[Progress, None, Sequence[Laps]]:
    """With one alone each run is a sample; several give the mean runs of their blocks."""
    works = [one.streams for one in ready]
    if len(works) == 1:
        return [(yield from time_runs(works[0], case.label, seconds))]
    return (yield from time_in_turn(works, case.label, seconds * len(works) / 2))


def _run(opened: Opened, ready: _Ready, case: Case, laps: Laps, *, is_engine_named: bool) -> Run:
    engine, entrant = ready.engine, ready.entrant
    names = (entrant.name, engine.name) if is_engine_named else (entrant.name,)
    return Run(
        label=" ".join((*names, case.label)),
        optimization=entrant.optimization,
        engine=engine.name,
        batch=case.batch,
        threads=case.threads,
        streams=case.streams,
        timing=ready.streams.timing(laps, case.batch),
        cold_ms=ready.cold_ms,
        load_ms=ready.load_ms,
        peak_bytes=ready.peak_bytes,
        predicted_ms=entrant.predicted_ms(case),
        environment=replace(
            opened.environment,
            threads=case.threads,
            engine=engine.name,
            engine_version=engine.version,
            provider=engine.provider,
        ),
    )


def _pairs(runs: Sequence[Run]) -> Iterator[tuple[Run, Run]]:
    """The original and each optimization in one engine; then each model in two engines."""
    for a, b in combinations(runs, 2):
        if a.engine == b.engine and not a.optimization and b.optimization:
            yield a, b
    for a, b in combinations(runs, 2):
        if a.engine != b.engine and a.optimization == b.optimization:
            yield a, b


def _compare(a: Run, b: Run, timed: Mapping[str, Laps]) -> Comparison:
    """What may be said of b: a drift that both meet spoils their timings, not their ratio."""
    laps = timed[a.label], timed[b.label]
    ratio = compare_laps(*laps, threads=a.threads * a.streams)
    return Comparison(
        a=a.label,
        b=b.label,
        ratio=Estimate(value=ratio.value, low=ratio.low, high=ratio.high, basis="measured"),
        verdict=judge(ratio, trusted=all(one.is_quiet for one in laps)),
    )
