"""An app that holds the widgets of a test, and what is on its screen."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
from textual.app import App, ComposeResult
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from sparsify_tui.tui.symbols import UNICODE, SymbolSet
from sparsify_tui.tui.theme import THEMES

HOSTILE_NAMES = (
    "x[/a]",
    "[red]b[/red]",
    "\x1b[31mred",
    "a\nb",
    "\u202eabc",
    "e" + "\u0301" * 40,
    "層" * 90,
    "",
)


class Stage(App[None]):
    """Mounts widgets and keeps the messages they send."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self, *widgets: Widget, theme: str = "sparsify-dark", symbols: SymbolSet = UNICODE
    ) -> None:
        super().__init__()
        self.symbols = symbols
        self.heard: list[Message] = []
        self.answers: list[object] = []
        self._widgets = widgets
        for known in THEMES:
            self.register_theme(known)
        self.theme = theme

    def compose(self) -> ComposeResult:
        yield from self._widgets

    def ask(self, screen: Screen[object]) -> None:
        """Opens a dialog and keeps its answer."""
        self.push_screen(screen, self.answers.append)

    def listen(self, *kinds: type[Message]) -> None:
        """Keeps messages of these kinds that reach the app."""
        for kind in kinds:
            self._decorated_handlers.setdefault(kind, []).append((_keep, {}))


def _keep(app: Stage, message: Message) -> None:
    app.heard.append(message)


def lines(app: App[object]) -> list[str]:
    """The rows of the screen as text."""
    return ["".join(segment.text for segment in strip) for strip in _strips(app)]


def styles(app: App[object]) -> list[Style]:
    """The style of every run on the screen."""
    return [segment.style or Style() for strip in _strips(app) for segment in strip]


def _strips(app: App[object]) -> Sequence[Sequence[object]]:
    return app.screen._compositor.render_strips()
