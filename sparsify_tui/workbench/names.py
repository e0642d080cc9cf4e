"""What a project, profile or optimization may be called."""

from __future__ import annotations

from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import UsageError

_LONGEST = 120


def checked_name(text: str) -> str:
    """The name without blanks around it.

    Raises:
        UsageError: It is empty, too long, or holds what cannot be shown on one line.
    """
    name = text.strip()
    if not name:
        raise UsageError("A name must not be empty.")
    if len(name) > _LONGEST:
        raise UsageError(f"A name has at most {_LONGEST} characters, not {len(name)}.")
    if clean_text(name) != name:
        raise UsageError(f"The name {clean_text(name)} holds characters that cannot be shown.")
    return name
