"""Rows of a product: what one of its outputs is computed from, at some places of a batch."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sparsify_tui.core.protocols import Array
from sparsify_tui.onnxio.channels import Product
from sparsify_tui.onnxio.channels.weights import ProductWeights, Window

Places: TypeAlias = "tuple[NDArray[np.intp], ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowForm:
    """How the rows of a product are read from its input and its output."""

    data_axis: int
    """Over the input channels."""
    output_axis: int
    """Over the output channels."""
    groups: int
    window: Window | None
    """None for a product of matrices."""
    is_transposed: bool
    """Whether the window slides over the output."""

    @property
    def is_solvable(self) -> bool:
        """Whether each output place is one row times the matrix.

        Not so for a ConvTranspose whose windows overlap or leave gaps.
        """
        return not self.is_transposed or (self.window is not None and self.window.is_partition)

    @property
    def for_bias(self) -> RowForm:
        """The form by which the rows of outputs are those of the bias."""
        return replace(self, groups=1, window=None, is_transposed=False)

    def places(self, data: Array, output: Array, most: int, seed: int) -> Places:
        """So many places, or all where there are no more, the same ones for the same seed."""
        tensor = data if self.is_transposed else output
        axis = self.data_axis if self.is_transposed else self.output_axis
        sizes = np.moveaxis(tensor, axis, -1).shape[:-1]
        total = math.prod(sizes)
        flat = np.arange(total)
        if total > most:
            flat = np.sort(np.random.default_rng(seed).choice(total, most, replace=False))
        return np.unravel_index(flat, sizes)

    def inputs(self, data: Array, space: tuple[int, ...], places: Places) -> Array:
        """Columns of the input: [groups, places, columns].

        Args:
            data: The input.
            space: Sizes of the output's axes of space.
            places: From `places`.
        """
        if self.window is None or self.is_transposed:
            rows = np.moveaxis(data, self.data_axis, -1)[places]
        else:
            rows = _windows(data, self.window, space, places)
        return self.grouped(rows)

    def outputs(self, output: Array, places: Places) -> Array:
        """What is put out there: [places, channels, …]."""
        if self.is_transposed:
            assert self.window is not None, "it slides"
            return np.asarray(_patches(output, self.window.kernel)[places])
        return np.asarray(np.moveaxis(output, self.output_axis, -1)[places])

    def grouped(self, rows: Array) -> Array:
        """Rows [places, channels, …] as matrices have them: [groups, places, columns]."""
        return np.asarray(rows.reshape(len(rows), self.groups, -1).transpose(1, 0, 2))


def row_form(product: Product, weights: ProductWeights) -> RowForm:
    """The form of a product in the model that `weights` are of."""
    return RowForm(
        data_axis=product.data_axis,
        output_axis=product.output_axis,
        groups=weights.groups(product),
        window=weights.window(product),
        is_transposed=product.op_type == "ConvTranspose",
    )


def _windows(data: Array, window: Window, space: tuple[int, ...], places: Places) -> Array:
    """What the kernel covers at places (sample, *position), shape [places, channels, *kernel].

    Args:
        data: Shape [samples, channels, *space].
        window: Of the convolution.
        space: Sizes of the output.
        places: In the output.
    """
    begins, ends = _padding(data.shape[2:], window, space)
    padded = np.pad(data, ((0, 0), (0, 0), *zip(begins, ends, strict=True)))
    rank = len(window.kernel)
    index = [places[0].reshape(-1, *(1,) * rank)]
    for axis, size in enumerate(window.kernel):
        taps = places[axis + 1][:, None] * window.strides[axis]
        taps = taps + np.arange(size) * window.dilations[axis]
        index.append(taps.reshape(-1, *(size if at == axis else 1 for at in range(rank))))
    found = np.moveaxis(padded, 1, -1)[tuple(index)]  # [places, *kernel, channels]
    return np.moveaxis(found, -1, 1)


def _padding(
    data: tuple[int, ...], window: Window, space: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if not window.same:
        return window.pads, window.ends
    lacking = [
        max((size - 1) * stride + (taps - 1) * dilation + 1 - length, 0)
        for length, size, taps, stride, dilation in zip(
            data, space, window.kernel, window.strides, window.dilations, strict=True
        )
    ]
    halves = [one // 2 if window.same == "SAME_UPPER" else one - one // 2 for one in lacking]
    return tuple(halves), tuple(one - half for one, half in zip(lacking, halves, strict=True))


def _patches(output: Array, kernel: tuple[int, ...]) -> Array:
    """Cuts space into patches of the kernel's size: [samples, *space, channels, *kernel]."""
    samples, channels, *space = output.shape
    split: list[int] = []
    for size, taps in zip(space, kernel, strict=True):
        split += [size // taps, taps]
    ahead, inside = range(2, 2 + len(split), 2), range(3, 3 + len(split), 2)
    return output.reshape(samples, channels, *split).transpose(0, *ahead, 1, *inside)
