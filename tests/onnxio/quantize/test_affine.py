"""Numbers around a convolution become part of it, where that changes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import ModelProto, NodeProto

from sparsify_tui.onnxio.quantize import Prepared, prepare
from sparsify_tui.onnxio.quantize.affine import fold_affine
from tests.onnxio.graphs_by_code import build, load, node, value
from tests.onnxio.quantize.nets import IMAGES, normal
from tests.onnxio.quantize.running import relative, run, simplify

NUMBERS = {"two": 2.5, "half": -0.5, "one": 1.5}


def net(*nodes: NodeProto, outputs: tuple[str, ...] = ("y",), **weights: np.ndarray) -> ModelProto:
    """Convolutions may take `w`, which keeps 3 channels, `d`, depthwise, and the bias `b`."""
    numbers = {name: np.array([number], np.float32) for name, number in NUMBERS.items()}
    kernels = {"w": normal(3, 3, 3, 3), "d": normal(3, 1, 3, 3, seed=1), "b": normal(3, seed=2)}
    image = value("x", "N", 3, 12, 12)
    made = [value(name, "N", 3, "H", "W") for name in outputs]
    return build(nodes, {**numbers, **kernels, **weights}, [image], made)


def folded(proto: ModelProto, folder: Path) -> Prepared:
    form = prepare(load(proto, folder), simplify, respell=True)
    before, after = run(proto, IMAGES), run(form.proto, IMAGES)
    assert max(relative(before[name], after[name]) for name in before) < 1e-5
    return form


def operators(form: Prepared) -> list[str]:
    return [n.op_type for n in form.proto.graph.node]


SCALE_AND_SHIFT = [node("Mul", "two c", "m"), node("Add", "m half", "y")]


@pytest.mark.parametrize("bias", ["", " b"])
@pytest.mark.parametrize("pads", [0, 1])
def test_what_follows_is_folded(tmp_path: Path, bias: str, pads: int) -> None:
    conv = node("Conv", f"x w{bias}", "c", name="conv", pads=[pads] * 4)
    form = folded(net(conv, *SCALE_AND_SHIFT), tmp_path)
    assert operators(form) == ["Conv"]
    assert form.respelled == 2
    assert "2 scales and shifts folded into convolutions" in form.repairs
    assert form.origins == {"y": "c"}


def test_what_precedes_is_folded(tmp_path: Path) -> None:
    steps = [node("Relu", "x", "r"), node("Add", "half r", "s"), node("Mul", "s two", "t")]
    form = folded(net(*steps, node("Conv", "t w b", "y", name="conv")), tmp_path)
    assert operators(form) == ["Relu", "Conv"]


def test_a_shift_before_padding_stays_but_its_scale_goes(tmp_path: Path) -> None:
    """Padding is zeros: they are not shifted."""
    steps = [node("Relu", "x", "r"), node("Mul", "r two", "s"), node("Add", "s half", "t")]
    conv = node("Conv", "t d b", "y", name="conv", pads=[1] * 4, group=3)
    form = folded(net(*steps, conv), tmp_path)
    assert operators(form) == ["Relu", "Add", "Conv"]
    assert form.respelled == 1


def test_automatic_padding_is_padding(tmp_path: Path) -> None:
    steps = [node("Relu", "x", "r"), node("Add", "r half", "t")]
    conv = node("Conv", "t w", "y", name="conv", auto_pad="SAME_UPPER")
    assert operators(folded(net(*steps, conv), tmp_path)) == ["Relu", "Add", "Conv"]


def test_what_is_between_two_convolutions_goes_into_one_of_them(tmp_path: Path) -> None:
    first = node("Conv", "x w b", "c", name="one")
    second = node("Conv", "y w", "z", name="two")
    form = folded(net(first, *SCALE_AND_SHIFT, second, outputs=("z",)), tmp_path)
    assert operators(form) == ["Conv", "Conv"]
    assert form.origins == {"y": "c", "z": "z"}


def test_tied_weights_are_folded_apart(tmp_path: Path) -> None:
    first = node("Conv", "x w", "c", name="one")
    second = node("Conv", "y w", "e", name="two")
    last = [node("Mul", "e one", "z")]
    form = folded(net(first, *SCALE_AND_SHIFT, second, *last, outputs=("z",)), tmp_path)
    assert operators(form) == ["Conv", "Conv"]


@pytest.mark.parametrize("outputs", [("y", "c"), ("y", "m")])
def test_what_the_caller_gets_is_not_folded_away(tmp_path: Path, outputs: tuple[str, ...]) -> None:
    conv = node("Conv", "x w", "c", name="conv")
    form = folded(net(conv, *SCALE_AND_SHIFT, outputs=outputs), tmp_path)
    assert "Add" in operators(form)


def test_what_something_else_takes_is_not_folded_away(tmp_path: Path) -> None:
    steps = [node("Relu", "x", "r"), node("Mul", "r two", "s")]
    ends = [node("Conv", "s w", "y", name="conv"), node("Neg", "s", "z")]
    form = folded(net(*steps, *ends, outputs=("y", "z")), tmp_path)
    assert operators(form).count("Mul") == 1


@pytest.mark.parametrize("shown", ["s", "t"])
def test_a_scale_before_a_shift_stays_where_it_is_needed(tmp_path: Path, shown: str) -> None:
    steps = [node("Relu", "x", "r"), node("Mul", "r two", "s"), node("Add", "s half", "t")]
    conv = node("Conv", "t w", "y", name="conv", pads=[1] * 4)
    form = folded(net(*steps, conv, outputs=("y", shown)), tmp_path)
    assert operators(form) == ["Relu", "Mul", "Add", "Conv"]


def test_a_scale_of_zero_before_a_shift_stays(tmp_path: Path) -> None:
    steps = [node("Relu", "x", "r"), node("Mul", "r zero", "s"), node("Add", "s half", "t")]
    conv = node("Conv", "t w", "y", name="conv", pads=[1] * 4)
    form = folded(net(*steps, conv, zero=np.zeros(1, np.float32)), tmp_path)
    assert operators(form) == ["Relu", "Mul", "Add", "Conv"]


def test_a_constant_with_more_dimensions_than_the_convolution_is_no_number(tmp_path: Path) -> None:
    conv = node("Conv", "x w", "c", name="conv")
    proto = net(conv, node("Mul", "c big", "y"), big=normal(1, 1, 1, 1, 1))
    proto.graph.output[0].CopyFrom(value("y", 1, "N", 3, "H", "W"))
    assert operators(folded(proto, tmp_path)) == ["Conv", "Mul"]


def test_nothing_is_folded_unasked(tmp_path: Path) -> None:
    conv = node("Conv", "x w", "c", name="conv")
    form = prepare(load(net(conv, *SCALE_AND_SHIFT), tmp_path), simplify)
    assert operators(form) == ["Conv", "Mul", "Add"]


STEPS = st.lists(st.tuples(st.sampled_from(["Add", "Mul"]), st.floats(0.25, 4)), max_size=4)


@given(before=STEPS, after=STEPS, pads=st.integers(0, 1))
@settings(max_examples=25, deadline=None)
def test_any_chain_computes_the_same(
    before: list[tuple[str, float]], after: list[tuple[str, float]], pads: int
) -> None:
    nodes, weights, x = [node("Relu", "x", "t0")], {}, "t0"
    for steps, end in ((before, "conv"), (after, "end")):
        for op_type, number in steps:
            at = len(nodes)
            weights[f"n{at}"] = np.float32(number)
            nodes.append(node(op_type, f"{x} n{at}", f"t{at}"))
            x = f"t{at}"
        nodes.append(node("Conv", f"{x} w", "c", pads=[pads] * 4) if end == "conv"
                     else node("Relu", x, "y"))  # fmt: skip
        x = "c"
    proto = net(*nodes, **weights)
    expected = run(proto, IMAGES)["y"]
    count = fold_affine(proto.graph)
    assert count <= len(before) + len(after)
    assert count >= len(after)
    assert relative(expected, run(proto, IMAGES)["y"]) < 1e-5
