"""The two themes of our own, and the colours that charts use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from textual.theme import Theme

DARK = Theme(
    name="sparsify-dark",
    primary="#2f7fb8",
    secondary="#4a6d8c",
    accent="#e6a532",
    foreground="#dfe4ea",
    background="#0f1317",
    surface="#14191f",
    panel="#222b35",
    success="#3fb58a",
    warning="#e6a532",
    error="#e05a4f",
    variables={
        "block-cursor-foreground": "#ffffff",
        "block-cursor-background": "#1f5f94",
        "block-cursor-blurred-foreground": "#dfe4ea",
        "block-cursor-blurred-background": "#2b3a4a",
        "text-muted": "#97a3b0",
        "text-disabled": "#66717d",
        "text-accent": "#f0b95a",
        "scrollbar": "#3a4654",
        "scrollbar-background": "#14191f",
    },
)
LIGHT = Theme(
    name="sparsify-light",
    primary="#0063a5",
    secondary="#4f6b85",
    accent="#a85b00",
    foreground="#1b2229",
    background="#f4f6f8",
    surface="#ffffff",
    panel="#e1e7ed",
    success="#00704f",
    warning="#a85b00",
    error="#b3261e",
    dark=False,
    variables={
        "block-cursor-foreground": "#ffffff",
        "block-cursor-background": "#0063a5",
        "block-cursor-blurred-foreground": "#1b2229",
        "block-cursor-blurred-background": "#c5d6e6",
        "text-muted": "#525e6a",
        "text-disabled": "#808b96",
        "text-accent": "#8f4d00",
        "scrollbar": "#aab6c2",
        "scrollbar-background": "#eef1f4",
    },
)
THEMES = (DARK, LIGHT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Chart colours as hex: three bands and six series after Okabe and Ito (2008).

    Both sets stay apart for readers with any common colour blindness; marks, heights and
    words repeat what they say.
    """

    low: str
    middle: str
    high: str
    series: tuple[str, str, str, str, str, str]


_ON_DARK = Palette(
    low="#4a8fb8",
    middle="#d9ae3a",
    high="#e8604c",
    series=("#56b4e9", "#e69f00", "#2fc194", "#f0e442", "#d98fb8", "#e8733a"),
)
_ON_LIGHT = Palette(
    low="#3a87b8",
    middle="#b87400",
    high="#c2281c",
    series=("#0072b2", "#b87400", "#007a59", "#a3487c", "#c24a00", "#3d4852"),
)


def palette_for(*, is_dark: bool) -> Palette:
    """The chart colours that can be read on a dark or a light ground."""
    return _ON_DARK if is_dark else _ON_LIGHT


def choose_theme(wanted: str, environ: Mapping[str, str]) -> str:
    """The theme to start with: `wanted`, else `TEXTUAL_THEME`, else our dark one.

    With NO_COLOR set, an ansi theme would come out black on black: ours replaces it.
    """
    name = wanted or environ.get("TEXTUAL_THEME", "") or DARK.name
    return DARK.name if has_no_color(environ) and name.startswith("ansi") else name


def has_no_color(environ: Mapping[str, str]) -> bool:
    """Whether the user asked for no colour (https://no-color.org: set and not empty)."""
    return bool(environ.get("NO_COLOR"))
