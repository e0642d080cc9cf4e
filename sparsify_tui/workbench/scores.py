"""The user's own metric, as every command and form takes it."""

from __future__ import annotations

from pathlib import Path

from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import UsageError
from sparsify_tui.workbench.paths import full_path


def full_metric(text: str) -> str:
    """`FILE.py:FUNCTION` with the full path of its file, since the child works elsewhere.

    Raises:
        UsageError: It is not of that form.
    """
    if not text:
        return ""
    file, _, name = text.rpartition(":")
    if not file or not name.isidentifier():
        raise UsageError(
            f"A metric is FILE.py:FUNCTION, not {clean_text(text)}.", "Example: score.py:accuracy"
        )
    return f"{full_path(Path(file))}:{name}"
