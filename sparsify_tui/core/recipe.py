"""The exported schedule, as data; `export` turns it into text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_SPECIAL_NAMES = frozenset({"__ALL__", "__ALL_PRUNABLE__"})
_EXCLAMATION_MARK = r"\x21"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeEntry:
    """One modifier of the recipe: its class name and its arguments in order."""

    tag: str
    args: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The entries, and what a reader should know about them."""

    entries: tuple[RecipeEntry, ...]
    notes: tuple[str, ...] = ()


def literal_pattern(name: str) -> str:
    """A parameter name as recipes want it, escaped where it would be read as a pattern.

    SparseML reads `re:` as the start of a regular expression, `eval(` as that of a sum, and
    two names as keywords; and it rewrites an exclamation mark before a word as a class tag.
    """
    if name.startswith(("re:", "eval(")) or name in _SPECIAL_NAMES or "!" in name:
        return f"re:{re.escape(name).replace('!', _EXCLAMATION_MARK)}$"
    return name
