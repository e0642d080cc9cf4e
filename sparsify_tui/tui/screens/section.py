"""What all sections share: the lines around the body, filter, messages, and being up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from sparsify_tui.errors import SparsifyError
from sparsify_tui.tui.save_table import save_table
from sparsify_tui.tui.widgets.empty_state import EmptyState
from sparsify_tui.tui.widgets.key_line import KeyLine
from sparsify_tui.tui.widgets.layer_table import Table
from sparsify_tui.tui.widgets.message_line import MessageLine
from sparsify_tui.tui.widgets.section_strip import SECTIONS, SectionStrip
from sparsify_tui.tui.widgets.too_small import LEAST_HEIGHT, LEAST_WIDTH, TooSmall
from sparsify_tui.tui.widgets.top_line import TopLine

if TYPE_CHECKING:
    from sparsify_tui.core.project import Project
    from sparsify_tui.tui.app import SparsifyApp
    from sparsify_tui.tui.desk import Desk
    from sparsify_tui.tui.widgets.filter_line import FilterLine

NEED_A_PROJECT = frozenset(section.key for section in SECTIONS) - {"0"}


_ONLY_CHART = "-only-chart"
_PANES = ("-only-table", _ONLY_CHART)


class SectionScreen(Screen[None]):
    """A section: top line, strip, body, messages, keys."""

    KEY: ClassVar[str]
    """Of the section in the strip."""
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Keys for the last line, the most useful first."""
    AUTO_FOCUS = "Table"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter the table", show=False, id="section.filter"),
        Binding("escape", "clear", "Dismiss or clear", show=False, id="section.clear"),
        Binding("y", "copy_row", "Copy the row", show=False, id="section.copy_row"),
        Binding("Y", "copy_table", "Copy the table as CSV", show=False, id="section.copy_table"),
        Binding("W", "save_table", "Save the table to a file", show=False, id="section.save_table"),
        Binding("w", "wide", "The columns that do not fit", show=False, id="section.wide"),
        Binding("M", "maximise", "Only table, only chart", show=False, id="section.maximise"),
        Binding("g", "go", "Go to top, projects, jobs, errors", show=False, id="section.go"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [
            (0, "-tiny"),
            (LEAST_WIDTH, "-narrow"),
            (80, "-usual"),
            (120, "-wide"),
        ]
        self.VERTICAL_BREAKPOINTS = [
            (0, "-flat"),
            (LEAST_HEIGHT, "-low"),
            (22, "-tall"),
            (40, "-high"),
        ]
        self._seen = -1
        self._is_ready = False
        self._pending: SparsifyError | None = None
        self._filter: FilterLine | None = None

    @property
    def owner(self) -> SparsifyApp:
        """The app, by its own type."""
        return cast("SparsifyApp", self.app)

    @property
    def desk(self) -> Desk:
        """What is open."""
        return self.owner.desk

    @property
    def project(self) -> Project:
        """The open project; sections that need one are shut without."""
        assert self.desk.project is not None
        return self.desk.project

    def body(self) -> Iterable[Widget]:
        """The section's own widgets."""
        raise NotImplementedError

    def show(self) -> None:
        """Draws what is on the desk."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """The frame."""
        yield TopLine()
        yield SectionStrip(active=self.KEY)
        with Vertical(id="filled"):
            yield from self.body()
        yield KeyLine(self.HINTS)
        yield TooSmall()

    def on_mount(self) -> None:
        """From here on there are widgets to draw in; what came before is shown now."""
        self._is_ready = True
        if self._pending is not None:
            self.fail(self._pending)

    def on_screen_resume(self) -> None:
        """Catches up with what changed while hidden."""
        self.catch_up()
        self.owner.show_jobs()

    def catch_up(self) -> None:
        """Draws again where the desk has changed since."""
        if not self._is_ready or self._seen == self.desk.version:
            return
        self._seen = self.desk.version
        self.query_one(SectionStrip).disable(() if self.desk.project else NEED_A_PROJECT)
        self.show_where()
        self.show()

    def show_where(self) -> None:
        """Says in the top line what is open."""
        project = self.desk.project
        self.query_one(TopLine).show(project.name if project else "projects", self.what())

    def what(self) -> str:
        """Name of the thing that the section has open."""
        return ""

    def show_job(self, text: str) -> None:
        """Says in the top line what runs."""
        if self._is_ready:
            self.query_one(TopLine).show_job(text)

    def fail(self, error: SparsifyError) -> None:
        """Shows an error until it is dismissed."""
        if not self._is_ready:
            self._pending = error
            return
        self._messages().show_error(error.message, error.hint)

    def confirm(self, text: str) -> None:
        """Confirms quietly."""
        if self._is_ready:
            self._messages().show_success(text)

    def stand_in(self, sentence: str, *steps: tuple[str, str], takes: str = "", when: bool) -> None:
        """Says what the section is for and which keys fill it, in place of its body."""
        empty = next(iter(self.query(EmptyState)), None)
        if when and empty is None:
            empty = EmptyState()
            self.mount(empty, before=self.query_one(KeyLine))
        if empty is not None:
            empty.show(sentence, *steps, takes=takes)
            empty.stand_in_for(self.query_one("#filled"), when=when)

    def _messages(self) -> MessageLine:
        """The line of messages, which is made when there is something to say."""
        line = next(iter(self.query(MessageLine)), None)
        if line is None:
            line = MessageLine()
            self.mount(line, before=self.query_one(KeyLine))
        return line

    def show_detail(self, text: Content) -> None:
        """Fills the pane on the right of a wide screen; no layout depends on it."""
        self.query_one("#detail", Static).update(text, layout=False)

    def act(self, work: Callable[[], object]) -> bool:
        """Does something quick with the façade; shows the error where it fails."""
        try:
            work()
        except SparsifyError as error:
            self.owner.report(error)
            return False
        self.catch_up()
        return True

    @property
    def table(self) -> Table | None:
        """The section's table, where it has one."""
        return next(iter(self.query(Table)), None)

    async def action_filter(self) -> None:
        """Opens the filter line, which is made when it is first asked for."""
        from sparsify_tui.tui.widgets.filter_line import FilterLine  # noqa: PLC0415

        if self.table is None:
            return
        if self._filter is None:
            self._filter = FilterLine()
            await self.mount(self._filter, before=self.query_one(KeyLine))
        self._filter.open()

    def action_go(self) -> None:
        """Waits for the second key, and says which there are."""
        from sparsify_tui.tui.go import ask_where_to  # noqa: PLC0415 - on demand

        ask_where_to(self)

    def action_top(self) -> None:
        """Goes to the first row."""
        if self.table is not None:
            self.table.action_scroll_top()

    def action_clear(self) -> None:
        """Clears the message, then what the section has laid over itself, then the filter."""
        if any(line.dismiss() for line in self.query(MessageLine)):
            return
        if (self.table is not None and self.table.drop_range()) or self.step_back():
            return
        if self._filter is not None:
            self._filter.clear()

    def step_back(self) -> bool:
        """Leaves a view laid over the section; returns whether there was one."""
        return False

    def action_wide(self) -> None:
        """Shows the next of the columns that do not fit."""
        if self.table is not None and self.table.turn_page() < 2:
            self.confirm("all columns are in sight")

    def action_maximise(self) -> None:
        """Gives the room to the table, then to the chart, then to both again."""
        at = next((at for at, name in enumerate(_PANES) if self.has_class(name)), -1)
        for place, name in enumerate(_PANES):
            self.set_class(place == at + 1, name)
        inner = [one for one in self.query(".chart, .chart *") if one.focusable]
        if self.has_class(_ONLY_CHART) and inner:
            inner[0].focus()
        elif self.table is not None:
            self.table.focus()

    def action_save_table(self) -> None:
        """Asks for a path, and writes what the table shows: Markdown for .md, else CSV."""
        if self.table is not None:
            section = next(one.name for one in SECTIONS if one.key == self.KEY)
            names = (self.desk.project.name if self.desk.project else "", section.lower())
            save_table(self.owner, self.table, "-".join(filter(None, names)))

    def action_copy_row(self) -> None:
        """Copies the row under the cursor, tab separated."""
        if self.table is not None:
            self.owner.copy_text(self.table.row_text(), "row")

    def action_copy_table(self) -> None:
        """Copies what the table shows, as CSV."""
        if self.table is not None:
            self.owner.copy_text(self.table.csv_text(), "table as CSV")

    def on_filter_line_changed(self, event: FilterLine.Changed) -> None:
        """Shows the rows that match."""
        if self.table is not None and self._filter is not None:
            self.table.set_filter(event.text)
            self._filter.show_matches(*self.table.matches)

    def on_filter_line_closed(self) -> None:
        """Gives the keys back to the table."""
        if self.table is not None:
            self.table.focus()

    @on(SectionStrip.Picked)
    async def go_to_section(self, event: SectionStrip.Picked) -> None:
        """A click on the strip."""
        await self.owner.run_action(f"app.section('{event.key}')")

    @on(KeyLine.Pressed)
    def press(self, event: KeyLine.Pressed) -> None:
        """A click on a hint."""
        self.app.simulate_key("question_mark" if event.key == "?" else event.key)
