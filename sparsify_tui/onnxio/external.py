"""Brings weights that are stored beside the model into memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from onnx import TensorProto

from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_bytes
from sparsify_tui.errors import ModelError
from sparsify_tui.onnxio.files import check_file
from sparsify_tui.onnxio.tensors import stored_bytes

_COPY = "Copy all files of the export into one folder."


def load_external(tensor: TensorProto, folder: Path) -> int:
    """Reads the tensor's data from the file it names, below `folder`.

    Returns:
        Bytes read.

    Raises:
        ModelError: The file is missing, outside the folder, not plain, or too short.
    """
    entries = {entry.key: entry.value for entry in tensor.external_data}
    path = _path_inside(folder, entries.get("location", ""), tensor.name)
    offset, size = _range(entries, tensor)
    available = check_file(path, _COPY)
    if path.stat().st_nlink > 1:
        # the same as onnx itself: an archive may hold a hard link to a private file
        raise ModelError(f"{clean_text(path.name)} has several hard links.", _COPY)
    if offset + size > available:
        raise ModelError(
            f"{clean_text(path.name)} is too short: {clean_text(tensor.name)} needs "
            f"{format_bytes(offset + size)}, it has {format_bytes(available)}.",
            "Copy or export it again.",
        )
    _fill(tensor, path, offset, size)
    return size


def is_external(tensor: TensorProto) -> bool:
    """Whether the tensor's data is in another file."""
    return tensor.data_location == TensorProto.EXTERNAL


def _path_inside(folder: Path, location: str, tensor: str) -> Path:
    shown = clean_text(location)
    root = folder.resolve()
    try:
        path = (root / location).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"The external data {shown} cannot be found.", _COPY) from error
    if not location or path == root or Path(location).is_absolute() or ".." in Path(location).parts:
        raise ModelError(
            f"The weight {clean_text(tensor)} has no proper file name: {shown}.", _COPY
        )
    if not path.is_relative_to(root):
        raise ModelError(f"The external data {shown} is outside the model's folder.", _COPY)
    return path


def _range(entries: Mapping[str, str], tensor: TensorProto) -> tuple[int, int]:
    expected = stored_bytes(tensor)
    try:
        offset = int(entries.get("offset") or 0)
        length = int(entries.get("length") or expected)
    except ValueError as error:
        raise _bad_range(tensor) from error
    if offset < 0 or length != expected:
        raise _bad_range(tensor)
    return offset, expected


def _bad_range(tensor: TensorProto) -> ModelError:
    return ModelError(
        f"The weight {clean_text(tensor.name)} says it lies where it cannot be.",
        "Export the model again.",
    )


def _fill(tensor: TensorProto, path: Path, offset: int, size: int) -> None:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(size)
    except OSError as error:
        raise ModelError(f"Cannot read {clean_text(path.name)}: {error.strerror}.") from error
    tensor.raw_data = data
    tensor.ClearField("data_location")
    tensor.ClearField("external_data")
