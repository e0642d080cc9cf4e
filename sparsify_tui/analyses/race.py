"""Times several forms of one model in turn."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from functools import partial
from pathlib import Path

from sparsify_tui.analyses.clock import Laps, time_in_turn, warm_up
from sparsify_tui.analyses.opened import Opened
from sparsify_tui.core.protocols import Progress

_LEAST_WARM_UP_S = 0.1
_WARM_UP_S = 0.5
"""Of each at most; the first rounds in turn warm them all, too."""


def race(
    opened: Opened, forms: Mapping[str, Path], seconds: float, item: str
) -> Generator[Progress, None, dict[str, Laps]]:
    """Fresh sessions of all forms, run in turn on the same batch.

    Args:
        opened: The model and what it is fed.
        forms: Files by name.
        seconds: Least time of all together.
        item: What is said to be in work.
    """
    feeds = opened.feeds(opened.batch)
    threads = opened.options.threads
    sessions = [opened.engine.open(file, threads=threads, in_turn=True) for file in forms.values()]
    works = [partial(session.run, feeds) for session in sessions]
    for work in works:
        warm_up(work, least_s=_LEAST_WARM_UP_S, most_s=_WARM_UP_S)
    laps = yield from time_in_turn(works, item, seconds)
    return dict(zip(forms, laps, strict=True))
