"""Old spellings become operators with a kernel, and compute the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, NodeProto

from sparsify_tui.onnxio.quantize import Prepared, prepare
from tests.onnxio.graphs_by_code import build, load, node, value
from tests.onnxio.quantize.running import relative, run, simplify

NUMBERS = {
    "zero": 0, "one": 1, "half": 0.5, "two": 2, "three": 3, "six": 6, "sixth": 1 / 6,
    "root": np.sqrt(2), "inverse": np.sqrt(0.5), "slope": np.sqrt(2 / np.pi), "cubic": 0.044715,
}  # fmt: skip
FEEDS = {"x": np.linspace(-12, 12, 200 * 8, dtype=np.float32).reshape(200, 8)}

CLAMPS = {
    "Clip": [node("Clip", "s zero six", "r")],
    "Min of Relu": [node("Relu", "s", "p"), node("Min", "p six", "r")],
    "Min of Max": [node("Max", "zero s", "p"), node("Min", "six p", "r")],
    "Relu of Min": [node("Min", "s six", "p"), node("Relu", "p", "r")],
    "Max of Min": [node("Min", "six s", "p"), node("Max", "p zero", "r")],
}
GATES = {
    "(x r) / 6": [node("Mul", "x r", "p2"), node("Div", "p2 six", "y")],
    "(r x) * 1/6": [node("Mul", "r x", "p2"), node("Mul", "sixth p2", "y")],
    "x (r / 6)": [node("Div", "r six", "p2"), node("Mul", "x p2", "y")],
    "(1/6 r) x": [node("Mul", "sixth r", "p2"), node("Mul", "p2 x", "y")],
    "(x / 6) r": [node("Div", "x six", "p2"), node("Mul", "p2 r", "y")],
    "r (x * 1/6)": [node("Mul", "x sixth", "p2"), node("Mul", "r p2", "y")],
}
ERFS = {
    "x / root 2": [node("Div", "x root", "e1")],
    "x * root 1/2": [node("Mul", "inverse x", "e1")],
}
GELUS = {
    "(x e) * 1/2": [node("Mul", "x e", "p"), node("Mul", "p half", "y")],
    "(e x) / 2": [node("Mul", "e x", "p"), node("Div", "p two", "y")],
    "(x * 1/2) e": [node("Mul", "half x", "p"), node("Mul", "p e", "y")],
    "x (e * 1/2)": [node("Mul", "e half", "p"), node("Mul", "x p", "y")],
    "(e * 1/2) x": [node("Mul", "half e", "p"), node("Mul", "p x", "y")],
}
CUBES = {
    "x ** 3": [node("Pow", "x three", "k")],
    "x (x x)": [node("Mul", "x x", "k2"), node("Mul", "x k2", "k")],
    "(x x) x": [node("Mul", "x x", "k2"), node("Mul", "k2 x", "k")],
}


def net(*nodes: NodeProto, outputs: tuple[str, ...] = ("y",), **numbers: float) -> ModelProto:
    weights = {name: np.float32(number) for name, number in (NUMBERS | numbers).items()}
    return build(nodes, weights, outputs=[value(name, "N", 8) for name in outputs])


def hard_swish(clamp: str = "Clip", gate: str = "(x r) / 6", **numbers: float) -> ModelProto:
    return net(node("Add", "x three", "s"), *CLAMPS[clamp], *GATES[gate], **numbers)


def gelu(erf: str = "x / root 2", order: str = "(x e) * 1/2", **numbers: float) -> ModelProto:
    steps = [*ERFS[erf], node("Erf", "e1", "e2"), node("Add", "e2 one", "e")]
    return net(*steps, *GELUS[order], **numbers)


def fast_gelu(cube: str = "x ** 3", order: str = "(x e) * 1/2", **numbers: float) -> ModelProto:
    steps = [
        *CUBES[cube],
        node("Mul", "cubic k", "c"),
        node("Add", "x c", "a"),
        node("Mul", "a slope", "t1"),
        node("Tanh", "t1", "t2"),
        node("Add", "one t2", "e"),
    ]
    return net(*steps, *GELUS[order], **numbers)


def respelled(proto: ModelProto, folder: Path) -> Prepared:
    return prepare(load(proto, folder), simplify, respell=True)


def operators(form: Prepared) -> list[str]:
    return [n.op_type for n in form.proto.graph.node]


def assert_lossless(proto: ModelProto, form: Prepared) -> None:
    before, after = run(proto, FEEDS), run(form.proto, FEEDS)
    assert max(relative(before[name], after[name]) for name in before) < 1e-5


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("clamp", CLAMPS)
def test_every_order_of_hard_swish_is_found(tmp_path: Path, clamp: str, gate: str) -> None:
    proto = hard_swish(clamp, gate)
    form = respelled(proto, tmp_path)
    assert operators(form) == ["HardSigmoid", "Mul"]
    assert form.respelled == 1
    assert "1 HardSwish spelled as HardSigmoid and Mul" in form.repairs
    assert_lossless(proto, form)


@pytest.mark.parametrize("clamp", CLAMPS)
def test_hard_sigmoid_alone_is_found(tmp_path: Path, clamp: str) -> None:
    proto = net(node("Add", "three x", "s"), *CLAMPS[clamp], node("Div", "r six", "y"))
    form = respelled(proto, tmp_path)
    assert operators(form) == ["HardSigmoid"]
    assert "1 HardSigmoid spelled as one operator" in form.repairs
    assert_lossless(proto, form)


@pytest.mark.parametrize("opset", [9, 10])
def test_a_clip_with_attributes_is_found(tmp_path: Path, opset: int) -> None:
    steps = [node("Add", "x three", "s"), node("Clip", "s", "r", min=0.0, max=6.0)]
    weights = {name: np.float32(number) for name, number in NUMBERS.items()}
    gate = GATES["(x r) / 6"]
    proto = build([*steps, *gate], weights, outputs=[value("y", "N", 8)], opset=opset)
    form = respelled(proto, tmp_path)
    assert operators(form) == ["HardSigmoid", "Mul"]
    assert_lossless(proto, form)


@pytest.mark.parametrize("order", GELUS)
@pytest.mark.parametrize("erf", ERFS)
def test_every_order_of_gelu_is_found(tmp_path: Path, erf: str, order: str) -> None:
    proto = gelu(erf, order)
    form = respelled(proto, tmp_path)
    assert operators(form) == ["Gelu"]
    assert form.respelled == 1
    assert "com.microsoft" in {entry.domain for entry in form.proto.opset_import}
    assert_lossless(proto, form)


@pytest.mark.parametrize("order", GELUS)
@pytest.mark.parametrize("cube", CUBES)
def test_every_order_of_the_approximated_gelu_is_found(
    tmp_path: Path, cube: str, order: str
) -> None:
    proto = fast_gelu(cube, order)
    form = respelled(proto, tmp_path)
    assert operators(form) == ["FastGelu"]
    assert "1 approximated Gelu spelled as one operator" in form.repairs
    assert_lossless(proto, form)


@pytest.mark.parametrize(
    "proto",
    [
        fast_gelu(three=4),
        fast_gelu(cubic=0.05),
        fast_gelu(slope=0.8),
        hard_swish(three=2.9),
        hard_swish(six=5.9),
        hard_swish(zero=0.1),
        gelu(root=1.4),
        gelu(one=1.1),
        gelu(half=0.49),
    ],
)
def test_other_constants_are_other_functions(tmp_path: Path, proto: ModelProto) -> None:
    form = respelled(proto, tmp_path)
    assert form.respelled == 0
    assert not {"HardSigmoid", "Gelu", "FastGelu"} & set(operators(form))
    assert_lossless(proto, form)


@pytest.mark.parametrize("gate", GATES)
def test_a_gate_of_another_tensor_is_no_hard_swish(tmp_path: Path, gate: str) -> None:
    """But it may be a HardSigmoid, times that tensor."""
    steps = [node("Neg", "x", "n"), node("Add", "n three", "s"), *CLAMPS["Clip"]]
    proto = net(*steps, *GATES[gate])
    form = respelled(proto, tmp_path)
    assert "Neg" in operators(form)
    assert_lossless(proto, form)


@pytest.mark.parametrize("order", GELUS)
def test_a_rise_of_another_tensor_is_no_gelu(tmp_path: Path, order: str) -> None:
    steps = [node("Neg", "x", "n"), node("Div", "n root", "e1"), node("Erf", "e1", "e2")]
    proto = net(*steps, node("Add", "e2 one", "e"), *GELUS[order])
    form = respelled(proto, tmp_path)
    assert "Gelu" not in operators(form)
    assert_lossless(proto, form)


@pytest.mark.parametrize(
    "cube",
    [
        [node("Pow", "n three", "k")],
        [node("Mul", "n n", "k2"), node("Mul", "x k2", "k")],
        [node("Mul", "x x", "k2"), node("Mul", "n k2", "k")],
    ],
)
def test_a_cube_of_another_tensor_is_no_gelu(tmp_path: Path, cube: list[NodeProto]) -> None:
    proto = fast_gelu()
    del proto.graph.node[0]
    for at, step in enumerate([node("Neg", "x", "n"), *cube]):
        proto.graph.node.insert(at, step)
    form = respelled(proto, tmp_path)
    assert "FastGelu" not in operators(form)
    assert_lossless(proto, form)


def test_a_constant_of_seven_digits_is_near_enough(tmp_path: Path) -> None:
    proto = hard_swish(gate="(r x) * 1/6", sixth=0.1666667)
    form = respelled(proto, tmp_path)
    assert form.respelled == 1
    assert_lossless(proto, form)


def test_steps_that_something_else_needs_stay(tmp_path: Path) -> None:
    steps = [node("Add", "x three", "s"), *CLAMPS["Clip"], *GATES["(x r) / 6"]]
    proto = net(*steps, node("Neg", "r", "z"), outputs=("y", "s", "z"))
    form = respelled(proto, tmp_path)
    assert sorted(operators(form)) == ["Add", "Clip", "HardSigmoid", "Mul", "Neg"]
    assert_lossless(proto, form)


def test_nothing_is_respelled_unasked(tmp_path: Path) -> None:
    form = prepare(load(hard_swish(), tmp_path), simplify)
    assert form.respelled == 0
    assert "Clip" in operators(form)
