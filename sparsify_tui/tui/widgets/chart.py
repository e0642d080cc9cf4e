"""What all charts share: drawing once, keeping the strips, and an empty state."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Unpack

from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from sparsify_tui.tui.symbols import SymbolSet, symbols_of
from sparsify_tui.tui.theme import Palette, palette_for
from sparsify_tui.tui.widgets.options import WidgetOptions
from sparsify_tui.tui.widgets.sheet import Sheet


class Chart(Widget):
    """Draws on a `Sheet` when data, size, cursor or symbols changed, else shows it again."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "chart--title",
        "chart--note",
        "chart--axis",
        "chart--cursor",
        "chart--value",
    }
    DEFAULT_CSS = """
    Chart {
        background: $surface;
        height: 1fr;
        & > .chart--title { color: $foreground; text-style: bold; }
        & > .chart--note { color: $text-muted; }
        & > .chart--axis { color: $text-disabled; }
        & > .chart--cursor { background: $block-cursor-blurred-background; }
        & > .chart--value { color: $foreground; text-style: bold; }
        &:focus > .chart--title { color: $text-accent; }
    }
    """
    FOCUS_ON_CLICK = False
    ALLOW_SELECT = False

    empty_text: reactive[str] = reactive("Nothing to draw yet.")

    def __init__(self, **options: Unpack[WidgetOptions]) -> None:
        super().__init__(**options, markup=False)
        self._version = 0
        self._kept_for: tuple[object, ...] = ()
        self._kept: list[Strip] = []

    @property
    @abstractmethod
    def is_empty(self) -> bool:
        """Whether there is nothing to draw, so that `empty_text` is shown."""

    @abstractmethod
    def draw(self, sheet: Sheet) -> None:
        """Draws all of the chart on an empty sheet of the widget's inner size."""

    @property
    def cursor_state(self) -> object:
        """What of the drawing changes without new data; part of the key it is kept under."""
        return None

    @property
    def symbols(self) -> SymbolSet:
        """The characters to draw with."""
        return symbols_of(self.app)

    @property
    def palette(self) -> Palette:
        """The colours of bands and series on the theme of the app."""
        return palette_for(is_dark=self.app.current_theme.dark)

    def style_of(self, part: str) -> Style:
        """The style of a component class, such as "axis" for `chart--axis`."""
        return self.get_component_rich_style(f"chart--{part}", partial=True)

    def data_changed(self) -> None:
        """Must be called after the data changed: draws anew."""
        self._version += 1
        self.refresh()

    def notify_style_update(self) -> None:
        """Draws anew after the theme or the focus changed."""
        super().notify_style_update()
        self._kept_for = ()

    def render_line(self, y: int) -> Strip:
        """One row of the drawing, as wide as the widget."""
        width, height = self.content_size
        key = (width, height, self._version, self.cursor_state, self.symbols.name, self.empty_text)
        if key != self._kept_for:
            self._kept = self._draw_all(width, height)
            self._kept_for = key
        return self._kept[y] if y < len(self._kept) else Strip.blank(width, self.rich_style)

    def _draw_all(self, width: int, height: int) -> list[Strip]:
        sheet = Sheet(width, height, self.rich_style)
        if self.is_empty:
            text = self.empty_text
            sheet.write(max(0, (width - len(text)) // 2), height // 2, text, self.style_of("note"))
        elif width > 0 and height > 0:
            self.draw(sheet)
        return sheet.strips()
