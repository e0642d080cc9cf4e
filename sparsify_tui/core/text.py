"""Makes an untrusted name safe to show on one line of a terminal."""

from __future__ import annotations

import unicodedata

_CONTROL_PICTURES = {code: chr(0x2400 + code) for code in range(32)} | {127: "\u2421"}
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_COMBINING = frozenset({"Mn", "Me"})
_MOST_COMBINING = 2


def clean_text(text: object, limit: int = 200) -> str:
    """Replaces what could move the cursor, hide, or reverse text by visible marks.

    Control codes become control pictures, invisible and directional characters their
    code point in brackets, stacks of combining marks are cut to two, and what is longer
    than `limit` loses its middle. Markup is not touched: callers hand the result to
    a widget that does not parse markup. Cleaning twice changes nothing.
    """
    shown: list[str] = []
    combining = 0
    for character in shorten(str(text), limit):  # first, so that a huge text costs little
        category = unicodedata.category(character)
        if category in _COMBINING:
            combining += 1
            if combining > _MOST_COMBINING:
                continue
        else:
            combining = 0
        shown.append(_visible(character, category))
    return shorten("".join(shown), limit) or "∅"


def _visible(character: str, category: str) -> str:
    code = ord(character)
    if code in _CONTROL_PICTURES:
        return _CONTROL_PICTURES[code]
    return f"<U+{code:04X}>" if category in _UNPRINTABLE else character


def shorten(text: str, width: int) -> str:
    """Cuts the middle out of `text` so that it fits `width` characters."""
    if len(text) <= width:
        return text
    if width < 4:
        return text[:width]
    tail = (width - 1) // 2
    return f"{text[: width - 1 - tail]}…{text[-tail:]}"
