"""What looks at neighbours, or goes over axes, keeps channels apart or locks them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import NodeProto

from tests.onnxio.channels.rules.chains import images, rows
from tests.onnxio.channels.rules.test_shapes import integers
from tests.onnxio.graphs_by_code import node

POOLS = [
    node("MaxPool", "a", "b", kernel_shape=[2, 2]),
    node("AveragePool", "a", "b", kernel_shape=[3, 3], pads=[1] * 4),
    node("GlobalAveragePool", "a", "b"),
    node("GlobalMaxPool", "a", "b"),
    node("ReduceMean", "a", "b", axes=[2, 3]),
    node("ReduceMax", "a", "b", axes=[-1]),
]


@pytest.mark.parametrize("pool", POOLS, ids=lambda one: one.op_type)
def test_pooling_leaves_channels_apart(pool: NodeProto, tmp_path: Path) -> None:
    channels = images([pool], tmp_path)
    assert channels.sizes == {"first": 8}
    assert channels.worst() < 1e-5


def test_places_that_a_pool_gives_out_lock_channels(tmp_path: Path) -> None:
    """They count through all channels."""
    pool = [
        node("MaxPool", "a", "p places", kernel_shape=[2, 2]),
        node("MaxUnpool", "p places", "b", kernel_shape=[2, 2]),
    ]
    channels = images(pool, tmp_path)
    assert channels.sizes == {}
    assert channels.reasons["first"] == "MaxPool p is not understood"


@pytest.mark.parametrize(
    ("op_type", "attributes"),
    [("ReduceMean", {"axes": [1]}), ("Softmax", {"axis": 1}), ("ReduceL2", {"axes": [1]})],
)
def test_what_goes_over_channels_locks_them(
    op_type: str, attributes: dict[str, object], tmp_path: Path
) -> None:
    between = [node(op_type, "a", "m", **attributes), node("Mul", "a m", "b")]
    channels = images(between, tmp_path)
    assert channels.sizes == {}
    assert channels.reasons["first"] == f"{op_type} m goes over it"


def test_a_softmax_beside_channels_leaves_them_apart(tmp_path: Path) -> None:
    channels = rows([node("Softmax", "a", "b", axis=1)], tmp_path)
    assert channels.sizes == {"first": 8}
    assert channels.worst() < 1e-5


def test_running_sums_lock_the_axis_they_run_along(tmp_path: Path) -> None:
    free = rows([node("CumSum", "a at", "b")], tmp_path, {"at": np.array(1)})
    held = rows([node("CumSum", "a at", "b")], tmp_path, {"at": np.array(2)})
    assert (free.sizes, held.sizes) == ({"first": 8}, {})
    assert free.worst() < 1e-5


def test_an_argument_of_a_maximum_beside_channels_leaves_them_apart(tmp_path: Path) -> None:
    between = [
        node("ArgMax", "a", "at", axis=2, keepdims=1),
        node("Cast", "at", "f", to=1),
        node("Add", "a f", "b"),
    ]
    channels = images(between, tmp_path)
    assert channels.sizes == {"first": 8}
    assert channels.worst() < 1e-5


SIZED = {
    "scales": ("a  scales", {"scales": np.array([1, 1, 2, 2], np.float32)}),
    "sizes": ("a   sizes", {"sizes": integers(2, 8, 12, 12)}),
}


@pytest.mark.parametrize("how", sorted(SIZED))
def test_resizing_leaves_channels_apart(how: str, tmp_path: Path) -> None:
    resize = node("Resize", "a", "b", mode="nearest")
    resize.input.extend(["", "scales"] if how == "scales" else ["", "", "sizes"])
    channels = images([resize], tmp_path, SIZED[how][1])
    assert channels.sizes == {"first": 8}
    assert channels.worst() < 1e-5


def test_channels_that_are_mixed_without_getting_more_stay(tmp_path: Path) -> None:
    resize = node("Resize", "a", "b", mode="linear")
    resize.input.extend(["", "scales"])
    scales = np.array([1, 1.05, 1, 1], np.float32)
    assert images([resize], tmp_path, {"scales": scales}).sizes == {}


def test_resizing_along_channels_locks_them(tmp_path: Path) -> None:
    resize = node("Resize", "a", "b", mode="linear")
    resize.input.extend(["", "scales"])
    channels = images([resize], tmp_path, {"scales": np.array([1, 2, 1, 1], np.float32)}, taken=16)
    assert channels.reasons["first"] == "Resize b resizes it"


def test_channels_that_are_added_as_padding_stay(tmp_path: Path) -> None:
    channels = images(
        [node("Pad", "a pads", "b")], tmp_path, {"pads": integers(0, 1, 1, 0, 0, 2, 1, 0)}, taken=11
    )
    assert channels.sizes == {"first": 8}
    assert channels.graph.width("b", 1).fixed == 3
    assert channels.worst() < 1e-5


def test_channels_that_are_mirrored_stay(tmp_path: Path) -> None:
    channels = images(
        [node("Pad", "a pads", "b", mode="reflect")], tmp_path,
        {"pads": integers(0, 1, 0, 0, 0, 2, 0, 0)}, taken=11,
    )  # fmt: skip
    assert channels.reasons["first"] == "Pad b pads it with what is there"
