"""Which layers a conversion between float and int8 is made for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sparsify_tui.core.model import LayerId
from sparsify_tui.onnxio.quantize.activations import rounded_around
from sparsify_tui.onnxio.quantize.layers import QuantLayer
from sparsify_tui.onnxio.quantize.links import Links
from sparsify_tui.onnxio.quantize.prepare import Prepared

_CONVERSIONS = frozenset({"DequantizeLinear", "QuantizeLinear"})
_MARKS = ("__DQ", "__Q")
_MOVED = "_q"
"""What onnxruntime calls a conversion that it has moved."""


def rounded_for(
    prepared: Prepared, layers: Iterable[QuantLayer]
) -> Mapping[str, tuple[LayerId, ...]]:
    """The layers that each rounded tensor is an input or the output of."""
    links = Links(prepared.proto.graph)
    found: dict[str, tuple[LayerId, ...]] = {}
    for layer in layers:
        for output in layer.outputs:
            for name in rounded_around(links.makers[output], links):
                found[name] = tuple(dict.fromkeys((*found.get(name, ()), layer.id)))
    return found


def converted_tensor(kernel: str, op_type: str) -> str | None:
    """The tensor that a kernel of an int8 copy's profile converts; None for other kernels."""
    if op_type not in _CONVERSIONS:
        return None
    marked = (kernel[: kernel.rindex(mark)] for mark in _MARKS if mark in kernel)
    return next(marked, kernel.removesuffix(_MOVED))
