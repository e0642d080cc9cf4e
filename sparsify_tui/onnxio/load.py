"""Reads a model file into memory, and refuses what is not one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnx import ModelProto

from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import ModelError
from sparsify_tui.onnxio.external import is_external, load_external
from sparsify_tui.onnxio.files import check_model_file, not_a_model
from sparsify_tui.onnxio.graphs import all_tensors
from sparsify_tui.onnxio.inline import inline_functions
from sparsify_tui.onnxio.limits import check_contents, check_limits
from sparsify_tui.onnxio.names import check_names
from sparsify_tui.onnxio.unique import make_names_unique
from sparsify_tui.onnxio.weights import Constants
from sparsify_tui.onnxio.wiring import mend_wiring


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A model file in memory, to be read only: `rewrite` makes changed copies."""

    path: Path
    proto: ModelProto
    """With external data brought in, local functions inlined, and unique names of tensors."""
    sha256: str
    """Of the file itself."""
    bytes: int
    """Of the file and its external data."""
    constants: Constants
    notes: tuple[str, ...] = ()
    """What was mended on reading, in sentences."""


def load_model(path: Path) -> LoadedModel:
    """Reads a model and checks that it can be worked with.

    Raises:
        ModelError: The file cannot be read, is not ONNX, is damaged, or is beyond limits.
    """
    check_model_file(path)
    try:
        data = path.read_bytes()
        proto = _parsed(path, data)
        check_names(proto)
        check_limits(proto)
        proto = inline_functions(proto)
        external = sum(load_external(t, path.parent) for t in all_tensors(proto) if is_external(t))
        check_contents(proto)
        notes = mend_wiring(proto.graph)
        make_names_unique(proto.graph)
        constants = Constants(proto.graph)
    except OSError as error:
        raise ModelError(f"Cannot read {clean_text(path.name)}: {error.strerror}.") from error
    except MemoryError as error:
        raise ModelError(
            f"{clean_text(path.name)} does not fit into the memory allowed."
        ) from error
    return LoadedModel(
        path=path,
        proto=proto,
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data) + external,
        constants=constants,
        notes=notes,
    )


def _parsed(path: Path, data: bytes) -> ModelProto:
    try:
        proto = onnx.load_model_from_string(data)
    except MemoryError:
        raise
    except Exception as error:  # protobuf's errors, which onnx does not export
        raise not_a_model(path, data) from error
    if not proto.HasField("graph"):
        raise not_a_model(path, data)
    return proto
