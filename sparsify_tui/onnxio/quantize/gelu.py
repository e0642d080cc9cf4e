"""Recognises GELU, x * (1 + erf(x / sqrt 2)) / 2, in every order of its steps.

Hendrycks and Gimpel, Gaussian Error Linear Units, 2016, section 2.
"""

from __future__ import annotations

import math

from onnx import NodeProto
from onnx.helper import make_node

from sparsify_tui.onnxio.graphs import first_output
from sparsify_tui.onnxio.quantize.links import Links
from sparsify_tui.onnxio.quantize.patterns import gated_argument, made_by, scaled, with_constant


def match_gelu(node: NodeProto, links: Links) -> tuple[NodeProto, ...] | None:
    """Puts onnxruntime's Gelu in the place of a node that ends a spelled-out one."""
    output = first_output(node)
    x = gated_argument(output, 0.5, _erf_argument, links)
    if x is None:
        return None
    return (make_node("Gelu", [x], [output], name=output, domain="com.microsoft"),)


def _erf_argument(tensor: str, links: Links) -> str | None:
    """Gives x where the tensor is 1 + erf(x / sqrt 2)."""
    erf = with_constant(tensor, "Add", 1, links)
    node = None if erf is None else made_by(erf, "Erf", links)
    return None if node is None else scaled(node.input[0], math.sqrt(0.5), links)
