"""Writes a text file wholly or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from sparsify_tui.errors import ExportError

_DENIED = "permission is denied", "Allow writing there, or choose another folder."
_FULL = "there is no space left", "Free some space, or choose another folder."
_CAUSES = {
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EROFS: ("the file system is read-only", "Choose another folder."),
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: ("a limit on the size of files is reached", "Raise it (ulimit -f)."),
    errno.EISDIR: ("it is a folder", "Give the name of a file in it."),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "Check the path."),
    errno.ENOENT: ("its folder is missing", "Make the folder first, or choose another."),
    errno.EEXIST: ("it is there already", "Choose another name, or allow overwriting it."),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter one."),
    errno.ELOOP: ("its symbolic links lead in a circle", "Choose another name."),
}
_UNKNOWN_CURE = "Choose another path."


def write_text(path: Path, text: str, overwrite: bool = True) -> Path:
    """Writes `text` as UTF-8; at any moment the file holds its old content or the new one.

    The old file's mode is kept, and a symbolic link leads to the file that is written. The
    folder is made if only that one is missing.

    Args:
        path: The file; a leading `~` is the home folder.
        text: All of its content.
        overwrite: Whether a file that is there already may be replaced.

    Returns:
        The path with `~` expanded.

    Raises:
        ExportError: It cannot be written; what was there is untouched and nothing is added.
    """
    try:
        path = path.expanduser()
        _replace(path.resolve(), text.encode("utf-8"), overwrite=overwrite)
    except OSError as error:
        raise _failure(path, error) from error
    except (ValueError, RuntimeError) as error:  # a zero byte, a lone surrogate, ~nobody
        raise ExportError(f"{path} cannot be written: {error}.", _UNKNOWN_CURE) from error
    return path


def _failure(path: Path, error: OSError) -> ExportError:
    reason = error.strerror or str(error)
    cause, cure = _CAUSES.get(error.errno or 0, (reason, _UNKNOWN_CURE))
    return ExportError(f"{path} cannot be written: {cause}.", cure)


def _replace(target: Path, content: bytes, *, overwrite: bool) -> None:
    mode = _old_mode(target, overwrite=overwrite)
    with _folder(target.parent) as folder:
        # Not derived from the target's name, which may be as long as a name can be.
        temporary = folder / f".{secrets.token_hex(8)}.tmp"
        try:
            _write_new(temporary, content, mode)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


def _old_mode(target: Path, *, overwrite: bool) -> int | None:
    """Permission bits of the file that is there, None if there is none."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is a device or a pipe, not a file")
    if not overwrite:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return stat.S_IMODE(mode)


@contextmanager
def _folder(folder: Path) -> Iterator[Path]:
    """The folder, made if it is missing, and removed again if the block fails."""
    with ExitStack() as undo:
        if not folder.exists():
            undo.callback(_remove, folder)
        folder.mkdir(exist_ok=True)
        yield folder
        undo.pop_all()


def _remove(folder: Path) -> None:
    with suppress(OSError):  # somebody else may have put a file there meanwhile
        folder.rmdir()


def _write_new(path: Path, content: bytes, mode: int | None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o666), "wb") as file:
        if mode is not None:
            os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
