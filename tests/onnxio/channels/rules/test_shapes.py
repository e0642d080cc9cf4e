"""Channels are followed through everything that moves, joins, picks and parts axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import NodeProto

from tests.onnxio.channels.rules.chains import images, rows
from tests.onnxio.graphs_by_code import node


def integers(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def test_transposing_takes_channels_along(tmp_path: Path) -> None:
    between = [
        node("Transpose", "a", "t", perm=[0, 2, 1]),
        node("Relu", "t", "r"),
        node("Transpose", "r", "b", perm=[0, 2, 1]),
    ]
    channels = rows(between, tmp_path)
    assert channels.sizes == {"first": 8}
    assert channels.worst() < 1e-5


def test_axes_of_one_element_come_and_go(tmp_path: Path) -> None:
    between = [
        node("Unsqueeze", "a one", "u"),
        node("Squeeze", "u one", "s"),
        node("Relu", "s", "b"),
    ]
    channels = rows(between, tmp_path, {"one": integers(1)})
    assert channels.sizes == {"first": 8}
    assert channels.worst() < 1e-5


def test_an_axis_of_one_channel_that_is_taken_away_stays(tmp_path: Path) -> None:
    between = [node("Squeeze", "a one", "s"), node("Unsqueeze", "s one", "b")]
    channels = images(between, tmp_path, {"one": integers(1)}, made=1)
    assert channels.reasons["first"] == "Squeeze s takes its axis away"


PARTED: dict[str, tuple[list[NodeProto], dict[str, np.ndarray]]] = {
    "by sizes": ([node("Split", "a sizes", "l r", axis=1)], {"sizes": integers(3, 5)}),
    "by a number": ([node("Split", "a", "l r", axis=1, num_outputs=2)], {}),
}


@pytest.mark.parametrize("how", sorted(PARTED))
def test_parts_of_an_axis_are_groups_of_their_own(how: str, tmp_path: Path) -> None:
    """They go separate ways, so that not all of them may go from one part."""
    nodes, weights = PARTED[how]
    between = [*nodes, node("Sigmoid", "l", "s"), node("Concat", "r s", "b", axis=1)]
    channels = images(between, tmp_path, weights, opset=18)
    sizes = [3, 5] if how == "by sizes" else [4, 4]
    assert channels.sizes == dict(zip(["first", "first:2"], sizes, strict=True))
    assert channels.worst() < 1e-5


def test_gated_halves_of_an_axis_go_together(tmp_path: Path) -> None:
    between = [
        node("Split", "a sizes", "l r", axis=2),
        node("Sigmoid", "l", "s"),
        node("Mul", "s r", "b"),
    ]
    channels = rows(between, tmp_path, {"sizes": integers(4, 4)}, taken=4)
    assert channels.sizes == {"first": 4}
    assert channels.groups["first"].width == 2
    assert channels.worst() < 1e-5


def test_a_range_is_moved_with_what_stays_before_it(tmp_path: Path) -> None:
    between = [
        node("Slice", "a start end axis", "s"),
        node("Concat", "s a", "b", axis=1),
    ]
    bounds = {"start": integers(2), "end": integers(-1), "axis": integers(1)}
    channels = images(between, tmp_path, bounds, taken=13)
    assert channels.sizes == {"first": 3, "first:2": 5}
    assert channels.worst() < 1e-5


def test_a_range_with_steps_stays(tmp_path: Path) -> None:
    bounds = {name: integers(at) for name, at in (("s", 0), ("e", 8), ("at", 1), ("t", 2))}
    channels = images([node("Slice", "a s e at t", "b")], tmp_path, bounds, taken=4)
    assert channels.sizes == {}
    assert channels.reasons["first"].startswith("Slice b takes a part of it")


def test_picked_places_are_moved_with_what_stays_before_them(tmp_path: Path) -> None:
    """Picked once are 0, 5 and 7, twice 2 alone, and never the others."""
    between = [node("Gather", "a places", "b", axis=1)]
    channels = images(between, tmp_path, {"places": integers(7, 0, 2, 2, -3)}, taken=5)
    assert channels.sizes == {"first": 3, "first:2": 4}
    assert channels.worst() < 1e-5


def test_a_channel_that_is_taken_out_alone_stays(tmp_path: Path) -> None:
    """Those before it may go, which moves it."""
    between = [
        node("Gather", "a place", "g", axis=1),
        node("Unsqueeze", "g one", "u"),
        node("Mul", "a u", "b"),
    ]
    weights = {"place": np.array(5), "one": integers(1)}
    channels = images(between, tmp_path, weights)
    group = channels.groups["first"]
    assert (group.size, group.fixed, group.free) == (8, (5,), 7)
    assert channels.worst() < 1e-5


def test_a_size_that_is_computed_with_stays(tmp_path: Path) -> None:
    """The mean of all channels, as some exporters write it."""
    between = [
        node("Shape", "a", "sizes"),
        node("Gather", "sizes one", "count", axis=0),
        node("Cast", "count", "f", to=1),
        node("Div", "a f", "b"),
    ]
    channels = images(between, tmp_path, {"one": integers(1)}, simple=False)
    assert channels.sizes == {}
    assert channels.reasons["first"] == "Div b computes with its size"
