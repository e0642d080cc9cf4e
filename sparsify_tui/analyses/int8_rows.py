"""The int8 figures of single layers: time with conversions, and why it does not pay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sparsify_tui.analyses.kernels import Charge
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.protocols import KernelTime
from sparsify_tui.onnxio.quantize.conversions import converted_tensor

INTEGER_KERNELS = frozenset(
    {
        "ConvInteger", "DynamicQuantizeLSTM", "DynamicQuantizeMatMul", "MatMulInteger",
        "MatMulIntegerToFloat", "QGemm", "QLinearConv", "QLinearMatMul",
    }
)  # fmt: skip
_NOT_FASTER = {
    "depthwise": "depthwise: too few products for each byte",
    "squeeze": "a single position: too little work for two conversions",
}
"""What is known of why, by kind of layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Int8Row:
    """One layer in the copy in which all are int8."""

    ms: float | None = None
    """With the conversions at its edges."""
    kernel: str = ""
    note: str = ""
    """Why int8 does not pay, or is not possible."""


def conversions(
    kernels: Iterable[KernelTime], rounded: Mapping[str, tuple[LayerId, ...]]
) -> dict[LayerId, float]:
    """Milliseconds of conversions by layer; one between two layers is shared.

    Args:
        kernels: Of the copy in which all layers are int8.
        rounded: The layers that each rounded tensor belongs to.
    """
    found: dict[LayerId, float] = defaultdict(float)
    for kernel in kernels:
        tensor = converted_tensor(kernel.name, kernel.op_type)
        owners = rounded.get(tensor, ()) if tensor is not None else ()
        for owner in owners:
            found[owner] += kernel.ms / len(owners)
    return dict(found)


def int8_row(before: Charge | None, after: Charge | None, converting: float, kind: str) -> Int8Row:
    """The figures of a layer that is int8.

    Args:
        before: Its kernels in float.
        after: Its kernels in int8.
        converting: Milliseconds of the conversions at its edges.
        kind: Of the layer.
    """
    if after is None:
        return Int8Row(note="no kernel of the int8 copy could be charged to it")
    ms = after.ms + converting
    if after.kernel not in INTEGER_KERNELS:
        note = "no integer kernel: computed in float between two conversions"
    elif before is None or ms < before.ms:
        note = ""
    elif after.ms < before.ms:
        note = "its conversions cost more than int8 saves"
    else:
        note = _NOT_FASTER.get(kind, "its int8 kernel is not faster here")
    return Int8Row(ms=ms, kernel=after.kernel, note=note)
