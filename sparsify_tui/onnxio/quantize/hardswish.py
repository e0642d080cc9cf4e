"""Recognises HardSwish, x * clip(x + 3, 0, 6) / 6, in every order of its steps.

Howard et al., Searching for MobileNetV3, 2019, equation 3.
"""

from __future__ import annotations

from onnx import NodeProto
from onnx.helper import make_node

from sparsify_tui.onnxio.graphs import first_output
from sparsify_tui.onnxio.quantize.links import Links
from sparsify_tui.onnxio.quantize.patterns import gated_argument, made_by, scaled, with_constant

_SIXTH = 1 / 6


def match_hard_swish(node: NodeProto, links: Links) -> tuple[NodeProto, ...] | None:
    """HardSigmoid and Mul in place of a node that ends a spelled-out HardSwish."""
    output = first_output(node)
    x = gated_argument(output, _SIXTH, _ramp_argument, links)
    if x is None:
        return None
    gate = f"{output}/gate"
    return _hard_sigmoid(x, gate), make_node("Mul", [x, gate], [output], name=output)


def match_hard_sigmoid(node: NodeProto, links: Links) -> tuple[NodeProto, ...] | None:
    """HardSigmoid in place of a node that ends clip(x + 3, 0, 6) / 6."""
    output = first_output(node)
    ramp = scaled(output, _SIXTH, links)
    x = None if ramp is None else _ramp_argument(ramp, links)
    return None if x is None else (_hard_sigmoid(x, output),)


def _hard_sigmoid(x: str, output: str) -> NodeProto:
    return make_node("HardSigmoid", [x], [output], name=output, alpha=_SIXTH, beta=0.5)


def _ramp_argument(tensor: str, links: Links) -> str | None:
    """Gives x where the tensor is clip(x + 3, 0, 6)."""
    shifted = _clamped_argument(tensor, links)
    return None if shifted is None else with_constant(shifted, "Add", 3, links)


def _clamped_argument(tensor: str, links: Links) -> str | None:
    """Gives y where the tensor is y kept between 0 and 6, by Clip or by Min with Relu or Max."""
    clip = made_by(tensor, "Clip", links)
    if clip is not None and len(clip.input) == 3:
        limits = (links.scalar(clip.input[1]), links.scalar(clip.input[2]))
        return clip.input[0] if limits == (0, 6) else None
    below = with_constant(tensor, "Min", 6, links)
    if below is not None:
        return _rectified_argument(below, links)
    inner = _rectified_argument(tensor, links)
    return None if inner is None else with_constant(inner, "Min", 6, links)


def _rectified_argument(tensor: str, links: Links) -> str | None:
    node = made_by(tensor, "Relu", links)
    return node.input[0] if node is not None else with_constant(tensor, "Max", 0, links)
