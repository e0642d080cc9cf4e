"""Stored tensors: their element types, sizes and values."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import ModelError

FLOAT_TYPES = frozenset(
    {TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16}
)
"""Element types that a trained weight may have."""

_PACKED: dict[int, int] = {
    TensorProto.INT4: 2,
    TensorProto.UINT4: 2,
    TensorProto.FLOAT4E2M1: 2,
}
"""Elements in one byte, of the types that are narrower than a byte."""
_COMPLEX = frozenset({TensorProto.COMPLEX64, TensorProto.COMPLEX128})


def dtype_name(data_type: int) -> str:
    """The element type as numpy calls it; `unknown` for one that ONNX does not define."""
    if data_type == TensorProto.STRING:
        return "str"
    try:
        return str(helper.tensor_dtype_to_np_dtype(data_type))
    except (KeyError, ValueError, TypeError):
        return "unknown"


def is_float(tensor: TensorProto) -> bool:
    """Whether the tensor could be a trained weight."""
    return tensor.data_type in FLOAT_TYPES


def element_count(tensor: TensorProto) -> int:
    """Number of elements; one for a scalar."""
    return math.prod(tensor.dims)


def stored_bytes(tensor: TensorProto) -> int:
    """Bytes that the elements take in a file.

    Raises:
        ModelError: The tensor has no such size.
    """
    if dtype_name(tensor.data_type) in {"unknown", "str"} or any(d < 0 for d in tensor.dims):
        raise _damaged(tensor, "has an unknown element type or a negative size")
    count = element_count(tensor)
    if per_byte := _PACKED.get(tensor.data_type):
        return -(-count // per_byte)
    return count * int(helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize)


def check_tensor(tensor: TensorProto) -> None:
    """Refuses a tensor whose data does not fit its shape and type.

    Raises:
        ModelError: It names the tensor.
    """
    if tensor.data_type == TensorProto.STRING:
        held, wanted = len(tensor.string_data), element_count(tensor)
    else:
        held, wanted = len(tensor.raw_data), stored_bytes(tensor)
        if not tensor.HasField("raw_data"):
            held, wanted = _typed_length(tensor), _typed_length_wanted(tensor)
    if held != wanted:
        raise _damaged(tensor, "holds more or less data than its shape says")


def tensor_values(tensor: TensorProto) -> NDArray[np.generic]:
    """The tensor as an array that may be read only."""
    return numpy_helper.to_array(tensor)


def _typed_length(tensor: TensorProto) -> int:
    return len(getattr(tensor, helper.tensor_dtype_to_field(tensor.data_type)))


def _typed_length_wanted(tensor: TensorProto) -> int:
    if tensor.data_type in _PACKED:
        return stored_bytes(tensor)
    return element_count(tensor) * (2 if tensor.data_type in _COMPLEX else 1)


def _damaged(tensor: TensorProto, what: str) -> ModelError:
    return ModelError(f"The tensor {clean_text(tensor.name)} {what}.", "Export the model again.")
