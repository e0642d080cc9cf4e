"""Channels are followed through other shapes, constant and computed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.onnxio.channels.rules.reshapes import blocks_of
from tests.onnxio.channels.found import found
from tests.onnxio.channels.rules.chains import IMAGE, ROWS, images, rows
from tests.onnxio.channels.rules.test_shapes import integers
from tests.onnxio.graphs_by_code import build, node, value
from tests.onnxio.quantize.nets import normal


def test_channels_go_with_all_their_places_of_a_flattened_image(tmp_path: Path) -> None:
    nodes = [
        node("Conv", "x w1", "a", name="first"),
        node("Flatten", "a", "f"),
        node("Gemm", "f w2", "y", name="last"),
    ]
    weights = {"w1": normal(8, 3, 1, 1), "w2": normal(8 * 36, 4)}
    proto = build(nodes, weights, [value("x", "N", 3, 6, 6)], [value("y", "N", 4)])
    channels = found(proto, {"x": IMAGE}, tmp_path)
    assert channels.sizes == {"first": 8}
    blocks = channels.graph.blocks(channels.groups["first"].id, channels.graph.products[1])
    assert [(block[0], block[-1]) for block in blocks[:2]] == [(0, 35), (36, 71)]
    assert channels.worst() < 1e-5


@pytest.mark.parametrize("wanted", [(0, 8, 36), (0, -1, 36), (0, 0, 36), (-1, 8, 36)])
@pytest.mark.parametrize("literal", [0, 1])
def test_a_constant_shape_is_written_for_each_that_takes_it(
    wanted: tuple[int, ...], literal: int, tmp_path: Path
) -> None:
    """A zero is the size before, unless the node says that it is a zero."""
    if literal:
        wanted = tuple(size or old for size, old in zip(wanted, (2, 8, 36), strict=True))
    between = [
        node("Reshape", "a wanted", "r", allowzero=literal),
        node("Sigmoid", "r", "s"),
        node("Conv", "x w3", "c", name="other"),
        node("Reshape", "c wanted", "t", allowzero=literal),
        node("Concat", "s t", "j", axis=1),
        node("Reshape", "j back", "b"),
    ]
    weights = {
        "wanted": integers(*wanted), "back": integers(0, 16, 6, 6),
        "w3": normal(8, 3, 1, 1, seed=7),
    }  # fmt: skip
    channels = images(between, tmp_path, weights, taken=16)
    assert channels.sizes == {"first": 8, "other": 8}
    assert channels.worst() < 1e-5


HEADS = (
    node("Reshape", "a parts", "r"),
    node("Transpose", "r", "t", perm=[0, 2, 1, 3]),
    node("MatMul", "t inner", "m"),
    node("Transpose", "m", "u", perm=[0, 2, 1, 3]),
)


def per_head(**weights: np.ndarray) -> dict[str, np.ndarray]:
    return {"parts": integers(0, 0, 4, 2), "inner": normal(2, 2, seed=6), **weights}


def test_heads_go_whole_where_what_is_in_them_is_mixed(tmp_path: Path) -> None:
    between = [*HEADS, node("Reshape", "u whole", "b")]
    channels = rows(between, tmp_path, per_head(whole=integers(0, 0, 8)))
    assert channels.sizes == {"first": 4}
    assert channels.groups["first"].width == 2
    assert channels.worst() < 1e-5


def test_a_size_taken_from_another_tensor_is_scaled_to_this_one(tmp_path: Path) -> None:
    """What is reshaped back wants the width of a tensor that itself gets narrower."""
    between = [
        *HEADS,
        node("MatMul", "x w3", "c", name="other"),
        node("Shape", "c", "sizes"),
        node("Reshape", "u sizes", "v"),
        node("Concat", "v c", "b", axis=2),
    ]
    weights = per_head(w3=normal(6, 8, seed=7))
    channels = rows(between, tmp_path, weights, taken=16, simple=False)
    assert channels.sizes == {"first": 4, "other": 8}
    assert channels.worst() < 1e-5


def test_heads_that_are_put_beside_the_batch_are_scaled(tmp_path: Path) -> None:
    """Batch times heads is computed, so that it has to stay right for every batch."""
    between = [
        node("Reshape", "a parts", "r"),
        node("Transpose", "r", "t", perm=[0, 2, 1, 3]),
        node("Shape", "x", "batch", start=0, end=1),
        node("Mul", "batch heads", "many"),
        node("Concat", "many rest", "wanted", axis=0),
        node("Reshape", "t wanted", "s"),
        node("MatMul", "s inner", "m"),
        node("Concat", "batch back", "unwanted", axis=0),
        node("Reshape", "m unwanted", "n"),
        node("Transpose", "n", "u", perm=[0, 2, 1, 3]),
        node("Reshape", "u whole", "b"),
    ]
    weights = per_head(
        heads=integers(4), rest=integers(5, 2), back=integers(4, 5, 2), whole=integers(0, 0, 8),
    )  # fmt: skip
    channels = rows(between, tmp_path, weights, simple=False)
    assert channels.sizes == {"first": 4}
    assert channels.worst() < 1e-5
    group = channels.groups["first"].id
    batch = {"x": np.concatenate([ROWS, ROWS, ROWS])}
    wider = type(channels)(
        prepared=channels.prepared, model=channels.model, shapes=channels.shapes,
        graph=channels.graph, feeds=batch,
    )  # fmt: skip
    assert wider.error({group: (1, 2)}) < 1e-5


def test_channels_are_expanded_and_repeated(tmp_path: Path) -> None:
    between = [
        node("GlobalAveragePool", "a", "g"),
        node("Expand", "g wanted", "e"),
        node("Tile", "e times", "b"),
    ]
    weights = {"wanted": integers(2, 8, 6, 6), "times": integers(1, 2, 1, 1)}
    channels = images(between, tmp_path, weights, taken=16)
    assert channels.sizes == {"first": 8}
    assert channels.worst() < 1e-5


def test_a_tensor_of_zeros_is_as_wide_as_what_it_is_made_for(tmp_path: Path) -> None:
    between = [
        node("Shape", "a", "sizes"),
        node("ConstantOfShape", "sizes", "zeros"),
        node("Max", "a zeros", "b"),
    ]
    channels = images(between, tmp_path, simple=False)
    assert channels.sizes == {"first": 8}
    assert channels.worst() < 1e-5


@pytest.mark.parametrize("mode", ["DCR", "CRD"])
def test_channels_that_become_places_go_together(mode: str, tmp_path: Path) -> None:
    between = [node("DepthToSpace", "a", "b", blocksize=2, mode=mode)]
    channels = images(between, tmp_path, taken=2)
    assert channels.sizes == {"first": 2}
    assert channels.groups["first"].width == 4
    assert channels.worst() < 1e-5


def test_places_become_channels(tmp_path: Path) -> None:
    channels = images([node("SpaceToDepth", "a", "b", blocksize=2)], tmp_path, taken=32)
    assert channels.sizes == {"first": 8}
    assert channels.worst() < 1e-5


FACTORS = st.lists(st.tuples(st.sampled_from([1, 2, 3]), st.booleans(), st.booleans()), min_size=1)


def shape_of(factors: Sequence[tuple[int, bool]]) -> tuple[int, ...]:
    """Factors of which some begin an axis, and the others make the one before them longer."""
    sizes: list[int] = []
    for size, begins in factors:
        if begins or not sizes:
            sizes.append(size)
        else:
            sizes[-1] *= size
    return tuple(sizes)


@settings(max_examples=60, deadline=None)
@given(FACTORS)
def test_blocks_of_two_shapes_hold_the_same_elements(
    factors: Sequence[tuple[int, bool, bool]],
) -> None:
    """Each axis is in one block, in order."""
    before = shape_of([(size, one) for size, one, _ in factors])
    after = shape_of([(size, other) for size, _, other in factors])
    blocks = list(blocks_of(before, after))
    assert [at for ins, _ in blocks for at in ins] == list(range(len(before)))
    assert [at for _, outs in blocks for at in outs] == list(range(len(after)))
    for ins, outs in blocks:
        assert math.prod(before[at] for at in ins) == math.prod(after[at] for at in outs)


def test_blocks_are_as_fine_as_possible() -> None:
    assert list(blocks_of((2, 8, 6, 6), (2, 4, 2, 36))) == [
        ([0], [0]),
        ([1], [1, 2]),
        ([2, 3], [3]),
    ]
    assert list(blocks_of((1, 5, 8), (5, 4, 2))) == [([0, 1], [0]), ([2], [1, 2])]
    assert list(blocks_of((2, 8, 1, 1), (2, 8))) == [([0], [0]), ([1, 2, 3], [1])]
