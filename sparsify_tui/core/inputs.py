"""Guesses a size for every dimension that a model leaves open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from sparsify_tui.core.model import Shape, TensorSpec
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import UsageError

UNNAMED = "?"
_IMAGE_SIDE = 224
_TEXT_LINE_HEIGHT = 64
_TEXT_LINE_WIDTH = 320
_TOKENS = 128
_CHANNELS = (1, 3, 4)

Rule = Callable[[TensorSpec, int], int | None]
"""Size of an open axis of an input, or None when the rule does not apply."""


def assume_shapes(
    inputs: tuple[TensorSpec, ...], dims: Mapping[str, int], batch: int = 1
) -> tuple[TensorSpec, ...]:
    """Gives every open dimension a size: the given one, else a guess from rank and type.

    A dimension's name is never a hint, since exporters call them `s43`; but dimensions of
    the same name get the same size in all inputs.

    Args:
        inputs: As the file declares them.
        dims: Sizes by a dimension's name, or by `input:axis` such as `x:2`.
        batch: Size of an open first axis that is not given.

    Raises:
        UsageError: A key fits no open dimension, a size is below one, or two sizes are
            given for one name.
    """
    sizes = _given_sizes(inputs, dims)
    known = tuple(replace(spec, shape=_filled(spec, sizes)) for spec in inputs)
    for rule in (_batch_rule(batch), _image_rule, _token_rule, _one_rule):
        for spec, axis in _open_axes(known):
            key = _key(spec, axis)
            if key not in sizes and (size := rule(spec, axis)) is not None:
                sizes[key] = size
    return tuple(replace(spec, shape=_filled(spec, sizes)) for spec in inputs)


def open_dims(inputs: tuple[TensorSpec, ...]) -> tuple[str, ...]:
    """What `dims` may name: each open dimension's name, or `input:axis` when it has none."""
    return tuple(dict.fromkeys(_key(spec, axis) for spec, axis in _open_axes(inputs)))


def dim_keys(inputs: tuple[TensorSpec, ...]) -> frozenset[str]:
    """All keys that `dims` may have: names, and `input:axis` of every open dimension."""
    axes = tuple(_open_axes(inputs))
    return frozenset(key(spec, axis) for spec, axis in axes for key in (_key, _position))


def free_axes(
    inputs: tuple[TensorSpec, ...], dims: Mapping[str, int]
) -> tuple[tuple[str, TensorSpec, int], ...]:
    """Each open dimension that `dims` does not give: its key, and the first axis that has it."""
    given = _given_sizes(inputs, dims)
    first: dict[str, tuple[TensorSpec, int]] = {}
    for spec, axis in _open_axes(inputs):
        first.setdefault(_key(spec, axis), (spec, axis))
    return tuple((key, spec, axis) for key, (spec, axis) in first.items() if key not in given)


def _given_sizes(inputs: tuple[TensorSpec, ...], dims: Mapping[str, int]) -> dict[str, int]:
    keys = {_position(spec, axis): _key(spec, axis) for spec, axis in _open_axes(inputs)}
    keys |= {key: key for key in keys.values()}
    sizes: dict[str, int] = {}
    for name, size in dims.items():
        if name not in keys:
            raise _unknown_dim(name, inputs)
        if size < 1:
            raise UsageError(f"The size of {clean_text(name)} is {size}, but it must be 1 or more.")
        if sizes.setdefault(keys[name], size) != size:
            raise UsageError(
                f"The dimension {clean_text(keys[name])} is given two sizes, "
                f"{sizes[keys[name]]} and {size}.",
                "Give it once: dimensions of one name are equal in all inputs.",
            )
    return sizes


def _unknown_dim(name: str, inputs: tuple[TensorSpec, ...]) -> UsageError:
    known = ", ".join(clean_text(key) for key in open_dims(inputs))
    hint = f"Open dimensions are: {known}." if known else "All its dimensions are fixed."
    return UsageError(f"The model has no open dimension {clean_text(name)}.", hint)


def _open_axes(inputs: tuple[TensorSpec, ...]) -> Iterator[tuple[TensorSpec, int]]:
    for spec in inputs:
        for axis, size in enumerate(spec.shape):
            if isinstance(size, str):
                yield spec, axis


def _position(spec: TensorSpec, axis: int) -> str:
    return f"{spec.name}:{axis}"


def _key(spec: TensorSpec, axis: int) -> str:
    name = str(spec.shape[axis])
    return _position(spec, axis) if name == UNNAMED else name


def _filled(spec: TensorSpec, sizes: Mapping[str, int]) -> Shape:
    return tuple(
        sizes.get(_key(spec, axis), size) if isinstance(size, str) else size
        for axis, size in enumerate(spec.shape)
    )


def _batch_rule(batch: int) -> Rule:
    return lambda _spec, axis: batch if axis == 0 else None


def _image_rule(spec: TensorSpec, axis: int) -> int | None:
    if len(spec.shape) != 4 or "float" not in spec.dtype or axis not in _spatial(spec.shape):
        return None
    height_axis, width_axis = _spatial(spec.shape)
    other = spec.shape[height_axis if axis == width_axis else width_axis]
    if isinstance(other, str):
        return _IMAGE_SIDE
    if axis == width_axis and other <= _TEXT_LINE_HEIGHT:
        return _TEXT_LINE_WIDTH
    return other


def _spatial(shape: Shape) -> tuple[int, int]:
    channels_last = isinstance(shape[1], str) and shape[3] in _CHANNELS
    return (1, 2) if channels_last else (2, 3)


def _token_rule(spec: TensorSpec, _axis: int) -> int | None:
    return _TOKENS if len(spec.shape) in (2, 3) and "int" in spec.dtype else None


def _one_rule(_spec: TensorSpec, _axis: int) -> int | None:
    return 1
