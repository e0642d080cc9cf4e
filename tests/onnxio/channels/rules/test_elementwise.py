"""Channels go through what works on each element alone, constants beside them included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.onnxio.channels.rules.chains import images, rows
from tests.onnxio.graphs_by_code import node
from tests.onnxio.quantize.nets import normal


@pytest.mark.parametrize("op_type", ["Relu", "Sigmoid", "Erf", "HardSwish", "Neg"])
def test_one_tensor_passes_its_channels_on(op_type: str, tmp_path: Path) -> None:
    channels = images([node(op_type, "a", "b")], tmp_path)
    assert channels.sizes == {"first": 8}
    assert channels.worst() < 1e-5


@pytest.mark.parametrize("shape", [(), (1,), (8, 1, 1), (1, 8, 1, 1), (1, 8, 6, 6)])
@pytest.mark.parametrize("op_type", ["Add", "Mul", "Max", "PRelu"])
def test_a_constant_is_cut_along_where_it_has_the_channels(
    op_type: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    channels = images([node(op_type, "a c", "b")], tmp_path, {"c": normal(*shape, seed=4)})
    assert channels.sizes == {"first": 8}
    assert channels.worst() < 1e-5


def test_limits_that_are_numbers_do_not_matter(tmp_path: Path) -> None:
    limits = {"low": np.array(0, np.float32), "high": np.array(1, np.float32)}
    channels = images([node("Clip", "a low high", "b")], tmp_path, limits)
    assert channels.sizes == {"first": 8}
    assert channels.worst() < 1e-5


def test_a_sum_of_two_tensors_ties_their_channels(tmp_path: Path) -> None:
    between = [node("Conv", "x w3", "c", name="side"), node("Add", "a c", "b")]
    channels = images(between, tmp_path, {"w3": normal(8, 3, 1, 1, seed=5)})
    assert channels.sizes == {"first": 8}
    assert channels.groups["first"].producers == ("first", "side")
    assert channels.worst() < 1e-5


def test_a_tensor_that_is_repeated_beside_channels_stays(tmp_path: Path) -> None:
    """One channel that scales all others cannot go; those can."""
    between = [node("Conv", "x w3", "c", name="gate"), node("Mul", "a c", "b")]
    channels = images(between, tmp_path, {"w3": normal(1, 3, 1, 1, seed=5)})
    assert channels.sizes == {"first": 8}
    assert channels.reasons["gate"] == "Mul b repeats it"
    assert channels.worst() < 1e-5


def test_what_is_added_to_the_image_stays(tmp_path: Path) -> None:
    channels = images([node("Add", "a x", "b")], tmp_path, made=3)
    assert channels.sizes == {}
    assert channels.reasons["first"].startswith("Add b joins it with a tensor")


def test_ends_of_a_concatenation_are_groups_of_their_own(tmp_path: Path) -> None:
    between = [
        node("Conv", "x w3", "c", name="side"),
        node("Concat", "a c x", "b", axis=1),
    ]
    channels = images(between, tmp_path, {"w3": normal(5, 3, 1, 1, seed=5)}, taken=16)
    assert channels.sizes == {"first": 8, "side": 5}
    width = channels.graph.width("b", 1)
    assert (width.fixed, [part.elements for part in width.parts]) == (3, [8, 5])
    assert channels.worst() < 1e-5


def test_a_scaled_row_keeps_its_hidden_units_apart(tmp_path: Path) -> None:
    channels = rows([node("Mul", "a c", "b")], tmp_path, {"c": normal(8, seed=4)})
    group = channels.groups["first"]
    assert (group.kind, group.size, group.step) == ("hidden unit", 8, 1)
    assert channels.worst() < 1e-5
