"""Well-known networks: groups are found, cutting them is exact, and most work can shrink."""

from __future__ import annotations

import time
from pathlib import Path

import onnx
import pytest
from onnx import ModelProto

from sparsify_tui import demo
from sparsify_tui.onnxio.channels import find_channels
from tests.benchmarks.shaped import bert_encoder, mobilenet_v2, resnet50
from tests.onnxio.channels.found import found
from tests.onnxio.channels.nets import mobilenet_v3, resnet18, vision_transformer
from tests.onnxio.quantize.nets import normal

IMAGES = {"x": normal(2, 3, 32, 32)}


@pytest.mark.parametrize("net", [resnet18(), mobilenet_v3()], ids=["resnet18", "mobilenet_v3"])
def test_a_convolutional_network_is_free_on_both_sides(net: ModelProto, tmp_path: Path) -> None:
    channels = found(net, IMAGES, tmp_path)
    assert channels.graph.map.reach_both >= 0.9
    assert channels.worst() < 1e-5


def test_the_demo_is_free_on_both_sides(tmp_path: Path) -> None:
    channels = found(onnx.load(demo.MODEL), {"image": normal(4, 1, 28, 28)}, tmp_path)
    assert sorted(channels.sizes.values()) == [16, 16, 32, 32, 64, 64]
    assert channels.graph.map.reach_both >= 0.9
    assert channels.worst() < 1e-5


@pytest.mark.parametrize("computed", [False, True])
def test_a_vision_transformer_is_free_on_one_side(computed: bool, tmp_path: Path) -> None:
    """Heads go with their part of the one product that makes query, key and value."""
    channels = found(vision_transformer(computed=computed), IMAGES, tmp_path)
    kinds = {group.kind: (group.size, group.width) for group in channels.groups.values()}
    assert kinds == {"head": (4, 36), "hidden unit": (192, 1)}
    assert channels.graph.map.reach_one >= 0.95
    assert channels.worst() < 1e-5


def test_bert_is_free_on_one_side(tmp_path: Path) -> None:
    states = {"hidden_states": normal(2, 128, 768)}
    channels = found(bert_encoder(layers=1), states, tmp_path)
    kinds = {group.kind: (group.size, group.width) for group in channels.groups.values()}
    assert kinds == {"head": (12, 64), "hidden unit": (3072, 1)}
    (head,) = (group for group in channels.groups.values() if group.kind == "head")
    assert (len(head.producers), len(head.consumers)) == (3, 1)
    assert channels.graph.map.reach_one >= 0.95
    *_, every = channels.halves()
    assert channels.error(every) < 1e-5


def test_residual_work_is_not_free_on_both_sides_of_a_transformer(tmp_path: Path) -> None:
    """The width of the stream is normalised over, so that it stays."""
    channels = found(vision_transformer(layers=1), IMAGES, tmp_path)
    assert channels.graph.map.reach_both < 0.1


@pytest.mark.parametrize(
    ("net", "groups", "units"),
    [(resnet50(), 37, 11456), (mobilenet_v2(), 25, 9128)],
    ids=["resnet50", "mobilenet_v2"],
)
def test_a_large_network_is_understood_in_half_a_second(
    net: ModelProto, groups: int, units: int, tmp_path: Path
) -> None:
    """All channels but the colours of the image and the classes are in a group."""
    channels = found(net, {"input": normal(2, 3, 224, 224)}, tmp_path)
    assert (len(channels.groups), sum(channels.sizes.values())) == (groups, units)
    assert channels.graph.map.reach_both >= 0.9
    start = time.process_time()
    again = find_channels(channels.prepared, channels.model, channels.shapes).map
    assert time.process_time() - start < 0.5
    assert again == channels.graph.map
