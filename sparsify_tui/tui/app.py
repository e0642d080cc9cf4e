"""The terminal interface: sections as modes, one desk, the jobs that run."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from sparsify_tui.errors import SparsifyError
from sparsify_tui.tui.actions import actions_of
from sparsify_tui.tui.desk import Desk
from sparsify_tui.tui.jobs import Job, JobQueue, JobWork
from sparsify_tui.tui.screens.section import SectionScreen
from sparsify_tui.tui.sections import SCREENS, new_screen
from sparsify_tui.tui.symbols import choose_symbols
from sparsify_tui.tui.theme import THEMES, choose_theme
from sparsify_tui.tui.widgets.key_line import spoken

if TYPE_CHECKING:
    from sparsify_tui.core.project import Project
    from sparsify_tui.workbench import Workbench

PROJECTS, PERFORMANCE, LOSS, BENCHMARKS = "0", "1", "2", "4"
_ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

os.environ.setdefault("ESCDELAY", "25")


class SparsifyApp(App[int]):
    """Makes an ONNX model smaller and faster.

    Args:
        bench: The façade; tests hand in one with a fake runner.
        project_id: The project to open at once.
    """

    TITLE = "sparsify-tui"
    CSS_PATH = "app.tcss"
    DEFAULT_MODE = PROJECTS
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        key: partial(new_screen, key) for key in SCREENS
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(key, f"section('{key}')", name, show=False, id=f"app.section_{key}")
            for key, name in (
                ("0", "Projects"),
                ("1", "Performance"),
                ("2", "Loss"),
                ("3", "Optimization"),
                ("4", "Benchmarks"),
                ("5", "Settings"),
                ("6", "Export"),
            )
        ),
        Binding("b", "section('0')", "Back to the projects", show=False, id="app.projects"),
        Binding("x", "section('6')", "Export", show=False, id="app.export"),
        Binding("question_mark", "help", "Help", show=False, id="app.help"),
        Binding("colon", "command_palette", "Command palette", show=False, id="app.palette"),
        Binding("J", "jobs", "Jobs", show=False, id="app.jobs"),
        Binding("E", "log", "Errors", show=False, id="app.errors"),
        Binding("T", "next_theme", "Light or dark", show=False, id="app.theme"),
        Binding("S", "picture", "Save a picture of the screen", show=False, id="app.picture"),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, id="app.suspend"),
        Binding("q", "leave", "Quit", show=False, id="app.quit"),
        Binding("ctrl+q", "leave", "Quit", show=False, priority=True, id="app.quit_always"),
    ]

    def __init__(self, bench: Workbench, project_id: str | None = None) -> None:
        super().__init__()
        for theme in THEMES:
            self.register_theme(theme)
        self.set_reactive(App.theme, choose_theme("", os.environ))  # before anything is styled
        self.animation_level = "none"
        self.desk = Desk(bench=bench)
        self.symbols = choose_symbols("auto", os.environ)
        self.queue = JobQueue(self.show_jobs, self.report)
        self.log_entries: list[str] = []
        self._first_project = project_id

    def run_to_exit_code(self) -> int:
        """Runs until the user leaves; returns the exit code of the program."""
        code = self.run()
        return code if isinstance(code, int) else 0

    def on_mount(self) -> None:
        """Opens the project asked for, and leaves cleanly when the line is lost."""
        loop = asyncio.get_running_loop()
        for number in _ENDING_SIGNALS:
            with suppress(ValueError, NotImplementedError):  # not in a thread of a test
                loop.add_signal_handler(number, self._leave_on_signal, number)
        if self._first_project is not None:
            self.open_project(self.desk.bench.projects.load(self._first_project))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Everything that has a key is in the palette, with its key."""
        for one in actions_of(screen):
            yield SystemCommand(
                one.label,
                f"key {' '.join(map(spoken, one.keys))}",
                partial(self.call_later, self.run_action, one.action, one.node),
            )

    # -- what is open ---------------------------------------------------------------

    def open_project(self, project: Project, section: str = PERFORMANCE) -> None:
        """Puts a project on the desk and shows a section of it."""
        self.desk.lay_out(project)
        self.go_to(section)

    def refresh_project(self) -> None:
        """Reads the open project again and draws it."""
        self.desk.refresh()
        self.catch_up()

    def catch_up(self) -> None:
        """Brings the section in front up to date."""
        section = self.section
        if section is not None:
            section.catch_up()

    @property
    def section(self) -> SectionScreen | None:
        """The section under whatever dialog is open."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, SectionScreen):
                return screen
        return None

    def go_to(self, key: str) -> None:
        """Shows a section; all but the list of projects need an open project."""
        if key != PROJECTS and self.desk.project is None:
            self.report(SparsifyError("No project is open.", "Open one with Enter, or press n."))
            return
        self.set_focus(None)
        if self.current_mode != key:
            self.switch_mode(key)
        self.call_after_refresh(self.catch_up)

    def action_section(self, key: str) -> None:
        """A number key."""
        self.go_to(key)

    # -- jobs -----------------------------------------------------------------------

    def start_job(
        self, title: str, section: str, work: JobWork, then: Callable[[Any], None] | None = None
    ) -> Job:
        """Queues heavy work; `then` gets its result when it ended well."""
        if self.queue.open_jobs:
            self.confirm(f"{title} waits for {self.queue.open_jobs[0].title}")
        return self.queue.start(Job(title=title, section=section), work, then)

    def show_jobs(self) -> None:
        """Says in the section in front what runs."""
        running = self.queue.open_jobs
        more = f" +{len(running) - 1}" if len(running) > 1 else ""
        section = self.section
        if section is not None:
            section.show_job(f"{running[0].line}{more}" if running else "")

    def action_jobs(self) -> None:
        """Lists the jobs; one can be stopped or followed to its result."""
        from sparsify_tui.tui.dialogs.jobs import JobsScreen  # noqa: PLC0415 - on demand

        def follow(key: str | None) -> None:
            if key is not None:
                self.go_to(key)

        self.push_screen(JobsScreen(self.queue.jobs), follow)

    # -- messages -------------------------------------------------------------------

    def report(self, error: SparsifyError, during: str = "") -> None:
        """Shows an error where the user looks, and keeps it in the log."""
        self.log_entries.append(f"{during}: {error}" if during else str(error))
        section = self.section
        if section is not None:
            section.fail(error)

    def confirm(self, text: str) -> None:
        """Says that something went well."""
        section = self.section
        if section is not None:
            section.confirm(text)

    def copy_text(self, text: str, what: str) -> None:
        """Copies through the terminal, and into a file for terminals that refuse."""
        import tempfile  # noqa: PLC0415 - rarely needed, and slow to load

        self.copy_to_clipboard(text)
        file = Path(tempfile.gettempdir()) / f"sparsify-tui-clip-{os.getuid()}.txt"
        try:
            self.desk.bench.exports.save(text, file)
        except SparsifyError as error:
            self.report(error)
        else:
            self.confirm(f"copied the {what}; also in {file}")

    def action_log(self) -> None:
        """Shows all errors of this session."""
        from sparsify_tui.tui.dialogs.text_view import TextView  # noqa: PLC0415 - on demand

        text = "\n\n".join(self.log_entries) or "No errors so far."
        self.push_screen(TextView("Errors", text, copy=lambda kept: self.copy_text(kept, "log")))

    def action_help(self) -> None:
        """Lists what can be done here; type to filter, Enter does it."""
        from sparsify_tui.tui.dialogs.help import HelpEntry, HelpScreen  # noqa: PLC0415

        found = actions_of(self.screen)
        entries = [
            HelpEntry(key=" ".join(map(spoken, one.keys)), label=one.label, action=str(at))
            for at, one in enumerate(found)
        ]

        async def do(at: str | None) -> None:
            if at is not None:
                await self.run_action(found[int(at)].action, found[int(at)].node)

        self.push_screen(HelpScreen(entries), do)

    # -- look and leave ---------------------------------------------------------------

    def action_next_theme(self) -> None:
        """Turns from dark to light and back."""
        names = [theme.name for theme in THEMES]
        at = names.index(self.theme) + 1 if self.theme in names else 0
        self.theme = names[at % len(names)]

    def action_picture(self) -> None:
        """Saves the screen as SVG in the present folder."""
        self.confirm(f"picture saved: {Path(self.save_screenshot()).absolute()}")

    async def action_leave(self) -> None:
        """Quits; asks only while jobs run."""
        running = self.queue.open_jobs
        if not running:
            self._leave(0)
            return
        from sparsify_tui.tui.dialogs.confirm import Confirm  # noqa: PLC0415 - on demand

        def answer(yes: bool | None) -> None:
            if yes:
                self._leave(0)

        self.push_screen(
            Confirm(
                f"{len(running)} running: {running[0].title}",
                "Quitting stops it; what was stored before stays.",
                yes="stop and quit",
                no="stay",
            ),
            answer,
        )

    def _leave(self, code: int) -> None:
        for job in self.queue.open_jobs:
            job.cancel()
        self.exit(code, return_code=code)

    def _leave_on_signal(self, number: int) -> None:
        self._leave(128 + number)
