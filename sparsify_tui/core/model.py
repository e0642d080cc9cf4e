"""What is in a model file: the nouns that every room shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

LayerId = NewType("LayerId", str)
Shape = tuple[int | str, ...]
"""Sizes in order; a string is a dimension the file leaves open, by its name or "?"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """An input or output of the model."""

    name: str
    dtype: str
    """numpy's name of the element type, such as float32."""
    shape: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a model needed to run and nobody gave: found by trying."""

    dims: tuple[tuple[str, int], ...] = ()
    """Sizes of open dimensions, by name or `input:axis`."""
    values: tuple[tuple[str, float], ...] = ()
    """Constants, by input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A constant weight and the graph nodes that use it, wherever in the file these are."""

    id: LayerId
    """Stable for one file: the first using node's name, or its first output's."""
    node: str
    """Name of the first node that uses the weight, as the file spells it."""
    op_type: str
    weight: str
    """Name of the tensor that holds the weight, as the file spells it."""
    module_path: str | None
    """`layer1.0.conv1` where the weight's own name is of the form `layer1.0.conv1.weight`."""
    shape: tuple[int, ...]
    """Shape of the weight as it is stored."""
    params: int
    """Elements of the weight and of the bias that goes with it."""
    flops: int | None
    """Of one run at the assumed input shapes, all users together; None where shapes are unknown.

    A loop's body counts once. Of the branches of an If the dearest counts.
    """
    prunable: bool
    quantizable: bool
    density: float
    """Fraction of the weight's elements that are not zero; of integers, not their zero point."""
    group: str | None = None
    """Name of the coupling group: the tied weight that several nodes share."""
    users: tuple[str, ...] = ()
    """First output of every node that uses the weight, in graph order."""
    scope: str = ""
    """The body that the first user is in, such as `If_0.then_branch`; empty in the main graph."""
    dtype: str = "float32"
    """numpy's name of the element type that the file stores."""
    quantized: bool = False
    """Whether what is stored are integers that stand for numbers by a scale and a zero point."""

    @property
    def weight_params(self) -> int:
        """Elements of the weight alone."""
        count = 1
        for size in self.shape:
            count *= size
        return count

    @property
    def label(self) -> str:
        """What a person calls the layer: its module path, else its id.

        An exporter's scope such as `/layers.0/q/MatMul` goes without slash and operator.
        """
        if self.module_path is not None:
            return self.module_path
        scope = self.id.removesuffix(f"/{self.op_type}")
        return scope.removeprefix("/") if scope.startswith("/") and scope != "/" else self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model file as read: sizes, interface and layers in graph order."""

    path: str
    sha256: str
    """Of the file itself; weights beside it are covered by their location and size."""
    bytes: int
    """Of the file and its external data."""
    opset: int
    ir_version: int
    producer: str
    params: int
    """Numbers in the constants of all graphs, each stored tensor counted once."""
    flops: int | None
    """Of one run at `assumed`, counted as in `Layer.flops`; None when no layer's are known."""
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    layers: tuple[Layer, ...]
    assumed: tuple[TensorSpec, ...] = ()
    """The inputs at the shapes that FLOPs were counted for."""
    found: Found = Found()
    """What every run starts from, beside what is given."""
    unreached_params: int = 0
    """Elements of matrices that are part of no layer: their operators are none of a layer's."""
    precision: str = "float32"
    """Of the weights: float32, float64, float16, bfloat16, int8, another type, or mixed."""
    warnings: tuple[str, ...] = ()

    @property
    def prunable(self) -> tuple[Layer, ...]:
        """The layers whose weight can be pruned, in graph order."""
        return tuple(layer for layer in self.layers if layer.prunable)

    def layer(self, layer_id: str) -> Layer | None:
        """The layer of that id, weight or module path, or None."""
        for layer in self.layers:
            if layer_id in (layer.id, layer.weight, layer.module_path):
                return layer
        return None
