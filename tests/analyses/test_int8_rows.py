from __future__ import annotations

import pytest

from sparsify_tui.analyses.int8_rows import Int8Row, conversions, int8_row
from sparsify_tui.analyses.kernels import Charge
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.protocols import KernelTime

A, B = LayerId("a"), LayerId("b")
FLOAT = Charge(ms=1.0, kernel="FusedConv", bytes=None)


def int8(ms: float, kernel: str = "QLinearConv") -> Charge:
    return Charge(ms=ms, kernel=kernel, bytes=None)


def test_a_conversion_is_charged_to_the_layers_it_is_made_for():
    kernels = (
        KernelTime(name="x__Q", op_type="QuantizeLinear", ms=0.2),
        KernelTime(name="t__DQ", op_type="DequantizeLinear", ms=0.4),
        KernelTime(name="y__DQ", op_type="DequantizeLinear", ms=9.0),
        KernelTime(name="t_quant", op_type="QLinearConv", ms=5.0),
    )
    found = conversions(kernels, {"x": (A,), "t": (A, B)})
    assert found == {A: pytest.approx(0.4), B: pytest.approx(0.2)}


@pytest.mark.parametrize(
    ("after", "converting", "kind", "note"),
    [
        (int8(0.4), 0.1, "spatial", ""),
        (int8(0.4), 0.7, "spatial", "conversions cost more"),
        (int8(1.2), 0.0, "spatial", "kernel is not faster"),
        (int8(1.2), 0.0, "depthwise", "depthwise"),
        (int8(1.2), 0.1, "squeeze", "single position"),
        (int8(0.4, "Conv"), 0.0, "spatial", "no integer kernel"),
    ],
)
def test_a_layer_that_does_not_gain_says_why(after, converting, kind, note):
    row = int8_row(FLOAT, after, converting, kind)
    assert row.ms == pytest.approx(after.ms + converting)
    assert (note in row.note) if note else not row.note


def test_a_layer_without_a_kernel_has_no_time():
    row = int8_row(FLOAT, None, 0.3, "spatial")
    assert row == Int8Row(note=row.note)
    assert row.note
