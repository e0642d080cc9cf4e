"""The first row: where the user is, and what runs."""

from __future__ import annotations

from typing import Unpack

from textual.content import Content
from textual.widget import Widget

from sparsify_tui.core.text import clean_text, shorten
from sparsify_tui.tui.symbols import symbols_of
from sparsify_tui.tui.widgets.options import WidgetOptions

_MOST_JOB_CELLS = 30


class TopLine(Widget):
    """`sparsify › PROJECT › what is open` on the left, the running job on the right."""

    DEFAULT_CSS = """
    TopLine { height: 1; padding: 0 1; background: $surface; color: $foreground; }
    """
    ALLOW_SELECT = False

    def __init__(self, **options: Unpack[WidgetOptions]) -> None:
        super().__init__(**options, markup=False)
        self._names: tuple[str, ...] = ()
        self._is_changed = False
        self._job = ""

    def show(self, project: str = "", what: str = "", *, is_changed: bool = False) -> None:
        """Says what is open; `is_changed` adds a star."""
        self._names = tuple(clean_text(name) for name in (project, what) if name)
        self._is_changed = is_changed
        self.refresh()

    def show_job(self, text: str) -> None:
        """Says what runs and how far it is; empty when nothing does."""
        if text != self._job:
            self._job = text
            self.refresh()

    def render(self) -> Content:
        """The line; the middle of long names is cut, the job stays whole up to 30 cells."""
        symbols = symbols_of(self.app)
        job = self._job_part()
        path = Content.styled("sparsify", "bold")
        room = max(12, self.content_size.width - 9 - (job.cell_length + 1 if job else 0))
        for name in self._names:
            shown = shorten(name, max(4, room // 2 - 3))
            path += Content.styled(f" {symbols.crumb} ", "$text-muted") + Content(shown)
        if self._is_changed:
            path += Content.styled(" *", "bold $text-accent")
        left = self.content_size.width - job.cell_length
        return path.truncate(max(0, left - 1), pad=True).pad_right(1) + job if job else path

    def _job_part(self) -> Content:
        if not self._job:
            return Content("")
        text = shorten(clean_text(self._job), _MOST_JOB_CELLS - 2)
        return Content.styled(f"{symbols_of(self.app).mark} ", "$text-success") + Content(text)
