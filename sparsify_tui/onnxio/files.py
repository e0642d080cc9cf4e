"""Looks at a file before it is opened, and says what it is when it is no model."""

from __future__ import annotations

import stat
from pathlib import Path

from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_bytes
from sparsify_tui.errors import ModelError

MAX_FILE_BYTES = 2**31
_HOLES_MATTER_FROM = 2**28
"""Smaller files may look sparse on compressing file systems, and can do no harm."""

_KINDS = (
    (b"PK\x03\x04", "a zip archive, perhaps a PyTorch checkpoint"),
    (b"<", "an HTML or XML page, perhaps a failed download"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself"),
    (b"\x89HDF", "an HDF5 file, perhaps a Keras model"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x80\x02", "a pickle, perhaps an old PyTorch checkpoint"),
)


def check_file(path: Path, cure: str) -> int:
    """Refuses what cannot be read safely, without opening it.

    Args:
        path: Links are followed.
        cure: What to do when there is no such file.

    Returns:
        Size in bytes.

    Raises:
        ModelError: Missing, not a plain file, empty, or mostly a hole.
    """
    name = clean_text(path.name)
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else error
        raise ModelError(f"Cannot open {name}: {cause}.", cure) from error
    if stat.S_ISDIR(found.st_mode):
        raise ModelError(f"{name} is a folder.", cure)
    if not stat.S_ISREG(found.st_mode):
        raise ModelError(f"{name} is not a plain file.", cure)
    if found.st_size == 0:
        raise ModelError(f"{name} is empty.", "Export or download it again.")
    if found.st_size >= _HOLES_MATTER_FROM and found.st_blocks * 512 < found.st_size // 2:
        raise ModelError(
            f"{name} is mostly a hole: {format_bytes(found.st_size)} with hardly any data.",
            "Download or copy it again.",
        )
    return found.st_size


def check_model_file(path: Path) -> int:
    """Like `check_file`, and refuses what is too large for one ONNX file."""
    size = check_file(path, "Give the path of an .onnx file.")
    if size > MAX_FILE_BYTES:
        raise ModelError(
            f"{clean_text(path.name)} is {format_bytes(size)}; an ONNX file has at most 2 GiB.",
            "Save it with external data.",
        )
    return size


def not_a_model(path: Path, data: bytes) -> ModelError:
    """Says what a file that did not parse as a model is instead."""
    name = clean_text(path.name)
    start = data[:1024].lstrip()
    for magic, kind in _KINDS:
        if start.startswith(magic):
            return ModelError(f"{name} is not ONNX: it is {kind}.", "Export the model to ONNX.")
    if _starts_like_onnx(data):
        return ModelError(f"{name} ends early or is damaged.", "Export, copy or download it again.")
    return ModelError(f"{name} is not an ONNX file.", "Export the model to ONNX.")


def _starts_like_onnx(data: bytes) -> bool:
    # field 1, the version of the format: exporters write it first, and it is a small number
    return len(data) > 2 and data[0] == 0x08 and 0 < data[1] < 64
