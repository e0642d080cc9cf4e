"""The most that is known to be gained with a project's model, and how it is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sparsify_tui.core.estimate import Estimate, Outlook
from sparsify_tui.core.lane import Int8Lane
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.project import BenchmarkRun, Project
from sparsify_tui.core.timing import Ratio
from sparsify_tui.core.units import format_percent
from sparsify_tui.core.verdicts import against_original


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A gain, its basis, and the optimization it belongs to."""

    gain: Estimate
    optimization: str


def best_speed_up(project: Project, outlooks: Mapping[str, Outlook]) -> Known | None:
    """The largest speed-up, measured ones before all others; None when nothing is above 1."""
    return _largest((*_measured_speed_ups(project), *_estimated(project, outlooks, "speed_up")))


def best_compression(project: Project, outlooks: Mapping[str, Outlook]) -> Known | None:
    """The largest compression, measured ones before all others; None when nothing is above 1."""
    return _largest((*_measured_sizes(project), *_estimated(project, outlooks, "compression")))


def int8_speed_up(profile: PerfProfile) -> Ratio | None:
    """The float form's time over that of the copy in int8, which were timed in turn.

    The interval is that of the pairs where they were kept, else that of the copy's own median.
    """
    lane = profile.int8
    if lane is None or lane.total is None or lane.float_ms is None:
        return None
    whole = next((mix for mix in lane.mixes if set(mix.layers) == set(lane.layers)), None)
    low_ms, high_ms = (
        (lane.total.low_ms, lane.total.high_ms) if whole is None else (whole.low_ms, whole.high_ms)
    )
    middle_ms = lane.total.median_ms if whole is None else whole.measured_ms
    return Ratio(
        value=lane.float_ms / middle_ms, low=lane.float_ms / high_ms, high=lane.float_ms / low_ms
    )


def accuracy_text(lane: Int8Lane) -> str:
    """How well mixes have been predicted by a fit on the others."""
    if lane.refused:
        return ""
    if not lane.errors:
        return "its predictions of mixes are not checked"
    checks = len(lane.errors)
    of = f"median of {checks} checks" if checks > 1 else "one check"
    return f"predicts mixes within {format_percent(lane.median_error)} ({of})"


def _largest(found: Iterable[Known]) -> Known | None:
    above = [one for one in found if (one.gain.value or 0.0) > 1]
    return max(
        above,
        key=lambda one: (one.gain.basis == "measured", one.gain.value),
        default=None,
    )


def _measured_speed_ups(project: Project) -> Iterator[Known]:
    for run in _current(project):
        for _, changed, one in against_original(run):
            if one.verdict == "faster":
                yield Known(gain=one.ratio, optimization=changed.optimization)


def _measured_sizes(project: Project) -> Iterator[Known]:
    for run in _current(project):
        for one in run.models:
            if run.original_compressed_bytes and one.compressed_bytes:
                ratio = run.original_compressed_bytes / one.compressed_bytes
                yield Known(
                    gain=Estimate(value=ratio, low=ratio, high=ratio, basis="measured"),
                    optimization=one.optimization,
                )


def _estimated(project: Project, outlooks: Mapping[str, Outlook], field: str) -> Iterator[Known]:
    for plan in project.optimizations:
        if plan.id in outlooks:
            yield Known(gain=getattr(outlooks[plan.id], field), optimization=plan.name)


def _current(project: Project) -> Iterator[BenchmarkRun]:
    return (run for run in project.benchmarks if not project.is_stale(run))
