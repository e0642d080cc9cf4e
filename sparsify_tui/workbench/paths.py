"""What a path means, and what can be told of a file without opening it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from sparsify_tui.core.summary import FileStamp
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import ModelError, UsageError


def stamp_of(path: Path) -> FileStamp:
    """Size and time of a file. Raises ModelError when it cannot be seen."""
    try:
        stat = Path(full_path(path)).stat()
    except OSError as error:
        raise ModelError(
            f"{clean_text(path)} cannot be opened: {(error.strerror or 'unknown').lower()}.",
            "Check the path.",
        ) from error
    return FileStamp(size=stat.st_size, mtime_ns=stat.st_mtime_ns)


def is_model_path(reference: str) -> bool:
    """Whether a word that is no project means a file."""
    with suppress(OSError):  # a word that is too long for a path
        return reference.endswith(".onnx") or Path(reference).is_file()
    return False


def full_path(path: Path) -> str:
    """Absolute, with `~` expanded; symbolic links stay. Raises UsageError where there is no ~."""
    try:
        return str(path.expanduser().absolute())
    except RuntimeError:
        raise UsageError(
            f"{clean_text(path)} begins with a home folder that does not exist.",
            "Write the path in full.",
        ) from None
