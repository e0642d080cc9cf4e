"""Reads arrays from the user's `.npz` files, which may be anything at all."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from tokenize import TokenError

import numpy as np

from sparsify_tui.analyses.constants import listed_names
from sparsify_tui.core.protocols import Array
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_bytes, format_shape
from sparsify_tui.engines.machine import available_memory
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
        raise DataError(
            f"{clean_text(path)} holds neither .npz files nor images.",
            "Save samples with numpy.savez, or name a folder of images.",
        )
    parts = {file: _read_file(file) for file in files}
    for file, part in parts.items():
        _check_like(files[0], parts[files[0]], file, part)
    return {name: _joined(name, parts) for name in parts[files[0]]}


def _check_like(
    first: Path, wanted: Mapping[str, Array], file: Path, found: Mapping[str, Array]
) -> None:
    """Refuses a file of a folder that does not hold what the first one holds."""
    here, there = clean_text(file), clean_text(first.name)
    if found.keys() != wanted.keys():
        raise DataError(
            f"{here} holds {listed_names(sorted(found)) or 'nothing'}, but {there} holds "
            f"{listed_names(sorted(wanted)) or 'nothing'}.",
            "Each file of a folder needs one array an input, under the input's name.",
        )
    for name, array in found.items():
        if array.ndim != wanted[name].ndim or array.shape[1:] != wanted[name].shape[1:]:
            raise DataError(
                f"{here} has {format_shape(array.shape)} for {clean_text(name)}, but {there} has "
                f"{format_shape(wanted[name].shape)}.",
                "Arrays of one name need the same shape but for the first axis.",
            )


def _joined(name: str, parts: Mapping[Path, Mapping[str, Array]]) -> Array:
    """The arrays of all files along the first axis; a scalar, once."""
    arrays = [part[name] for part in parts.values()]
    if arrays[0].ndim and len(arrays) > 1:
        return np.concatenate(arrays)
    for file, part in parts.items():
        if len(arrays) > 1 and part[name] != arrays[0]:
            raise DataError(
                f"{clean_text(file)} has {part[name]} for the scalar {clean_text(name)}, "
                f"but {clean_text(next(iter(parts)).name)} has {arrays[0]}.",
                "A scalar is the same for all samples.",
            )
    return arrays[0]


def _check_size(path: Path) -> None:
    """Refuses an archive that would fill the memory once it is unpacked."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        size = sum(one.file_size for one in archive.infolist())
    if size > available_memory():
        raise DataError(
            f"{clean_text(path)} holds {format_bytes(size)}, but this machine has "
            f"{format_bytes(available_memory())} of memory.",
            "Save fewer samples; a folder of images is read one by one.",
        )


def _read_file(path: Path) -> dict[str, Array]:
    if not path.is_file():  # opening a pipe would wait for its writer
        raise DataError(f"{clean_text(path)} is not a plain file.", "Name an .npz file.")
    try:
        _check_size(path)
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
