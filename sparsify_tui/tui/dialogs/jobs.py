"""The jobs of this session: how far they are, and how to stop one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from sparsify_tui.tui.dialogs.dialog import Dialog
from sparsify_tui.tui.dialogs.pick_list import PickLine, PickList
from sparsify_tui.tui.jobs import Job

_REFRESH_S = 1.0


class JobsScreen(Dialog[str | None]):
    """Gives back the key of the section that shows a job's result, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="jobs.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="jobs.down"),
        Binding("c", "stop", "Stop the job", show=False, id="jobs.stop"),
        Binding("enter", "follow", "Go to the result", show=False, id="jobs.follow"),
        Binding("J", "leave", "Close", show=False, id="jobs.close"),
    ]
    DEFAULT_CSS = """
    JobsScreen PickList { height: 10; }
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        super().__init__("Jobs", [("enter", "go to the result"), ("c", "stop it")], leave="close")
        self._jobs = jobs
        self._list = PickList(self._lines())

    def body(self) -> Sequence[Widget]:
        """The list."""
        return (self._list,)

    def on_mount(self) -> None:
        """Keeps the list up to date while something runs."""
        super().on_mount()
        self.set_interval(_REFRESH_S, self._refresh_running)

    def action_move(self, by: int) -> None:
        """Moves the cursor."""
        self._list.move(by)

    def action_stop(self) -> None:
        """Stops the job under the cursor."""
        job = self._job()
        if job is not None:
            job.cancel()
            self.set_timer(_REFRESH_S, self._refresh)

    def action_follow(self) -> None:
        """Leaves for the section of the job."""
        job = self._job()
        self.dismiss(job.section if job else None)

    def _job(self) -> Job | None:
        line = self._list.line
        return self._jobs[int(line.value)] if line and line.value else None

    def _refresh_running(self) -> None:
        if any(job.is_open for job in self._jobs):
            self._refresh()

    def _refresh(self) -> None:
        self._list.set_lines(self._lines())

    def _lines(self) -> tuple[PickLine, ...]:
        lines = tuple(
            PickLine(value=str(index), label=job.line, description=_more(job))
            for index, job in reversed(list(enumerate(self._jobs)))
        )
        return lines or (PickLine(value="", label="No job has run in this session."),)


def _more(job: Job) -> str:
    if job.state == "running":
        return job.progress.item if job.progress else "starting"
    return job.reason
