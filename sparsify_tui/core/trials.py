"""Which other sizes and constants to try where a model does not run on the guessed ones."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from math import prod

from sparsify_tui.core.inputs import assume_shapes, free_axes
from sparsify_tui.core.model import Found, TensorSpec
from sparsify_tui.core.text import clean_text

_HEIGHTS = (48, 32, 64, 320, 640, 256, 512, 128, 96, 299, 384, 416, 28, 16, 8)
"""Of images: text lines first, then detectors and classifiers; the guess was tried before."""
_LENGTHS = (576, 512, 1024, 1280, 1600, 4000, 16000, 48000, 256, 128, 64, 32, 16, 8, 4, 2)
"""Of a signal: windows of speech models, 576 being 512 new samples after 64 old ones."""
_FRAMES = (100, 128, 76, 64, 32, 16, 256, 512, 8, 4, 2)
_TOKENS = (64, 77, 32, 16, 8, 4, 2, 1, 256, 512)
_BATCHES = (2, 4, 8, 16, 32)
_VALUES = (1, 0, 2, 128, 16000, 8000)
"""Of a scalar: flags, counts, the length that tokens are guessed at, sampling rates."""
_FLAGS_ONLY = frozenset({"bool", "int8", "uint8"})
_FEW_INTEGERS = 4
"""Up to so many an input counts as a scalar: a rate, a size, a switch."""


def has_guesses(
    inputs: tuple[TensorSpec, ...], dims: Mapping[str, int], values: Mapping[str, float]
) -> bool:
    """Whether a size other than the batch, or a scalar, was left to be guessed."""
    return any(axis or len(spec.shape) == 1 for _, spec, axis in free_axes(inputs, dims)) or bool(
        scalars_guessed(inputs, dims, values)
    )


def trials(
    inputs: tuple[TensorSpec, ...],
    dims: Mapping[str, int],
    values: Mapping[str, float],
    compared: Mapping[str, float],
) -> Iterator[Found]:
    """What to give beside `dims` and `values`, the likeliest first; some hundreds at most.

    Args:
        inputs: As the file declares them.
        dims: Sizes that are given.
        values: Constants that are given.
        compared: Constants that the model itself compares inputs with, such as a rate.
    """
    sizes = tuple(_sizes(inputs, dims))
    for constants in _constants(scalars_guessed(inputs, dims, values), compared):
        for more in sizes:
            yield Found(dims=more, values=constants)


def input_options(dims: Iterable[tuple[str, object]], values: Iterable[tuple[str, object]]) -> str:
    """The command-line options that give sizes and constants, ready to paste."""
    pairs = (("--dim", dims), ("--value", values))
    return " ".join(
        f"{option} {shlex.quote(clean_text(name))}={given}"
        for option, many in pairs
        for name, given in many
    )


def _sizes(
    inputs: tuple[TensorSpec, ...], dims: Mapping[str, int]
) -> Iterator[tuple[tuple[str, int], ...]]:
    """None, then one at a time, then all but the batch at once; batches come last."""
    yield ()
    ladders = {key: _ladder(spec, axis) for key, spec, axis in free_axes(inputs, dims)}
    inner = [key for key, ladder in ladders.items() if ladder is not _BATCHES]
    for key in inner:
        yield from (((key, size),) for size in ladders[key])
    if len(inner) > 1:
        for size in dict.fromkeys(size for key in inner for size in ladders[key]):
            yield tuple((key, size) for key in inner)
    for key in ladders.keys() - set(inner):
        yield from (((key, size),) for size in _BATCHES)


def _ladder(spec: TensorSpec, axis: int) -> tuple[int, ...]:
    rank = len(spec.shape)
    if axis == 0 and rank > 1:
        return _BATCHES
    if "int" in spec.dtype and rank < 4:
        return _TOKENS
    if rank == 4:
        return _HEIGHTS
    return _LENGTHS if axis == rank - 1 else _FRAMES


def scalars_guessed(
    inputs: tuple[TensorSpec, ...], dims: Mapping[str, int], values: Mapping[str, float]
) -> tuple[TensorSpec, ...]:
    """Inputs of one number, or of a few integers, which may have to be the right ones."""
    return tuple(
        spec
        for spec, assumed in zip(inputs, assume_shapes(inputs, dims), strict=True)
        if spec.name not in values
        and prod(int(size) for size in assumed.shape) <= _most_elements(spec)
        and not any(isinstance(size, str) for size in spec.shape[1:])
    )


def _most_elements(spec: TensorSpec) -> int:
    if "float" not in spec.dtype:
        return _FEW_INTEGERS
    return 0 if len(spec.shape) == 1 and isinstance(spec.shape[0], str) else 1  # a signal


def _constants(
    scalars: tuple[TensorSpec, ...], compared: Mapping[str, float]
) -> Iterator[tuple[tuple[str, float], ...]]:
    known = {spec.name: compared[spec.name] for spec in scalars if spec.name in compared}
    yield tuple(known.items())
    if scalars:
        for value in _VALUES:
            more = {
                spec.name: float(value)
                for spec in scalars
                if value <= 1 or spec.dtype not in _FLAGS_ONLY
            }
            yield tuple({**more, **known}.items())
