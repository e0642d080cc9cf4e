"""The parent's side: starts a child, hands on its events, ends it when asked."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sparsify_tui
from sparsify_tui import errors
from sparsify_tui.core.protocols import Progress
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import JobError, SparsifyError
from sparsify_tui.jobs.spec import JobEvent, JobSpec

OnProgress = Callable[[Progress], None]
OnPartial = Callable[[dict[str, Any]], None]
"""Given what a job has so far, as the document that its result would be."""
_LONGEST_LINE = 1 << 28
_GRACE_S = 0.5
_CHILD = (sys.executable, "-P", "-m", "sparsify_tui", "job")
"""With -P nothing in the present folder can be taken for a module."""


async def run_job(
    spec: JobSpec,
    on_progress: OnProgress | None = None,
    on_partial: OnPartial | None = None,
) -> Any:
    """Runs one job in a child process and returns its result as a document.

    Cancelling the awaiting task ends the child within a second, and so does a listener that
    raises.

    Raises:
        SparsifyError: The kind the child explained, or JobError with how the child died.
    """
    with tempfile.TemporaryDirectory(prefix="sparsify-tui-") as scratch:
        child = await asyncio.create_subprocess_exec(
            *_CHILD,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
            start_new_session=True,
            env=_environment(scratch),
        )
        noise = asyncio.create_task(_last_lines(child))
        try:
            async with asyncio.timeout(spec.seconds) as limit:
                listener = _Listener(spec, on_progress, on_partial, limit)
                return await _converse(child, spec, listener, noise)
        except TimeoutError:
            raise JobError(
                f"The job was stopped after {spec.seconds:.0f} s, its limit.",
                "The model may hang the runtime; try smaller dimensions with --dim name=N.",
            ) from None
        finally:
            await _end(child)
            noise.cancel()


def _environment(scratch: str) -> dict[str, str]:
    """The child's: its temporary files go with the job, and it runs the code that this one runs."""
    package = str(Path(sparsify_tui.__file__).parents[1])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        "OPENBLAS_NUM_THREADS": "1",  # two that wait for each other on busy cores: 50 times slower
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "SPARSIFY_TUI_PARENT": str(os.getpid()),
        "TMPDIR": scratch,
    }


class _Listener:
    """Hands on what comes before the result; waiting for a turn is no part of the job's time."""

    def __init__(
        self,
        spec: JobSpec,
        on_progress: OnProgress | None,
        on_partial: OnPartial | None,
        limit: asyncio.Timeout,
    ) -> None:
        self._seconds = spec.seconds
        self._on_progress = on_progress
        self._on_partial = on_partial
        self._limit = limit
        self._is_waiting = False

    def __call__(self, event: JobEvent) -> None:
        if self._seconds is not None and (event.kind == "waiting") != self._is_waiting:
            self._is_waiting = event.kind == "waiting"
            end = asyncio.get_running_loop().time() + self._seconds
            self._limit.reschedule(None if self._is_waiting else end)
        if event.kind == "partial":
            if self._on_partial is not None:
                self._on_partial(event.body["value"])
        elif self._on_progress is not None:
            self._on_progress(_progress_from(event))


async def _converse(
    child: asyncio.subprocess.Process,
    spec: JobSpec,
    listener: _Listener,
    noise: asyncio.Task[str],
) -> Any:
    assert child.stdin is not None
    assert child.stdout is not None
    with contextlib.suppress(ConnectionError):  # a child that died at once is explained below
        child.stdin.write(spec.to_line().encode())
        await child.stdin.drain()
    async for line in child.stdout:
        if not line.endswith(b"\n"):
            break  # it died while it wrote
        event = _event_from(line)
        if event.kind == "result":
            return event.body["value"]
        if event.kind == "error":
            raise _error_from(event)
        listener(event)
    raise _death(await child.wait(), await noise)


def _event_from(line: bytes) -> JobEvent:
    try:
        return JobEvent.from_line(line.decode())
    except ValueError as error:
        said = clean_text(line.decode(errors="replace"), 80)
        raise JobError(
            f"The job said something that is no event: {said}.",
            "Something else writes to its standard output; look for a sitecustomize.",
        ) from error


def _progress_from(event: JobEvent) -> Progress:
    if event.kind == "waiting":
        return Progress(done=0, total=0, item=f"waits: {event.body['reason']}")
    return Progress(**event.body)


def _error_from(event: JobEvent) -> SparsifyError:
    kind = getattr(errors, str(event.body["type"]), JobError)
    error: SparsifyError = kind(str(event.body["message"]), str(event.body["hint"]))
    return error


def _death(code: int, noise: str) -> JobError:
    said = clean_text(noise.strip().splitlines()[-1]) if noise.strip() else "it said nothing"
    if code == -signal.SIGKILL:
        return JobError(
            "The job was killed, most likely because memory ran out.",
            "Give a smaller batch or smaller dimensions with --dim name=N.",
        )
    if code < 0:
        return JobError(
            f"The model crashed the runtime ({signal.Signals(-code).name}); contained.",
            "Check the file with another tool; nothing of the project was lost.",
        )
    return JobError(f"The job ended without a result (exit {code}): {said}.")


async def _last_lines(child: asyncio.subprocess.Process, most: int = 4096) -> str:
    """Reads standard error to its end and keeps the last of it."""
    assert child.stderr is not None
    kept = b""
    while chunk := await child.stderr.read(65536):
        kept = (kept + chunk)[-most:]
    return kept.decode(errors="replace")


async def _end(child: asyncio.subprocess.Process) -> None:
    """Terminate, then kill, the child and all it started."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        if child.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, sent)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_S):
                await child.wait()
