"""The jobs that this interface started, newest last. No Textual here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from sparsify_tui.core.units import format_done, format_seconds
from sparsify_tui.errors import SparsifyError

if TYPE_CHECKING:
    from sparsify_tui.core.protocols import Progress

JobState = Literal["waiting", "running", "done", "failed", "stopped"]
OnProgress: TypeAlias = "Callable[[Progress], None]"
JobWork: TypeAlias = "Callable[[OnProgress], Awaitable[Any]]"
_UPDATES_A_SECOND = 2


@dataclass(slots=True, kw_only=True)
class Job:
    """One piece of heavy work and how far it is."""

    title: str
    section: str
    """Key of the section that shows the result."""
    state: JobState = "waiting"
    progress: Progress | None = None
    reason: str = ""
    subject: str = ""
    """Id of what it works on, where that is stored while it runs."""
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.state in ("waiting", "running")

    @property
    def line(self) -> str:
        """How far it is, short enough for the top line."""
        if self.state != "running":
            return f"{self.title} {self.state}"
        if self.progress is None:
            return self.title
        left = self.progress.left_s
        end = "" if left is None else f" {format_seconds(left)} left"
        return f"{self.title} {format_done(self.progress.done, self.progress.total)}{end}"

    def cancel(self) -> None:
        """Asks it to stop; its child is gone within a second."""
        if self.task is not None and self.is_open:
            self.task.cancel()


class JobQueue:
    """Runs one job at a time, since anything beside a timing job would spoil its figures.

    Args:
        tell: Called when what the queue does has changed, at most twice a second while it works.
        fail: Called with an error and the title of the job that it ended.
    """

    def __init__(
        self, tell: Callable[[], None], fail: Callable[[SparsifyError, str], None]
    ) -> None:
        self.jobs: list[Job] = []
        self._tell = tell
        self._fail = fail
        self._turn = asyncio.Lock()
        self._told = 0.0

    @property
    def open_jobs(self) -> tuple[Job, ...]:
        """Those that have not ended, the one in work first."""
        return tuple(job for job in self.jobs if job.is_open)

    def state_of(self, subject: str) -> JobState | None:
        """Of the job that works on what has this id, or will; None where none does."""
        return next((job.state for job in self.open_jobs if job.subject == subject), None)

    def start(self, job: Job, work: JobWork, then: Callable[[Any], None] | None = None) -> Job:
        """Puts a job at the end; `then` gets its result when it ended well."""
        self.jobs.append(job)
        job.task = asyncio.create_task(self._run(job, work, then))
        self._tell()
        return job

    async def _run(self, job: Job, work: JobWork, then: Callable[[Any], None] | None) -> None:
        try:
            async with self._turn:
                job.state = "running"
                self._tell()
                result = await work(partial(self._progressed, job))
            job.state = "done"
            if then is not None:
                then(result)
        except asyncio.CancelledError:
            job.state = "stopped"
        except SparsifyError as error:
            job.state, job.reason = "failed", str(error)
            self._fail(error, job.title)
        self._tell()

    def _progressed(self, job: Job, progress: Progress) -> None:
        job.progress = progress
        now = asyncio.get_running_loop().time()
        if now - self._told >= 1 / _UPDATES_A_SECOND:
            self._told = now
            self._tell()
