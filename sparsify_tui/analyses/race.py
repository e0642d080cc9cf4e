"""Times several forms of one model in turn, end to end or kernel by kernel."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from functools import partial
from pathlib import Path

from sparsify_tui.analyses.clock import Laps, time_in_turn, warm_up
from sparsify_tui.analyses.kernels import MOST_PROFILED_RUNS, Profiled, ProfilerCost
from sparsify_tui.analyses.opened import Opened
from sparsify_tui.core.protocols import KernelTime, Progress

_ROUNDS = 5
_LEAST_WARM_UP_S = 0.1
_WARM_UP_S = 0.5
"""Of each at most, where nothing else is asked for; the first rounds in turn warm them all, too."""


def race(
    opened: Opened,
    forms: Mapping[str, Path],
    seconds: float,
    item: str,
    *,
    warm_up_s: float = _WARM_UP_S,
) -> Generator[Progress, None, dict[str, Laps]]:
    """Fresh sessions of all forms, run in turn on the same batch.

    Args:
        opened: The model and what it is fed.
        forms: Files by name.
        seconds: Least time of all together.
        item: What is said to be in work.
        warm_up_s: Of each form at most.
    """
    feeds = opened.feeds(opened.batch)
    threads = opened.options.threads
    sessions = [opened.engine.open(file, threads=threads, in_turn=True) for file in forms.values()]
    works = [partial(session.run, feeds) for session in sessions]
    for work in works:
        warm_up(work, least_s=_LEAST_WARM_UP_S, most_s=warm_up_s)
    laps = yield from time_in_turn(works, item, seconds)
    return dict(zip(forms, laps, strict=True))


def profile_forms(
    opened: Opened,
    files: Sequence[Path],
    folder: Path,
    item: str,
    *,
    most: int = MOST_PROFILED_RUNS,
) -> Generator[Progress, None, list[tuple[KernelTime, ...]]]:
    """Kernels of all forms, profiled in the same rounds on the same batch.

    Args:
        opened: The model and what it is fed.
        files: Of the forms.
        folder: For a model that measures the profiler.
        item: What is said to be in work.
        most: Runs of each.
    """
    threads, feeds = opened.options.threads, opened.feeds(opened.batch)
    every = [
        Profiled(opened.engine, file, threads, feeds, rounds=_ROUNDS, most=most) for file in files
    ]
    cost = ProfilerCost(opened.engine, threads, folder, rounds=_ROUNDS)
    for at in range(_ROUNDS):
        for one in every:
            one.run_round()
        cost.run_round()
        yield Progress(done=at + 1, total=_ROUNDS, item=item)
    each = cost.per_kernel_ms()
    return [one.kernel_times(each) for one in every]
