from __future__ import annotations

from pathlib import Path

import pytest

from sparsify_tui.onnxio.quantize.conversions import converted_tensor, rounded_for
from tests.onnxio.graphs_by_code import build, node, value
from tests.onnxio.quantize.nets import IMAGES, normal
from tests.onnxio.quantize.running import case


@pytest.mark.parametrize(
    ("kernel", "op_type", "tensor"),
    [
        ("conv1__Q", "QuantizeLinear", "conv1"),
        ("conv1__DQ", "DequantizeLinear", "conv1"),
        ("a__Q_b__DQ/duplicated", "DequantizeLinear", "a__Q_b"),
        ("conv1__Q", "QLinearConv", None),
        ("input_q", "QuantizeLinear", "input"),
    ],
)
def test_a_conversion_names_the_tensor_it_converts(
    kernel: str, op_type: str, tensor: str | None
) -> None:
    assert converted_tensor(kernel, op_type) == tensor


def test_a_tensor_between_two_layers_is_rounded_for_both(tmp_path: Path) -> None:
    chain = build(
        [
            node("Conv", "x w0", "a", name="first"),
            node("Relu", "a", "r"),
            node("Conv", "r w1", "y", name="second"),
        ],
        {"w0": normal(8, 3, 1, 1), "w1": normal(8, 8, 1, 1)},
        [value("x", "N", 3, 12, 12)],
    )
    net = case(chain, tmp_path, IMAGES)

    assert rounded_for(net.prepared, net.layers) == {
        "x": ("first",),
        "r": ("first", "second"),
        "y": ("second",),
    }
