"""Which rule follows channels through which operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from onnx import NodeProto

from sparsify_tui.onnxio.channels.rules.elementwise import broadcast, limit, pass_through
from sparsify_tui.onnxio.channels.rules.norms import by_channel, by_group, by_last_axes, quantize
from sparsify_tui.onnxio.channels.rules.products import convolve, multiply, multiply_add
from sparsify_tui.onnxio.channels.rules.reshapes import (
    depth_to_space,
    expand,
    fill,
    flatten,
    reshape,
    space_to_depth,
    tile,
)
from sparsify_tui.onnxio.channels.rules.shapes import (
    concat,
    gather,
    measure,
    slice_axes,
    split,
    squeeze,
    transpose,
    unsqueeze,
)
from sparsify_tui.onnxio.channels.rules.windows import (
    along_axis,
    arg_reduce,
    cumulate,
    pad,
    pool,
    reduce,
    resize,
)
from sparsify_tui.onnxio.channels.trace import Trace
from sparsify_tui.onnxio.graphs import is_standard

Rule = Callable[[NodeProto, Trace], None]
"""Asks the trace for the inputs of a node and tells it what the outputs are made of."""

_UNARY = (
    "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BitwiseNot", "Cast", "Ceil",
    "Celu", "Cos", "Cosh", "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish",
    "Identity", "IsInf", "IsNaN", "LeakyRelu", "Log", "Mish", "Neg", "Not", "Reciprocal", "Relu",
    "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt",
    "Swish", "Tan", "Tanh", "ThresholdedRelu",
)  # fmt: skip
_BROADCASTING = (
    "Add", "And", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Div", "Equal", "Greater",
    "GreaterOrEqual", "Less", "LessOrEqual", "Max", "Mean", "Min", "Mod", "Mul", "Or", "PRelu",
    "Pow", "Sub", "Sum", "Where", "Xor",
)  # fmt: skip
_REDUCTIONS = (
    "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean",
    "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare",
)  # fmt: skip
_POOLS = (
    "AveragePool", "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool", "LpPool", "MaxPool",
)  # fmt: skip

_STANDARD: Mapping[str, Rule] = {
    **dict.fromkeys(_UNARY, pass_through),
    **dict.fromkeys(_BROADCASTING, broadcast),
    **dict.fromkeys(_REDUCTIONS, reduce),
    **dict.fromkeys(_POOLS, pool),
    **dict.fromkeys(("ArgMax", "ArgMin"), arg_reduce),
    **dict.fromkeys(("Hardmax", "LogSoftmax", "LpNormalization", "Softmax"), along_axis),
    **dict.fromkeys(("BatchNormalization", "InstanceNormalization"), by_channel),
    **dict.fromkeys(("Clip", "Dropout"), limit),
    **dict.fromkeys(("Conv", "ConvTranspose"), convolve),
    **dict.fromkeys(("DequantizeLinear", "QuantizeLinear"), quantize),
    **dict.fromkeys(("LayerNormalization", "RMSNormalization"), by_last_axes),
    "Concat": concat,
    "ConstantOfShape": fill,
    "CumSum": cumulate,
    "DepthToSpace": depth_to_space,
    "Expand": expand,
    "Flatten": flatten,
    "Gather": gather,
    "Gemm": multiply_add,
    "GroupNormalization": by_group,
    "MatMul": multiply,
    "Pad": pad,
    "Reshape": reshape,
    "Resize": resize,
    "Shape": measure,
    "Slice": slice_axes,
    "SpaceToDepth": space_to_depth,
    "Split": split,
    "Squeeze": squeeze,
    "Tile": tile,
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
}
_ONNXRUNTIME: Mapping[str, Rule] = {
    "BiasGelu": broadcast,
    "DequantizeLinear": quantize,
    "FastGelu": broadcast,
    "FusedMatMul": multiply,
    "Gelu": pass_through,
    "QuantizeLinear": quantize,
    "QuickGelu": pass_through,
}
"""Of the domain com.microsoft: found in files that onnxruntime has optimised or quantised."""


def rule_of(node: NodeProto) -> Rule | None:
    """The rule for the node's operator; None where it is not understood."""
    if is_standard(node):
        return _STANDARD.get(node.op_type)
    return _ONNXRUNTIME.get(node.op_type) if node.domain == "com.microsoft" else None
