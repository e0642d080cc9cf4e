"""Which characters bars, lines and marks are drawn with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

SymbolChoice = Literal["auto", "unicode", "blocks", "ascii"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolSet:
    """Characters of one cell each; `rising` and `growing` hold nine from empty to full."""

    name: str
    rising: str
    growing: str
    has_braille: bool
    dot: str
    point: str
    picked: str
    mark: str
    pointer: str
    up: str
    down: str
    left: str
    right: str
    vertical: str
    horizontal: str
    corner: str
    tick_left: str
    tick_below: str
    cap_left: str
    cap_right: str
    crumb: str
    ellipsis: str
    missing: str
    shade: str
    check: str
    cross: str


UNICODE = SymbolSet(
    name="unicode",
    rising=" ▁▂▃▄▅▆▇█",
    growing=" ▏▎▍▌▋▊▉█",
    has_braille=True,
    dot="•",
    point="●",
    picked="◉",
    mark="●",
    pointer="▲",
    up="▲",
    down="▼",
    left="◂",
    right="▸",
    vertical="│",
    horizontal="─",
    corner="└",
    tick_left="┤",
    tick_below="┬",
    cap_left="├",
    cap_right="┤",
    crumb="›",
    ellipsis="…",
    missing="·",
    shade="▒",
    check="✓",
    cross="✗",
)
BLOCKS = replace(
    UNICODE,
    name="blocks",
    rising=" ▄▄▄▄▄███",
    growing=" ▌▌▌▌▌███",
    has_braille=False,
    point="■",
    picked="█",
    mark="■",
    left="◄",
    right="►",
    crumb="»",
    ellipsis="~",
    check="√",
    cross="x",
)
ASCII = SymbolSet(
    name="ascii",
    rising=" __..::##",
    growing=" ---===##",
    has_braille=False,
    dot="*",
    point="o",
    picked="@",
    mark="*",
    pointer="^",
    up="^",
    down="v",
    left="<",
    right=">",
    vertical="|",
    horizontal="-",
    corner="+",
    tick_left="+",
    tick_below="+",
    cap_left="|",
    cap_right="|",
    crumb=">",
    ellipsis="~",
    missing=".",
    shade=":",
    check="+",
    cross="x",
)
_BY_NAME = {symbols.name: symbols for symbols in (UNICODE, BLOCKS, ASCII)}


def choose_symbols(choice: str, environ: Mapping[str, str]) -> SymbolSet:
    """The set of that name; "auto" or an unknown name asks the locale and the terminal."""
    return _BY_NAME.get(choice) or _detect(environ)


def symbols_of(app: object) -> SymbolSet:
    """The set an app carries as `symbols`; Unicode when it carries none."""
    chosen = getattr(app, "symbols", None)
    return chosen if isinstance(chosen, SymbolSet) else UNICODE


def _detect(environ: Mapping[str, str]) -> SymbolSet:
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    locale = next((environ[name] for name in names if environ.get(name)), "")
    terminal = environ.get("TERM", "")
    if "utf" not in locale.lower() or terminal in {"dumb", "vt100", "vt220"}:
        return ASCII
    return BLOCKS if terminal == "linux" else UNICODE
