"""What can go wrong with a project file, each with its cure."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from sparsify_tui.errors import StoreError

Action = Literal["read", "saved"]

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_NO_FOLDER = frozenset({errno.EEXIST, errno.ENOTDIR})
_ELSEWHERE = "choose another folder with --home DIR"


class StoreBusyError(StoreError):
    """Another writer kept the project locked for too long."""


class StoreDamagedError(StoreError):
    """A project file is not what was written, and no good copy of it is left."""


class StoreNewerError(StoreError):
    """A later version of the program wrote the project; it is neither read nor overwritten."""


class StoreReadOnlyError(StoreError):
    """The file system or its permissions forbid to read or save the project."""


class StoreFullError(StoreError):
    """There is no room to save the project; what was saved before is intact."""


@contextmanager
def explained(path: Path, action: Action) -> Iterator[None]:
    """Turns a failure of the file system into a `StoreError`.

    Args:
        path: The project file that the block is about.
        action: What was done to it.

    Raises:
        StoreError: In place of any `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise _explanation(error, path, action) from error


def _explanation(error: OSError, path: Path, action: Action) -> StoreError:
    reason = (error.strerror or str(error)).lower()
    if error.errno in _FULL:
        return StoreFullError(
            f"{path.name} could not be saved in {path.parent}: {reason}.",
            f"Free some space or {_ELSEWHERE}; what was saved before is intact.",
        )
    if error.errno in _DENIED and action == "saved":
        return StoreReadOnlyError(
            f"Nothing can be saved in {path.parent}: {reason}.",
            f"Allow writing to that folder, or {_ELSEWHERE}.",
        )
    if error.errno in _DENIED:
        return StoreReadOnlyError(
            f"{path} cannot be read: {reason}.", f"Allow reading it, or {_ELSEWHERE}."
        )
    if error.errno == errno.ELOOP:
        return StoreError(
            f"{error.filename or path} is a symbolic link, which could lead a save astray.",
            "Put the file itself in its place.",
        )
    if error.errno in _NO_FOLDER:
        reason = "a part of its path is a file, not a folder"
    return StoreError(
        f"{path} could not be {action}: {reason}.", f"Check that path, or {_ELSEWHERE}."
    )
