"""Completes a path that is being typed, one directory at a time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from sparsify_tui.core.text import clean_text

_MOST_LOOKED_AT = 5000


def complete_path(typed: str, suffixes: Sequence[str] = ()) -> tuple[str, tuple[str, ...]]:
    """Extends `typed` as far as all fitting names agree.

    Directories fit, and files that end in one of `suffixes` (any file when there are none).
    Names that cannot be shown as they are do not fit.

    Returns:
        The extended text, and the names that fit when there is more than one.
    """
    head, separator, tail = typed.rpartition("/")
    folder = Path(head + separator or ".").expanduser()
    names = [name for name in _names(folder, suffixes) if name.startswith(tail)]
    if not tail:
        names = [name for name in names if not name.startswith(".")]
    if not names:
        return typed, ()
    agreed = _beginning(names)
    return f"{head}{separator}{agreed}", tuple(names) if len(names) > 1 else ()


def _beginning(names: Sequence[str]) -> str:
    """What all of the sorted names begin with."""
    first, last = names[0], names[-1]
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), None)
    return first[:same] if same is not None else min(first, last, key=len)


def _names(folder: Path, suffixes: Sequence[str]) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry, _ in zip(entries, range(_MOST_LOOKED_AT), strict=False)]
    except (OSError, ValueError):
        return []
    names = [_name(entry, suffixes) for entry in found]
    return sorted(name for name in names if name)


def _name(entry: os.DirEntry[str], suffixes: Sequence[str]) -> str:
    if clean_text(entry.name, 1000) != entry.name:
        return ""
    if entry.is_dir():
        return f"{entry.name}/"
    fits = not suffixes or entry.name.lower().endswith(tuple(suffixes))
    return entry.name if fits else ""
