"""What one layer's weight becomes under each change that is measured alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sparsify_tui.core.fake_quant import fake_quantize
from sparsify_tui.core.loss_profile import SCHEMES
from sparsify_tui.core.masks import mask_of, masked
from sparsify_tui.core.model import Layer
from sparsify_tui.core.protocols import Array
from sparsify_tui.core.sensitivity import magnitude_curve
from sparsify_tui.core.structures import WeightAxes, check_structure, n_of_m
from sparsify_tui.onnxio.axes import LayerAxes
from sparsify_tui.onnxio.load import LoadedModel

NOT_FINITE = "its weights hold NaN or infinity"
_UNTOLD = "it cannot be told which axis of its weight runs over the {}"
_BITS = {"int8": 8, "int8-tensor": 8, "int8-w8a8": 8, "int4": 4}


class Replacements:
    """The changed weights of a layer, in the shape and type of the stored tensor.

    Integers of a quantised tensor stay integers. No change is to be asked for that
    `problem` speaks against.

    Args:
        loaded: The file in memory.
        layer: One that `read_model` found in it.
        axes: Of the model's layers; given, it spares a walk over the model for each of them.
    """

    def __init__(self, loaded: LoadedModel, layer: Layer, axes: LayerAxes | None = None) -> None:
        self._loaded = loaded
        self._layer = layer
        self._find_axes = axes

    def pruned(self, level: float, structure: str) -> Array:
        """The weight with the least of it at zero, or at the integers that stand for zero."""
        stored, grid = self._stored, self._loaded.constants.grid(self._layer.weight)
        keep = mask_of(self._numbers, level, structure, self._axes)
        return masked(stored, keep) if grid is None else np.where(keep, stored, grid.zeros(stored))

    def quantized(self, scheme: str) -> Array:
        """The weight rounded to what the scheme can hold.

        Int8 inputs are not the weight's: for `int8-w8a8` this gives the same as for `int8`.
        """
        axis = None if scheme == "int8-tensor" else self._axes.outputs
        return fake_quantize(self._stored, bits=_BITS[scheme], axis=axis)

    def energies(self, levels: Sequence[float], structure: str) -> NDArray[np.float64]:
        """Share of Σw² that pruning to each of the levels removes, shape [levels]."""
        if structure == "unstructured":
            return magnitude_curve(self._numbers).removed_energy(levels)
        numbers = self._numbers
        squares = np.square(numbers, dtype=np.float64)
        total = float(squares.sum()) or 1.0
        masks = (mask_of(numbers, level, structure, self._axes) for level in levels)
        return np.array([squares[~keep].sum() / total for keep in masks])

    def problem(self, change: str) -> str:
        """Why the weight cannot be changed like that; empty when it can.

        Args:
            change: A structure or a scheme. Raises UsageError where it is none of them.
        """
        if not self._is_finite:
            return NOT_FINITE
        if change in SCHEMES:
            return self._scheme_problem(change)
        check_structure(change)
        return self._structure_problem(change)

    @property
    def _stored(self) -> Array:
        stored = self._loaded.constants.stored(self._layer.weight)
        assert stored is not None, "a layer was read from this weight"
        return stored

    @property
    def _numbers(self) -> Array:
        # not kept: all layers' at once would be the model again, in float32
        numbers = self._loaded.constants.numbers(self._layer.weight)
        assert numbers is not None, "a layer was read from this weight"
        return numbers

    @cached_property
    def _is_finite(self) -> bool:
        return bool(np.isfinite(self._numbers).all())

    @cached_property
    def _axes(self) -> WeightAxes:
        return (self._find_axes or LayerAxes(self._loaded))(self._layer)

    def _scheme_problem(self, scheme: str) -> str:
        if self._layer.quantized:
            return f"its weight is stored as {self._layer.dtype} already"
        if scheme != "int8-tensor" and self._axes.outputs is None:
            return _UNTOLD.format("outputs")
        return ""

    def _structure_problem(self, structure: str) -> str:
        if structure == "unstructured":
            return ""
        axes = self._axes
        if axes.inputs is None:
            return _UNTOLD.format("inputs")
        _, size = n_of_m(structure) or (0, 1)
        inputs = self._stored.shape[axes.inputs] // axes.groups
        if inputs < size:
            noun = "input" if inputs == 1 else "inputs"
            return f"each of its outputs has {inputs} {noun}, fewer than the {size} of {structure}"
        return ""
