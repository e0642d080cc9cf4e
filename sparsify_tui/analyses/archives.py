"""Reads arrays from the user's `.npz` files, which may be anything at all."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError

import numpy as np

from sparsify_tui.core.protocols import Array
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import DataError

_UNREADABLE = (
    SyntaxError,
    TokenError,
    OSError,
    ValueError,
    EOFError,
    KeyError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading a damaged, encrypted or foreign archive raises."""


def read_arrays(path: Path) -> dict[str, Array]:
    """Arrays by name of an `.npz`, or of a folder of them joined along the first axis.

    Raises:
        DataError: It is missing, no such file, or damaged.
    """
    if not path.exists():
        raise DataError(f"There is no file {clean_text(path)}.", "Check the path.")
    files = sorted(path.glob("*.npz")) if path.is_dir() else [path]
    if not files:
        raise DataError(f"{clean_text(path)} holds no .npz files.", "Save one with numpy.savez.")
    parts = [_read_file(file) for file in files]
    names = set(parts[0])
    if any(set(part) != names for part in parts):
        raise DataError(
            f"The files of {clean_text(path)} do not hold the same arrays.",
            "Each needs one array an input, under the input's name.",
        )
    if len(parts) == 1:
        return parts[0]
    try:
        return {name: np.concatenate([part[name] for part in parts]) for name in names}
    except ValueError as error:
        raise DataError(
            f"The files of {clean_text(path)} cannot be joined: {error}.",
            "Arrays of one name need the same shape but for the first axis.",
        ) from error


def _read_file(path: Path) -> dict[str, Array]:
    if not path.is_file():  # opening a pipe would wait for its writer
        raise DataError(f"{clean_text(path)} is not a plain file.", "Name an .npz file.")
    try:
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise DataError(
                f"{clean_text(path)} is a single array, not an .npz.",
                "Save it with numpy.savez(file, input_name=array).",
            )
        with archive:
            return {name: np.asarray(archive[name]) for name in archive.files}
    except _UNREADABLE as error:
        raise DataError(
            f"{clean_text(path)} cannot be read as .npz: {clean_text(error).rstrip('.')}.",
            "Save it with numpy.savez(file, input_name=array), without Python objects.",
        ) from error
