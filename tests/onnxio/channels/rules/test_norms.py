"""What scales channels is cut with them; what mixes them locks them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.onnxio.channels.found import found
from tests.onnxio.channels.rules.chains import IMAGE, images, rows
from tests.onnxio.channels.rules.test_shapes import integers
from tests.onnxio.graphs_by_code import build, node, value
from tests.onnxio.quantize.nets import batch_norm, normal


def test_a_batch_norm_that_follows_no_convolution_is_cut(tmp_path: Path) -> None:
    between = [
        node("Relu", "a", "r"),
        node("BatchNormalization", "r scale shift mean variance", "b"),
    ]
    channels = images(between, tmp_path, batch_norm(8))
    assert "BatchNormalization" in {one.op_type for one in channels.graph.proto.graph.node}
    assert channels.sizes == {"first": 8}
    assert channels.worst() < 1e-5


def test_an_instance_norm_looks_at_each_channel_alone(tmp_path: Path) -> None:
    between = [node("InstanceNormalization", "a s h", "b")]
    channels = images(between, tmp_path, {"s": normal(8, seed=4), "h": normal(8, seed=5)})
    assert channels.sizes == {"first": 8}
    assert channels.worst() < 1e-5


def test_a_layer_norm_locks_what_it_goes_over(tmp_path: Path) -> None:
    between = [node("LayerNormalization", "a s h", "b", axis=-1)]
    channels = rows(between, tmp_path, {"s": normal(8, seed=4), "h": normal(8, seed=5)})
    assert channels.sizes == {}
    assert channels.reasons["first"] == "LayerNormalization b normalises over it"


def test_channels_that_are_normalised_together_go_together(tmp_path: Path) -> None:
    between = [node("GroupNormalization", "a s h", "b", num_groups=4)]
    weights = {"s": normal(8, seed=4), "h": normal(8, seed=5)}
    channels = images(between, tmp_path, weights, opset=21, simple=False)
    assert channels.sizes == {"first": 4}
    assert channels.groups["first"].width == 2
    assert channels.worst() < 1e-5


def test_a_group_norm_may_be_written_as_an_instance_norm(tmp_path: Path) -> None:
    between = [
        node("Reshape", "a apart", "r"),
        node("InstanceNormalization", "r s h", "n"),
        node("Shape", "a", "sizes"),
        node("Reshape", "n sizes", "b"),
    ]
    weights = {"apart": integers(0, 4, -1), "s": normal(4, seed=4), "h": normal(4, seed=5)}
    channels = images(between, tmp_path, weights)
    assert channels.sizes == {"first": 4}
    assert channels.worst() < 1e-5


@pytest.mark.parametrize("per_channel", [False, True])
def test_quantisation_parameters_are_cut_with_their_channels(
    per_channel: bool, tmp_path: Path
) -> None:
    """Activations have one scale, weights one for each output."""
    size = (8,) if per_channel else ()
    nodes = [
        node("DequantizeLinear", "w1 s1 z1", "d1", axis=0),
        node("Conv", "x d1", "a", name="first"),
        node("QuantizeLinear", "a s z", "q"),
        node("DequantizeLinear", "q s z", "b"),
        node("DequantizeLinear", "w2 s2 z2", "d2", axis=0),
        node("Conv", "b d2", "y", name="last"),
    ]
    chance = np.random.default_rng(0)
    weights = {
        "w1": chance.integers(-99, 99, (8, 3, 1, 1)).astype(np.int8),
        "s1": np.full(size, 0.01, np.float32), "z1": np.zeros(size, np.int8),
        "w2": chance.integers(-99, 99, (4, 8, 1, 1)).astype(np.int8),
        "s2": np.array(0.01, np.float32), "z2": np.array(3, np.int8),
        "s": np.array(0.05, np.float32), "z": np.array(128, np.uint8),
    }  # fmt: skip
    proto = build(nodes, weights, [value("x", "N", 3, 6, 6)], [value("y", "N", 4, 6, 6)])
    channels = found(proto, {"x": IMAGE}, tmp_path)
    assert channels.sizes == {"first": 8}
    assert channels.worst() < 1e-5
    shapes = {
        one.name: tuple(one.dims)
        for one in channels.graph.cut({channels.groups["first"].id: (0,)}).graph.initializer
    }
    assert (shapes["w1"], shapes["w2"]) == ((7, 3, 1, 1), (4, 7, 1, 1))
    assert shapes.get("s1", ()) == ((7,) if per_channel else ())
