"""Inputs for a model without data: good for timing, a makeshift for everything else."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sparsify_tui.analyses.constants import dtype_of, sizes_of
from sparsify_tui.core.model import TensorSpec
from sparsify_tui.core.protocols import Array
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import DataError

RANKING_ONLY = "ranking only, low confidence"
USABLE_RANKING = "random token ids: a usable ranking"
_SEED = 0
_SMALLEST_IMAGE = 16
_IMAGE_CHANNELS = (1, 3)


def made_up_feeds(inputs: tuple[TensorSpec, ...], rows: Mapping[str, int]) -> dict[str, Array]:
    """An array for each input, the same ones each time.

    Floats are noise of unit variance: in the shape of images with the spectrum of photographs,
    else white. Integers that look up rows of a table are any of its rows, and
    the others beside them are 1, which is a full mask: what a transformer makes of that ranks
    its layers nearly as real text does. Without a table integers are 0 or 1, which any table
    that was not recognised can look up.

    Args:
        inputs: At fixed shapes.
        rows: How many rows there are to look up, by input.

    Raises:
        DataError: An input is of a type that cannot be made up.
    """
    generator = np.random.default_rng(_SEED)
    return {spec.name: _made_up(generator, spec, rows) for spec in inputs}


def confidence_of(made_up: Mapping[str, Array], rows: Mapping[str, int]) -> str:
    """What outputs on made-up inputs tell of the layers, in words.

    Losses on random token ids rank the layers of a transformer nearly as those on text do
    (Spearman 0.97); on noise in the place of images 0.3 to 0.9 was found, by model and level,
    and the values mean nothing.
    """
    is_tokens = any(name in rows for name in made_up)
    has_floats = any(array.ndim and array.dtype.kind == "f" for array in made_up.values())
    return USABLE_RANKING if is_tokens and not has_floats else RANKING_ONLY


def _made_up(generator: np.random.Generator, spec: TensorSpec, rows: Mapping[str, int]) -> Array:
    shape, kind = sizes_of(spec), dtype_of(spec)
    if kind.kind == "f":
        white = np.asarray(generator.standard_normal(shape))
        spatial = _spatial_axes(shape)
        return (white if spatial is None else _natural(white, spatial)).astype(kind)
    if kind.kind in "iub":
        low, high = (0, rows.get(spec.name, 2)) if spec.name in rows or not rows else (1, 2)
        most = 2 if kind.kind == "b" else int(np.iinfo(kind.name).max) + 1
        return np.asarray(generator.integers(low, min(high, most), shape)).astype(kind)
    raise DataError(
        f"The input {clean_text(spec.name)} is of type {spec.dtype}, which cannot be made up.",
        "Give real samples with --data FILE.",
    )


def _spatial_axes(shape: tuple[int, ...]) -> tuple[int, int] | None:
    """Height and width where the shape is that of images; None elsewhere."""
    for channels, height, width in ((1, 2, 3), (3, 1, 2)):
        if (
            len(shape) == 4
            and shape[channels] in _IMAGE_CHANNELS
            and min(shape[height], shape[width]) >= _SMALLEST_IMAGE
        ):
            return height, width
    return None


def _natural(white: Array, axes: tuple[int, int]) -> Array:
    """Noise whose amplitudes fall with 1/f, each image scaled to unit variance.

    The spectrum of natural images: D. J. Field, "Relations between the statistics of natural
    images and the response properties of cortical cells", 1987.
    """
    height, width = (white.shape[axis] for axis in axes)
    down, across = np.fft.fftfreq(height), np.fft.rfftfreq(width)
    frequency = np.hypot(down[:, None], across[None]) + 1 / max(height, width)
    along = [1] * white.ndim
    for axis, size in zip(axes, frequency.shape, strict=True):
        along[axis] = size
    spectrum = np.fft.rfft2(white.astype(np.float32), axes=axes)
    spectrum /= frequency.reshape(along)
    noise: Array = np.fft.irfft2(spectrum, s=(height, width), axes=axes)
    noise /= noise.std(axis=tuple(range(1, noise.ndim)), keepdims=True)
    return noise
