"""Runs of benchmarks beside each other: two to four of them, and over threads or batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sparsify_tui.core.estimate import UNKNOWN, Estimate
from sparsify_tui.core.project import BenchmarkRun, Run
from sparsify_tui.errors import UsageError

FEWEST, MOST = 2, 4
Axis = Literal["threads", "batch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenRun:
    """A run and the benchmark that it belongs to."""

    benchmark: BenchmarkRun
    run: Run

    @property
    def name(self) -> str:
        """As it is called where runs of several benchmarks meet."""
        return f"{self.benchmark.name}: {self.run.label}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A run and how it compares with the first one."""

    chosen: ChosenRun
    ratio: Estimate
    """The first one's latency over its own, of one item: above 1, it is faster."""
    is_in_turn: bool
    """Whether both were timed in turn; else drift of the machine is part of the ratio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """Runs of one model in one engine, that differ only in threads or batch."""

    label: str
    runs: tuple[Run, ...]

    def values(self, axis: Axis) -> tuple[float, ...]:
        """Threads or batch of each run, rising."""
        return tuple(float(getattr(run, axis)) for run in self.runs)


def without_case(benchmark: BenchmarkRun, reason: str) -> BenchmarkRun:
    """The benchmark after its next case could not be measured."""
    case = benchmark.cases[benchmark.cases_done]
    return replace(
        benchmark,
        problems=(*benchmark.problems, f"{case.label}: {reason}"),
        cases_done=benchmark.cases_done + 1,
    )


def beside_first(chosen: Sequence[ChosenRun]) -> tuple[Beside, ...]:
    """Every run with its ratio to the first one. Raises UsageError unless there are 2 to 4."""
    if not FEWEST <= len(chosen) <= MOST:
        raise UsageError(
            f"{len(chosen)} runs were chosen; {FEWEST} to {MOST} can be compared.",
            "Name single ones as BENCHMARK:LABEL.",
        )
    first = chosen[0]
    return tuple(_beside(first, one) for one in chosen)


def _beside(first: ChosenRun, other: ChosenRun) -> Beside:
    if other == first:
        return Beside(chosen=other, ratio=UNKNOWN, is_in_turn=True)
    measured = _measured_in_turn(first, other)
    if measured is not None:
        return Beside(chosen=other, ratio=measured, is_in_turn=True)
    a, b = first.run.timing, other.run.timing
    per_item = other.run.batch / first.run.batch
    ratio = Estimate(
        value=a.median_ms / b.median_ms * per_item,
        low=a.low_ms / b.high_ms * per_item,
        high=a.high_ms / b.low_ms * per_item,
        basis="measured",
        note="not measured in turn",
    )
    return Beside(chosen=other, ratio=ratio, is_in_turn=False)


def _measured_in_turn(first: ChosenRun, other: ChosenRun) -> Estimate | None:
    if first.benchmark.id != other.benchmark.id:
        return None
    for one in first.benchmark.comparisons:
        if (one.a, one.b) == (first.run.label, other.run.label):
            return one.ratio
        if (one.b, one.a) == (first.run.label, other.run.label):
            return _inverse(one.ratio)
    return None


def _inverse(ratio: Estimate) -> Estimate:
    value, low, high = ratio.value, ratio.low, ratio.high
    return Estimate(
        value=1 / value if value else None,
        low=1 / high if high else None,
        high=1 / low if low else None,
        basis=ratio.basis,
    )


def warnings_between(chosen: Sequence[ChosenRun]) -> tuple[str, ...]:
    """What keeps runs from being compared as if nothing but the model had changed."""
    first, *others = chosen
    found = [
        warning for other in others for warning in _differences(first, other) if other != first
    ]
    return tuple(dict.fromkeys(found))


def _differences(first: ChosenRun, other: ChosenRun) -> Iterable[str]:
    a, b = (one.run.environment or one.benchmark.environment for one in (first, other))
    yield from a.differences(b)
    if first.benchmark.model_digest != other.benchmark.model_digest:
        yield "another content of the model file"
    if first.benchmark.inputs != other.benchmark.inputs:
        yield f"fed with {first.benchmark.inputs} and {other.benchmark.inputs}"
    for name in ("batch", "streams"):
        if getattr(first.run, name) != getattr(other.run, name):
            yield f"{name} {getattr(first.run, name)} and {getattr(other.run, name)}"


def untrusted(chosen: Sequence[ChosenRun]) -> tuple[str, ...]:
    """Names of the runs that may not be believed."""
    return tuple(one.name for one in chosen if not one.run.timing.trusted)


def shared_labels(benchmarks: Sequence[BenchmarkRun]) -> tuple[tuple[ChosenRun, ...], ...]:
    """Runs of one label in two or more benchmarks, in the order of the first that has it."""
    groups: dict[str, list[ChosenRun]] = {}
    for benchmark in benchmarks:
        for run in benchmark.runs:
            chosen = ChosenRun(benchmark=benchmark, run=run)
            groups.setdefault(run.label, []).append(chosen)
    return tuple(tuple(group) for group in groups.values() if len(group) >= FEWEST)


def only_in_one(benchmarks: Sequence[BenchmarkRun]) -> tuple[ChosenRun, ...]:
    """Runs whose label no other of these benchmarks has."""
    shared = {one.run.label for group in shared_labels(benchmarks) for one in group}
    return tuple(
        ChosenRun(benchmark=benchmark, run=run)
        for benchmark in benchmarks
        for run in benchmark.runs
        if run.label not in shared
    )


def scaling_over(benchmark: BenchmarkRun, axis: Axis) -> tuple[Scaling, ...]:
    """Groups of two or more runs that differ in nothing but the axis."""
    groups: dict[str, list[Run]] = {}
    several = len({run.engine for run in benchmark.runs}) > 1
    for run in benchmark.runs:
        fixed = f"b{run.batch}" if axis == "threads" else f"t{run.threads}"
        words = (
            run.optimization or "original",
            run.engine if several else "",
            fixed,
            f"s{run.streams}" if run.streams > 1 else "",
        )
        groups.setdefault(" ".join(filter(None, words)), []).append(run)
    return tuple(
        Scaling(label=label, runs=tuple(sorted(runs, key=lambda run: float(getattr(run, axis)))))
        for label, runs in groups.items()
        if len(runs) >= FEWEST
    )
