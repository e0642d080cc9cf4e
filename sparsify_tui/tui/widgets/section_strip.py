"""One line of sections; the active one has other colours and brackets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Unpack

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from sparsify_tui.tui.widgets.options import WidgetOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section: the key that opens it, its name, and a shorter one for narrow screens."""

    key: str
    name: str
    short: str


SECTIONS = (
    Section(key="0", name="Projects", short="Proj"),
    Section(key="1", name="Performance", short="Perf"),
    Section(key="2", name="Loss", short="Loss"),
    Section(key="3", name="Optimization", short="Optim"),
    Section(key="4", name="Benchmarks", short="Bench"),
    Section(key="5", name="Settings", short="Settings"),
    Section(key="6", name="Export", short="Export"),
)


class SectionStrip(Widget):
    """Shows where the user is and which key goes elsewhere; can be clicked."""

    DEFAULT_CSS = """
    SectionStrip { height: 1; background: $panel; color: $text-muted; }
    """
    ALLOW_SELECT = False

    active: reactive[str] = reactive("0")
    disabled_keys: reactive[frozenset[str]] = reactive[frozenset[str]](frozenset())

    class Picked(Message):
        """A section was clicked; `key` is the key that opens it."""

        def __init__(self, strip: SectionStrip, key: str) -> None:
            super().__init__()
            self.strip = strip
            self.key = key

        @property
        def control(self) -> SectionStrip:
            """The strip that sent it."""
            return self.strip

    def __init__(
        self,
        sections: Sequence[Section] = SECTIONS,
        *,
        active: str = "0",
        **options: Unpack[WidgetOptions],
    ) -> None:
        super().__init__(**options, markup=False)
        self._sections = tuple(sections)
        self.set_reactive(SectionStrip.active, active)

    def disable(self, keys: Iterable[str]) -> None:
        """Dims the sections with these keys and enables all others."""
        self.disabled_keys = frozenset(keys)

    def render(self) -> Content:
        """The line, in short names when the long ones do not fit, then in keys alone."""
        return Content.assemble(*(self._part(section, text) for section, text in self._texts()))

    def on_click(self, event: events.Click) -> None:
        """Tells which section was clicked."""
        end = 0
        for section, text in self._texts():
            end += len(text)
            if event.x < end:
                if section.key not in self.disabled_keys:
                    self.post_message(self.Picked(self, section.key))
                return

    def _texts(self) -> tuple[tuple[Section, str], ...]:
        for wordiness in (2, 1, 0):
            texts = tuple((section, self._text(section, wordiness)) for section in self._sections)
            if sum(len(text) for _, text in texts) <= self.size.width:
                return texts
        return texts

    def _text(self, section: Section, wordiness: int) -> str:
        is_active = section.key == self.active
        words = (section.short if is_active else "", section.short, section.name)[wordiness]
        text = f"{section.key} {words}".rstrip()
        return f"[{text}]" if is_active else f" {text} "

    def _part(self, section: Section, text: str) -> Content:
        if section.key == self.active:
            style = "bold $block-cursor-foreground on $block-cursor-background"
        elif section.key in self.disabled_keys:
            style = "$text-disabled"
        else:
            style = ""
        return Content.styled(text, style)
