"""Weights and biases of products, as matrices that can be read and changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, numpy_helper

from sparsify_tui.onnxio.quantize.links import Links, needed_names
from sparsify_tui.onnxio.tensors import tensor_values
from sparsify_tui.onnxio.unique import defined_names, fresh_name
from sparsify_tui.onnxio.views import attribute, attribute_int

if TYPE_CHECKING:
    from sparsify_tui.onnxio.channels import Product

Floats = NDArray[np.float64]
_CONVOLUTIONS = frozenset({"Conv", "ConvTranspose"})
_MATRICES = frozenset({"FusedMatMul", "MatMul"})
"""Products that take no bias."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How a convolution slides over its input; one entry for each axis of space."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]
    """Before the first position; where `same` is set it depends on the sizes."""
    ends: tuple[int, ...]
    """After the last position."""
    same: str = ""
    """`SAME_UPPER` or `SAME_LOWER`, where the input is padded so as to keep its size."""

    @property
    def is_partition(self) -> bool:
        """Whether windows neither overlap nor leave anything out, nor reach beyond the input."""
        is_plain = set(self.dilations) <= {1} and not any((*self.pads, *self.ends))
        return self.kernel == self.strides and is_plain and not self.same


class ProductWeights:
    """Of the products of a main graph.

    Weights are matrices [groups, inputs, outputs] for groups that do not touch each other. Inputs
    of a Conv are its input channels, and for each the positions of the kernel; outputs of a
    ConvTranspose are its output channels, and for each the positions of the kernel.

    Args:
        proto: Whose constants `change` changes.
    """

    def __init__(self, proto: ModelProto) -> None:
        self._graph = proto.graph
        self._links = Links(proto.graph)
        self._uses = Counter(name for node in self._links.nodes for name in needed_names(node))
        self._names = set(defined_names(proto.graph))

    def matrix(self, product: Product) -> Floats:
        """The weight."""
        weight = self._stored(product.weight)
        scaled = self._as_matrix(product, weight) * self._factor(product, "alpha")
        return np.asarray(scaled, dtype=np.float64)

    def groups(self, product: Product) -> int:
        """Groups of channels that do not touch each other."""
        return attribute_int(self._links.makers[product.node], "group", 1)

    def window(self, product: Product) -> Window | None:
        """How it slides; None for a product of matrices."""
        if product.op_type not in _CONVOLUTIONS:
            return None
        kernel = tuple(self._links.initializers[product.weight].dims[2:])
        return _window_of(self._links.makers[product.node], kernel)

    def is_plain(self, product: Product) -> bool:
        """Whether the node itself takes the stored tensor, as a matrix or a kernel."""
        tensor = self._links.initializers.get(product.weight)
        if tensor is None or product.weight not in self._links.makers[product.node].input:
            return False
        return product.op_type in _CONVOLUTIONS or len(tensor.dims) == 2

    def sums_inputs(self, product: Product) -> bool:
        """Whether outputs are sums over units of a group; groups of a Conv go as a whole."""
        return self.is_plain(product) and product.weight_input_axis is not None

    def is_own(self, product: Product) -> bool:
        """Whether the weight can be changed and no other node takes it."""
        return self.is_plain(product) and self._uses[product.weight] == 1

    def has_bias(self, product: Product) -> bool:
        """Whether there is a bias that can be changed, or room for one.

        That of a MatMul is left alone: its rows are tokens, and the mean over those of a few
        texts says little of others. On a language model a change of the biases raised the error
        on other texts by a third, where weights alone lowered it by a fifth.
        """
        node = self._links.makers[product.node]
        if product.op_type in _MATRICES or not self.is_plain(product):
            return False
        return product.weight == node.input[1] and self._bias(node, product) is not None

    def change(self, product: Product, weights: Floats, bias: Floats) -> None:
        """Adds to weight and bias, in place.

        Args:
            product: Its weight is its own, and it has a bias unless that stays as it is.
            weights: As `matrix`.
            bias: One for each output channel.
        """
        if weights.any():
            tensor = self._links.initializers[product.weight]
            changed = self.matrix(product) + weights
            changed /= self._factor(product, "alpha")
            stored = self._from_matrix(product, changed, tuple(tensor.dims))
            tensor.CopyFrom(numpy_helper.from_array(stored, tensor.name))
        if bias.any():
            self._change_bias(product, bias)

    def _stored(self, name: str) -> NDArray[np.generic]:
        return tensor_values(self._links.initializers[name])

    def _factor(self, product: Product, name: str) -> float:
        """Of a Gemm or FusedMatMul; 1 for all others."""
        value = attribute(self._links.makers[product.node], name)
        return value if isinstance(value, float) else 1.0

    def _as_matrix(self, product: Product, weight: NDArray[np.generic]) -> Floats:
        values = weight.astype(np.float64)
        if product.op_type not in _CONVOLUTIONS:
            return values[None] if _is_inputs_first(product) else values.T[None]
        groups = self.groups(product)
        grouped = values.reshape(groups, len(values) // groups, -1)
        return grouped if product.op_type == "ConvTranspose" else grouped.transpose(0, 2, 1)

    def _from_matrix(
        self, product: Product, matrix: Floats, shape: tuple[int, ...]
    ) -> NDArray[np.generic]:
        if product.op_type not in _CONVOLUTIONS:
            stored = matrix[0] if _is_inputs_first(product) else matrix[0].T
        elif product.op_type == "Conv":
            stored = matrix.transpose(0, 2, 1).reshape(shape)
        else:
            stored = matrix.reshape(shape)
        return np.ascontiguousarray(stored, dtype=self._stored(product.weight).dtype)

    def _bias(self, node: NodeProto, product: Product) -> Floats | None:
        """Its values by output channel, 0 without one; None where it is something else."""
        count = self._outputs(product)
        if len(node.input) < 3 or not node.input[2]:
            return np.zeros(count)
        tensor = self._links.initializers.get(node.input[2])
        if tensor is None:
            return None
        values = tensor_values(tensor).astype(np.float64)
        is_vector = values.size == 1 or values.shape[-1] == values.size == count
        return np.broadcast_to(values.ravel(), count) if is_vector else None

    def _change_bias(self, product: Product, change: Floats) -> None:
        node = self._links.makers[product.node]
        values = self._bias(node, product)
        assert values is not None, "there is a bias"
        changed = values + change / self._factor(product, "beta")
        name = fresh_name(f"{product.node}.bias", self._names)
        self._names.add(name)
        dtype = self._stored(product.weight).dtype
        tensor: TensorProto = self._graph.initializer.add()
        tensor.CopyFrom(numpy_helper.from_array(changed.astype(dtype), name))
        self._links.initializers[name] = tensor
        node.input[:] = [*node.input[:2], name]

    def _outputs(self, product: Product) -> int:
        tensor = self._links.initializers[product.weight]
        if product.op_type == "ConvTranspose":
            return int(tensor.dims[1] * self.groups(product))
        if product.op_type == "Conv":
            return int(tensor.dims[0])
        return int(tensor.dims[1 if _is_inputs_first(product) else 0])


def _is_inputs_first(product: Product) -> bool:
    """Whether the weight of a product of matrices is [inputs, outputs]."""
    return product.weight_output_axis == 1


def _window_of(node: NodeProto, kernel: tuple[int, ...]) -> Window:
    rank = len(kernel)
    pads = _ints(node, "pads", (0,) * 2 * rank)
    padding = attribute(node, "auto_pad")
    name = padding.decode() if isinstance(padding, bytes) else "NOTSET"
    is_given = name == "NOTSET"
    return Window(
        kernel=kernel,
        strides=_ints(node, "strides", (1,) * rank),
        dilations=_ints(node, "dilations", (1,) * rank),
        pads=pads[:rank] if is_given else (0,) * rank,
        ends=pads[rank:] if is_given else (0,) * rank,
        same=name if name.startswith("SAME") else "",
    )


def _ints(node: NodeProto, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
    value = attribute(node, name)
    return tuple(value) if isinstance(value, list) else default
