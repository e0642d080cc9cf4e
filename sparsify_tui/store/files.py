"""Files that are either wholly there or not at all, also after a power cut."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


def read_file(path: Path) -> bytes:
    """The content of a regular file; a symbolic link is refused with ELOOP.

    Raises:
        OSError: It is missing, not readable, or not a regular file.
    """
    # Without O_NONBLOCK the opening of a pipe would wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Not a regular file", str(path))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


def replace_file(path: Path, content: bytes, *, backup: Path | None = None) -> None:
    """Gives `path` a new content, on disk when this returns.

    A reader, a crash or a failure at any point sees the old content or the new one. One
    caller at a time: the temporary file has a fixed name, so that a killed one leaves at most
    one behind, which the next call clears away.

    Args:
        path: The file, which need not exist.
        content: All of it.
        backup: Gets the old content, if there is one.

    Raises:
        OSError: The old content stands, and no temporary file is left. Only where the folder
            itself cannot be synced is the new content there, though perhaps not for long.
    """
    temporary = _beside(path, ".tmp")
    try:
        _write_new(temporary, content)
        if backup is not None and path.exists():
            _keep(path, backup)
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Makes a folder and the missing ones above it, readable by the user alone."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Waits until the names in a folder are on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_new(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _keep(path: Path, backup: Path) -> None:
    """Makes `backup` a second name of the file, or a copy where names cannot be shared."""
    second = _beside(backup, ".tmp")
    second.unlink(missing_ok=True)
    try:
        second.hardlink_to(path)
        second.replace(backup)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _write_new(second, read_file(path))
        second.replace(backup)
    finally:
        # A rename between two names of one file does nothing, and leaves both.
        second.unlink(missing_ok=True)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(f".{path.name}{suffix}")
