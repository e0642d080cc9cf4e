"""Groups of channels, what is told of them, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from sparsify_tui.core.channels.groups import GroupId
from sparsify_tui.errors import UsageError
from tests.onnxio.channels.found import Found, found
from tests.onnxio.channels.rules.chains import IMAGE, images
from tests.onnxio.graphs_by_code import build, node, value
from tests.onnxio.quantize.nets import IMAGES, normal, residual

FIRST = GroupId("first")


@pytest.fixture
def chain(tmp_path: Path) -> Found:
    return images([node("Relu", "a", "b")], tmp_path)


def test_a_residual_group_has_all_layers_that_write_to_it(tmp_path: Path) -> None:
    channels = found(residual(), IMAGES, tmp_path)
    assert channels.sizes == {"conv1": 16, "conv3": 32}
    group = channels.groups["conv1"]
    assert (group.producers, group.consumers) == (("conv1", "conv2"), ("conv2", "conv3"))
    assert (group.kind, group.step, group.free) == ("channel", 16, 15)
    assert channels.worst() < 1e-5


def test_the_ends_of_the_model_stay(tmp_path: Path) -> None:
    channels = found(residual(), IMAGES, tmp_path)
    locked = {one.layers: one.reason for one in channels.graph.map.locked}
    assert locked == {
        ("fc",): "y is an output of the model",
        (): "Conv b1 takes what the model is fed",
    }


def test_layers_at_the_ends_count_with_their_other_side(tmp_path: Path) -> None:
    channels = found(residual(), IMAGES, tmp_path)
    assert (channels.graph.map.reach_one, channels.graph.map.reach_both) == (1, 1)


def test_work_that_cannot_shrink_is_not_reached(tmp_path: Path) -> None:
    """The wide layer alone makes an output, and takes the image."""
    nodes = [
        node("Conv", "x w", "y", name="wide"),
        node("Conv", "x w1", "a", name="first"),
        node("Conv", "a w2", "z", name="last"),
    ]
    weights = {"w": normal(12, 3, 1, 1), "w1": normal(2, 3, 1, 1), "w2": normal(3, 2, 1, 1)}
    outputs = [value("y", "N", 12, 6, 6), value("z", "N", 3, 6, 6)]
    proto = build(nodes, weights, [value("x", "N", 3, 6, 6)], outputs)
    channels = found(proto, {"x": IMAGE}, tmp_path)
    assert channels.graph.map.reach_one == pytest.approx(12 / 48)
    assert channels.graph.map.reach_both == pytest.approx(12 / 48)


def test_only_the_last_layer_makes_the_output(tmp_path: Path) -> None:
    """The one before it makes what an operator between them locks."""
    between = [node("Conv", "a w", "c", name="middle"), node("LRN", "c", "b", size=3)]
    channels = images(between, tmp_path, {"w": normal(8, 8, 1, 1, seed=4)})
    first, middle, last = 8 * 3, 8 * 8, 4 * 8
    assert channels.sizes == {"first": 8}
    total = first + middle + last
    assert channels.graph.map.reach_one == pytest.approx((first + middle) / total)
    assert channels.graph.map.reach_both == pytest.approx(first / total)


def test_widths_of_layers_follow_the_groups(tmp_path: Path) -> None:
    layers = {one.id: one for one in found(residual(), IMAGES, tmp_path).graph.map.layers}
    kept = {GroupId("conv1"): 8, GroupId("conv3"): 16}
    assert [layers[name].outputs.at(kept) for name in ("conv1", "conv2", "conv3")] == [8, 8, 16]
    assert layers["conv1"].inputs.at(kept) == 3
    assert layers["conv3"].share(kept) == 0.25
    assert not layers["conv3"].depthwise


def test_products_are_told_in_graph_order(chain: Found) -> None:
    first, last = chain.graph.products
    assert (first.node, first.layer, first.weight, first.bias) == ("a", "first", "w1", "b1")
    assert (last.data, last.output, last.data_axis, last.output_axis) == ("b", "y", 1, 1)
    assert (last.weight_input_axis, last.weight_output_axis) == (1, 0)
    assert [block.tolist() for block in chain.graph.blocks(FIRST, last)] == [
        [at] for at in range(8)
    ]
    assert [block.size for block in chain.graph.blocks(FIRST, first)] == [0] * 8


def test_what_stays_of_a_tensor_is_told(chain: Found) -> None:
    removed = {FIRST: (0, 5)}
    assert np.flatnonzero(~chain.graph.kept("b", 1, removed)).tolist() == [0, 5]
    assert np.flatnonzero(~chain.graph.kept("w2", 1, removed)).tolist() == [0, 5]
    assert chain.graph.kept("x", 1, removed).tolist() == [True] * 3
    assert chain.graph.width("b", 1).at({FIRST: 6}) == 6


@pytest.mark.parametrize("change", ["cut", "masked"])
def test_the_model_itself_stays_as_it_is(change: str, chain: Found) -> None:
    before = chain.graph.proto.SerializeToString()
    getattr(chain.graph, change)({FIRST: (1, 2)})
    assert chain.graph.proto.SerializeToString() == before


def test_other_numbers_are_cut_the_same_way(chain: Found) -> None:
    other = type(chain.graph.proto)()
    other.CopyFrom(chain.graph.proto)
    (weight,) = (one for one in other.graph.initializer if one.name == "w2")
    twice = 2 * numpy_helper.to_array(weight)
    weight.CopyFrom(numpy_helper.from_array(twice, "w2"))
    cut = chain.graph.cut({FIRST: (3,)}, other)
    (weight,) = (one for one in cut.graph.initializer if one.name == "w2")
    assert np.array_equal(numpy_helper.to_array(weight), np.delete(twice, 3, axis=1))


@pytest.mark.parametrize("change", ["cut", "masked"])
@pytest.mark.parametrize(
    ("removed", "said"),
    [
        ({"no\nsuch": (0,)}, "There is no group of channels no␊such."),
        ({"first": (8,)}, "The channel 8 of the group first must stay."),
        ({"first": (-1,)}, "The channel -1 of the group first must stay."),
        ({"first": range(8)}, "All of the group first would go."),
    ],
)
def test_what_cannot_go_is_refused(
    change: str, removed: dict[GroupId, tuple[int, ...]], said: str, chain: Found
) -> None:
    with pytest.raises(UsageError) as refused:
        getattr(chain.graph, change)(removed)
    assert refused.value.message == said
    assert refused.value.hint


def test_a_unit_that_is_fixed_cannot_go(tmp_path: Path) -> None:
    between = [node("Gather", "a at", "g", axis=1), node("Unsqueeze", "g one", "u"),
               node("Mul", "a u", "b")]  # fmt: skip
    channels = images(between, tmp_path, {"at": np.array(5), "one": np.array([1])})
    with pytest.raises(UsageError, match="The channel 5 of the group first must stay"):
        channels.graph.cut({FIRST: (4, 5)})


def test_an_unknown_operator_locks_what_it_takes_and_is_named(tmp_path: Path) -> None:
    """The name could move the cursor of a terminal."""
    between = [
        node("Relu", "a", "r"),
        node("LRN", "r", "\x1b[2J", size=3),
        node("Relu", "\x1b[2J", "b"),
    ]
    channels = images(between, tmp_path)
    assert channels.sizes == {}
    assert channels.reasons["first"] == "LRN ␛[2J is not understood"


def test_a_branch_locks_what_it_takes_from_outside(tmp_path: Path) -> None:
    branches = {
        name: helper.make_graph(
            [node("Mul", "a scale" if name == "then_branch" else "a a", f"{name}_y")],
            name, [], [helper.make_tensor_value_info(f"{name}_y", TensorProto.FLOAT, None)],
        )
        for name in ("then_branch", "else_branch")
    }  # fmt: skip
    between = [
        node("ReduceSum", "x", "total", keepdims=0),
        node("Greater", "total zero", "flag"),
        node("If", "flag", "c", **branches),
        node("Add", "c a", "b"),
    ]
    weights = {"scale": normal(8, 1, 1, seed=4), "zero": np.array(0, np.float32)}
    channels = images(between, tmp_path, weights)
    assert channels.sizes == {}
    assert channels.reasons["first"] == "If c is not understood"


def test_groups_are_named_by_the_first_layer_and_stay_so(tmp_path: Path) -> None:
    one, other = (images([node("Relu", "a", "b")], tmp_path) for _ in range(2))
    assert one.graph.map == other.graph.map


def test_a_model_with_nothing_to_cut_has_no_groups(tmp_path: Path) -> None:
    proto = build([node("Gemm", "x w", "y", name="only")], {"w": normal(8, 4)})
    channels = found(proto, {"x": normal(2, 8)}, tmp_path)
    assert (channels.sizes, channels.graph.map.reach_one) == ({}, 0)
    assert "y is an output of the model" in channels.reasons["only"]


def test_the_step_is_that_of_the_kernels_only_where_there_are_convolutions(tmp_path: Path) -> None:
    proto = residual()
    channels = found(proto, IMAGES, tmp_path, step=8)
    assert {group.step for group in channels.groups.values()} == {8}
