"""The limited process: reads one job, runs its analysis, writes events.

Started as `python -m sparsify_tui job`. It keeps a private copy of standard output for its
events and points the original at standard error, so that nothing a runtime prints can be
taken for an event.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from collections.abc import Iterator
from typing import TextIO

from filelock import FileLock, Timeout

from sparsify_tui.codec import document_from
from sparsify_tui.core.protocols import Partial, Progress
from sparsify_tui.errors import SparsifyError
from sparsify_tui.jobs.limits import apply_limits
from sparsify_tui.jobs.spec import JobEvent, JobSpec

_TERMINATED = 128 + signal.SIGTERM


def main() -> int:
    """Runs the job on standard input; 0 when a result was written."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))  # temporary files go, too
    spec = JobSpec.from_line(sys.stdin.readline())
    apply_limits(spec.memory_bytes, int(os.environ.get("SPARSIFY_TUI_PARENT", os.getppid())))
    try:
        with _turn(spec, events):
            _run(spec, events)
    except SparsifyError as error:
        _say(events, JobEvent(kind="error", body=_explanation(error)))
        return 1
    except MemoryError:
        _say(events, JobEvent(kind="error", body=_out_of_memory()))
        return 1
    return 0


def _run(spec: JobSpec, events: TextIO) -> None:
    from sparsify_tui.analyses import analysis_of  # noqa: PLC0415 - limits first, then runtimes

    analysis = analysis_of(spec.kind)(**spec.args)
    while True:
        try:
            news = next(analysis)
        except StopIteration as end:
            gc.collect()
            _say(events, JobEvent(kind="result", body={"value": document_from(end.value)}))
            return
        _say(events, _event_of(news))


def _event_of(news: Progress | Partial) -> JobEvent:
    if isinstance(news, Partial):
        return JobEvent(kind="partial", body={"value": document_from(news.value)})
    return JobEvent(kind="progress", body=document_from(news))


@contextlib.contextmanager
def _turn(spec: JobSpec, events: TextIO) -> Iterator[None]:
    """Waits until no other timing job runs on this machine."""
    if not spec.exclusive:
        yield
        return
    lock = FileLock(spec.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        _say(events, JobEvent(kind="waiting", body={"reason": "another timing job is running"}))
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _say(events: TextIO, event: JobEvent) -> None:
    events.write(event.to_line())
    events.flush()


def _explanation(error: SparsifyError) -> dict[str, object]:
    return {"message": error.message, "hint": error.hint, "type": type(error).__name__}


def _out_of_memory() -> dict[str, object]:
    return {
        "message": "The model needs more memory than this process may use.",
        "hint": "Give a smaller batch or smaller dimensions with --dim name=N.",
        "type": "JobError",
    }
