"""Bars and sparklines small enough for a table cell."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.text import Text

from sparsify_tui.tui.symbols import UNICODE, SymbolSet

_LEVELS = 8


def bar_text(
    fraction: float | None, width: int, *, symbols: SymbolSet = UNICODE, style: str = ""
) -> Text:
    """A bar of `width` cells filled to `fraction` in [0, 1]; None is the mark of no value.

    Anything above zero shows at least the thinnest bar.
    """
    if fraction is None or not math.isfinite(fraction):
        return Text(symbols.missing.ljust(width), no_wrap=True, end="")
    levels = round(min(1.0, max(0.0, fraction)) * width * _LEVELS)
    full, rest = divmod(max(levels, 1 if fraction > 0 else 0), _LEVELS)
    bar = symbols.growing[_LEVELS] * full + (symbols.growing[rest] if rest else "")
    return Text(bar.ljust(width)[:width], style=style, no_wrap=True, end="")


def change_text(
    fraction: float | None, width: int, *, symbols: SymbolSet = UNICODE, style: str = ""
) -> Text:
    """A bar from the middle: to the left below 0, to the right above; full at -1 and 1.

    Anything but zero shows at least one cell; None is the mark of no value.
    """
    half = width // 2
    if fraction is None or not math.isfinite(fraction):
        return Text(" " * half + symbols.missing, no_wrap=True, end="")
    size = min(half, math.ceil(abs(fraction) * half))
    block = symbols.growing[_LEVELS] * size
    left, right = (block, "") if fraction < 0 else ("", block)
    line = f"{left.rjust(half)}{symbols.vertical}{right.ljust(half)}"
    return Text(line[:width], style=style, no_wrap=True, end="")


def sparkline_text(
    values: Sequence[float | None], width: int, *, symbols: SymbolSet = UNICODE, style: str = ""
) -> Text:
    """At most `width` cells, each as high as the largest of its share of `values`."""
    cells = min(width, len(values))
    shares = [_largest(values, cell, cells) for cell in range(cells)]
    top = max((value for value in shares if value is not None), default=0.0)
    line = "".join(_spark(value, top, symbols) for value in shares)
    return Text(line.ljust(width), style=style, no_wrap=True, end="")


def _largest(values: Sequence[float | None], cell: int, cells: int) -> float | None:
    share = values[cell * len(values) // cells : (cell + 1) * len(values) // cells]
    return max((v for v in share if v is not None and math.isfinite(v)), default=None)


def _spark(value: float | None, top: float, symbols: SymbolSet) -> str:
    if value is None:
        return symbols.missing
    if value <= 0 or top <= 0:
        return symbols.rising[0]
    return symbols.rising[max(1, round(value / top * _LEVELS))]
