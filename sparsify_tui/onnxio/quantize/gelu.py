"""Recognises GELU, x * (1 + erf(x / sqrt 2)) / 2, in every order of its steps.

Also its approximation, with tanh(sqrt(2 / pi) * (x + 0.044715 x^3)) in place of the erf.
Hendrycks and Gimpel, Gaussian Error Linear Units, 2016, section 2.
"""

from __future__ import annotations

import math

from onnx import NodeProto
from onnx.helper import make_node

from sparsify_tui.onnxio.graphs import first_output
from sparsify_tui.onnxio.quantize.links import Links
from sparsify_tui.onnxio.quantize.patterns import (
    factors,
    gated_argument,
    is_near,
    made_by,
    scaled,
    terms,
    with_constant,
)


def match_gelu(node: NodeProto, links: Links) -> tuple[NodeProto, ...] | None:
    """Puts onnxruntime's Gelu in the place of a node that ends a spelled-out one."""
    output = first_output(node)
    x = gated_argument(output, 0.5, _erf_argument, links)
    return None if x is None else (_gelu("Gelu", x, output),)


def match_fast_gelu(node: NodeProto, links: Links) -> tuple[NodeProto, ...] | None:
    """Puts onnxruntime's FastGelu in the place of a node that ends the approximation."""
    output = first_output(node)
    x = gated_argument(output, 0.5, _tanh_argument, links)
    return None if x is None else (_gelu("FastGelu", x, output),)


def _gelu(op_type: str, x: str, output: str) -> NodeProto:
    return make_node(op_type, [x], [output], name=output, domain="com.microsoft")


def _erf_argument(tensor: str, links: Links) -> str | None:
    """Gives x where the tensor is 1 + erf(x / sqrt 2)."""
    erf = with_constant(tensor, "Add", 1, links)
    node = None if erf is None else made_by(erf, "Erf", links)
    return None if node is None else scaled(node.input[0], math.sqrt(0.5), links)


def _tanh_argument(tensor: str, links: Links) -> str | None:
    """Gives x where the tensor is 1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))."""
    tanh = with_constant(tensor, "Add", 1, links)
    node = None if tanh is None else made_by(tanh, "Tanh", links)
    polynomial = None if node is None else scaled(node.input[0], math.sqrt(2 / math.pi), links)
    for x, cubic in terms(polynomial, links) if polynomial is not None else ():
        cube = scaled(cubic, 0.044715, links)
        if cube is not None and _is_cube(cube, x, links):
            return x
    return None


def _is_cube(tensor: str, x: str, links: Links) -> bool:
    power = made_by(tensor, "Pow", links)
    if power is not None:
        return power.input[0] == x and is_near(links.scalar(power.input[1]), 3)
    return any(
        first == x and (x, x) in factors(second, links) for first, second in factors(tensor, links)
    )
