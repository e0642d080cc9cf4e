"""What passes between layers is where a change of precision would cost."""

from __future__ import annotations

from pathlib import Path

from onnx import ModelProto, NodeProto

from sparsify_tui.onnxio.quantize import layer_edges
from tests.onnxio.graphs_by_code import build, node, value
from tests.onnxio.quantize.nets import IMAGES, ROWS, normal, products
from tests.onnxio.quantize.running import Feeds, case

PIXELS = 4 * 12 * 12
"""Of the images and of what a convolution without padding makes of them, per channel."""

Plain = set[tuple[str | None, str | None, int]]


def edges(proto: ModelProto, folder: Path, feeds: Feeds) -> Plain:
    net = case(proto, folder, feeds)
    found = layer_edges(net.prepared, net.layers, net.ranges)
    plain = {(edge.source, edge.target, edge.elements) for edge in found}
    assert len(plain) == len(found)
    return plain


def pointwise(*nodes: NodeProto) -> ModelProto:
    """A model of convolutions with 8 channels, of which `w0` takes the image."""
    weights = {"w0": normal(8, 3, 1, 1)} | {f"w{n}": normal(8, 8, 1, 1) for n in range(1, 4)}
    return build(nodes, weights, [value("x", "N", 3, 12, 12)])


def test_a_chain_begins_and_ends_in_float(tmp_path: Path) -> None:
    chain = pointwise(
        node("Conv", "x w0", "a", name="first"),
        node("Relu", "a", "r"),
        node("MaxPool", "r", "p", kernel_shape=[1, 1]),
        node("Conv", "p w1", "b", name="second"),
        node("Softmax", "b", "y"),
    )
    assert edges(chain, tmp_path, IMAGES) == {
        (None, "first", 3 * PIXELS),
        ("first", "second", 8 * PIXELS),
        ("second", None, 8 * PIXELS),
    }


def test_float_work_between_two_layers_is_crossed_twice(tmp_path: Path) -> None:
    chain = pointwise(
        node("Conv", "x w0", "a", name="first"),
        node("Tanh", "a", "t"),
        node("Conv", "t w1", "y", name="second"),
    )
    assert edges(chain, tmp_path, IMAGES) == {
        (None, "first", 3 * PIXELS),
        ("first", None, 8 * PIXELS),
        (None, "second", 8 * PIXELS),
        ("second", None, 8 * PIXELS),
    }


def test_a_tensor_that_several_layers_take_is_divided_among_them(tmp_path: Path) -> None:
    fork = pointwise(
        node("Conv", "x w0", "a", name="first"),
        node("Conv", "a w1", "b", name="left"),
        node("Conv", "a w2", "c", name="right"),
        node("Sub", "b c", "y"),
    )
    assert edges(fork, tmp_path, IMAGES) >= {
        ("first", "left", 4 * PIXELS),
        ("first", "right", 4 * PIXELS),
    }


def test_what_jumps_over_a_layer_has_the_precision_of_the_layer_that_takes_it(
    tmp_path: Path,
) -> None:
    blocks = pointwise(
        node("Conv", "x w0", "a", name="stem"),
        node("Conv", "a w1", "b", name="one"),
        node("Add", "a b", "s1"),
        node("Conv", "s1 w2", "c", name="two"),
        node("Add", "s1 c", "s2"),
        node("Conv", "s2 w3", "y", name="head"),
    )
    size = 8 * PIXELS
    assert edges(blocks, tmp_path, IMAGES) == {
        (None, "stem", 3 * PIXELS),
        ("stem", "one", size),
        ("stem", "two", size),
        ("one", "two", size),
        ("two", "head", size),
        ("head", None, size),
    }


def test_what_another_layer_takes_ends_where_that_layer_begins(tmp_path: Path) -> None:
    """Float work beside that layer is its concern."""
    fork = pointwise(
        node("Conv", "x w0", "a", name="first"),
        node("MaxPool", "a", "p", kernel_shape=[1, 1]),
        node("Conv", "p w1", "b", name="second"),
        node("Softmax", "p", "s"),
        node("Sub", "b s", "y"),
    )
    found = edges(fork, tmp_path, IMAGES)
    assert ("first", "second", 8 * PIXELS) in found
    assert ("first", None, 8 * PIXELS) not in found


def test_a_layer_has_no_edge_to_itself(tmp_path: Path) -> None:
    chain = pointwise(
        node("Conv", "x w0", "a", name="first"),
        node("Conv", "a w1", "b", name="tied"),
        node("Conv", "b w1", "y"),
    )
    assert edges(chain, tmp_path, IMAGES) == {
        (None, "first", 3 * PIXELS),
        ("first", "tied", 8 * PIXELS),
        ("tied", None, 8 * PIXELS),
    }


def test_a_product_gives_float_so_that_only_its_input_counts(tmp_path: Path) -> None:
    elements = 3 * 6
    assert edges(products(), tmp_path, ROWS) == {
        (None, "first", elements * 8),
        (None, "second", elements * 32),
        (None, "third", elements * 16),
    }


def test_a_product_before_a_relu_gives_int8(tmp_path: Path) -> None:
    nodes = [
        node("Gemm", "x v", "g", name="one"),
        node("Relu", "g", "r"),
        node("Gemm", "r w", "y", name="two"),
    ]
    proto = build(nodes, {"v": normal(8, 16), "w": normal(16, 4)})
    assert edges(proto, tmp_path, {"x": normal(2, 8)}) == {
        (None, "one", 16),
        ("one", "two", 32),
    }
