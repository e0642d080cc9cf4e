"""The jobs that this interface started, newest last. No Textual here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from sparsify_tui.core.units import format_seconds

if TYPE_CHECKING:
    from sparsify_tui.core.protocols import Progress

JobState = Literal["waiting", "running", "done", "failed", "stopped"]
OnProgress: TypeAlias = "Callable[[Progress], None]"
JobWork: TypeAlias = "Callable[[OnProgress], Awaitable[Any]]"


@dataclass(slots=True, kw_only=True)
class Job:
    """One piece of heavy work and how far it is."""

    title: str
    section: str
    """Key of the section that shows the result."""
    state: JobState = "waiting"
    progress: Progress | None = None
    reason: str = ""
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
        return f"{self.title} {self.progress.done}/{self.progress.total}{end}"

    def cancel(self) -> None:
        """Asks it to stop; its child is gone within a second."""
        if self.task is not None and self.is_open:
            self.task.cancel()
