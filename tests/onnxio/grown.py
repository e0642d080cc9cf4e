"""Grows models of random wiring, all on tensors [n, 8], that hold weights in every way there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from onnx import (
    GraphProto,
    ModelProto,
    NodeProto,
    TensorProto,
    ValueInfoProto,
    helper,
    numpy_helper,
)

from tests.onnxio.graphs_by_code import build, constant, node, value

SIZE = 8
Step = tuple[str, int, int]
"""What to add, and which tensors before it takes, counted from the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """A model from `x` of shape [n, 8] and the flag `c`, with the names of its weights."""

    proto: ModelProto
    weights: tuple[str, ...]


def grown(steps: Sequence[Step], outputs: int = 1) -> Grown:
    """A model of these steps; its outputs are the newest tensors."""
    growth = _Growth()
    for kind, first, second in steps:
        growth.add(kind, first, second)
    return growth.finished(outputs)


class _Growth:
    def __init__(self) -> None:
        self._random = np.random.default_rng(7)
        self._nodes: list[NodeProto] = [
            node("ReduceSum", "x", "total", keepdims=0),
            node("Greater", "total zero", "sunny"),
        ]
        self._stored: dict[str, np.ndarray] = {"zero": np.float32(0), "turns": np.int64(2)}
        self._stored |= {"rows": np.array([-1, SIZE]), "one": np.array([1])}
        self._weights: list[str] = []
        self._square: list[str] = []
        self._live = ["x"]
        self._count = 0

    def add(self, kind: str, first: int, second: int) -> None:
        self._count += 1
        one, other = (self._live[-1 - at % len(self._live)] for at in (first, second))
        output = f"t{self._count}"
        STEPS[kind](self, output, one, other)
        self._live.append(output)

    def finished(self, outputs: int) -> Grown:
        names = self._live[-outputs:]
        proto = build(
            self._nodes,
            self._stored,
            [value("x", "n", SIZE), value("c", dtype=TensorProto.BOOL)],
            [ValueInfoProto(name=name) for name in dict.fromkeys(names)],
        )
        return Grown(proto=proto, weights=tuple(self._weights))

    def matrix(self, *shape: int) -> np.ndarray:
        values = self._random.normal(size=shape or (SIZE, SIZE)) / np.sqrt(SIZE)
        return values.astype(np.float32)

    def named(self, suffix: str = "w") -> str:
        """A new name of a weight."""
        self._weights.append(f"{suffix}{self._count}")
        return self._weights[-1]

    def stored(self, values: np.ndarray | None = None, suffix: str = "w") -> str:
        """The name of a new initializer that is a weight."""
        name = self.named(suffix)
        self._stored[name] = self.matrix() if values is None else values
        return name

    def run(self, op_type: str, inputs: str, output: str, **attributes: object) -> str:
        self._nodes.append(node(op_type, inputs, output, **attributes))
        return output

    def dense(self, output: str, one: str, _: str) -> None:
        weight = self.stored()
        self._square.append(weight)
        self.run("MatMul", f"{one} {weight}", output)

    def tied(self, output: str, one: str, _: str) -> None:
        if not self._square:
            return self.dense(output, one, "")
        self.run("Gemm", f"{one} {self._square[0]}", output, transB=1)
        return None

    def in_node(self, output: str, one: str, _: str) -> None:
        weight = self.named()
        self._nodes.append(constant(weight, self.matrix()))
        self.run("MatMul", f"{one} {weight}", output)

    def transposed(self, output: str, one: str, _: str) -> None:
        view = self.run("Transpose", self.stored(), f"view{self._count}", perm=[1, 0])
        self.run("MatMul", f"{one} {view}", output)

    def half(self, output: str, one: str, _: str) -> None:
        weight = self.stored(self.matrix().astype(np.float16))
        view = self.run("Cast", weight, f"view{self._count}", to=TensorProto.FLOAT)
        self.run("MatMul", f"{one} {view}", output)

    def dequantized(self, output: str, one: str, _: str) -> None:
        weight = self.stored(self._random.integers(-99, 99, (SIZE, SIZE)).astype(np.int8))
        self._stored |= {"scale": np.float32(0.005), "point": np.int8(3)}
        view = self.run("DequantizeLinear", f"{weight} scale point", f"view{self._count}")
        self.run("MatMul", f"{one} {view}", output)

    def added(self, output: str, one: str, other: str) -> None:
        self.run("Add", f"{one} {other}", output)

    def bent(self, output: str, one: str, _: str) -> None:
        self.run("Tanh", one, output)

    def cut_off(self, output: str, one: str, _: str) -> None:
        self.run("Relu", one, output)

    def chosen(self, output: str, one: str, other: str) -> None:
        """An If: one branch holds its weight itself, the other takes one from around it."""
        outer = self.stored(suffix="outer")
        held = self.named("held")
        here = body(
            [constant(held, self.matrix()), node("MatMul", f"{one} {held}", f"a{self._count}")],
            f"a{self._count}",
        )
        there = body([node("MatMul", f"{other} {outer}", f"b{self._count}")], f"b{self._count}")
        self.run("If", "c", output, then_branch=here, else_branch=there)

    def by_data(self, output: str, one: str, _: str) -> None:
        """An If whose choice depends on the data, with an initializer of one of its branches."""
        held = self.named("held")
        here = body(
            [node("MatMul", f"{one} {held}", f"a{self._count}")],
            f"a{self._count}",
            {held: self.matrix()},
        )
        there = body([node("Neg", one, f"b{self._count}")], f"b{self._count}")
        self.run("If", "sunny", output, then_branch=here, else_branch=there)

    def looped(self, output: str, one: str, other: str) -> None:
        """A Loop with a weight of its own, around an If with one."""
        held, inner, outer = self.named("held"), self.named("inner"), self.stored(suffix="outer")
        at = self._count
        here = body([node("MatMul", f"m{at} {inner}", f"a{at}")], f"a{at}", {inner: self.matrix()})
        there = body([node("MatMul", f"m{at} {outer}", f"b{at}")], f"b{at}")
        turn = body(
            [
                node("MatMul", f"s{at} {held}", f"p{at}"),
                node("Add", f"p{at} {other}", f"m{at}"),
                node("If", "c", f"q{at}", then_branch=here, else_branch=there),
                node("Identity", f"go{at}", f"going{at}"),
            ],
            f"going{at} q{at}",
            {held: self.matrix()},
            [
                value(f"turn{at}", dtype=TensorProto.INT64),
                value(f"go{at}", dtype=TensorProto.BOOL),
                value(f"s{at}", None, SIZE),
            ],
        )
        self._nodes.append(helper.make_node("Loop", ["turns", "", one], [output], body=turn))

    def scanned(self, output: str, one: str, _: str) -> None:
        """A Scan row by row."""
        held, at = self.named("held"), self._count
        turn = body(
            [node("MatMul", f"row{at} {held}", f"made{at}")],
            f"made{at}",
            {held: self.matrix()},
            [value(f"row{at}", SIZE)],
        )
        self.run("Scan", one, output, body=turn, num_scan_inputs=1)

    def recurrent(self, output: str, one: str, _: str) -> None:
        at = self._count
        series = self.run("Unsqueeze", f"{one} one", f"series{at}")
        weights = (self.stored(self.matrix(1, 4 * SIZE, SIZE), kind) for kind in ("w", "r"))
        names = " ".join([series, *weights])
        states = self.run("LSTM", names, f"states{at}", hidden_size=SIZE)
        self.run("Reshape", f"{states} rows", output)


def body(
    nodes: Sequence[NodeProto],
    outputs: str,
    stored: Mapping[str, np.ndarray] | None = None,
    inputs: Sequence[ValueInfoProto] = (),
) -> GraphProto:
    """A graph to be run by a node."""
    return helper.make_graph(
        list(nodes),
        "body",
        list(inputs),
        [ValueInfoProto(name=name) for name in outputs.split()],
        [numpy_helper.from_array(array, name) for name, array in (stored or {}).items()],
    )


STEPS: Mapping[str, Callable[[_Growth, str, str, str], None]] = {
    "dense": _Growth.dense,
    "tied": _Growth.tied,
    "in node": _Growth.in_node,
    "transposed": _Growth.transposed,
    "half": _Growth.half,
    "dequantized": _Growth.dequantized,
    "added": _Growth.added,
    "bent": _Growth.bent,
    "cut off": _Growth.cut_off,
    "chosen": _Growth.chosen,
    "by data": _Growth.by_data,
    "looped": _Growth.looped,
    "scanned": _Growth.scanned,
    "recurrent": _Growth.recurrent,
}

STEP = st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 3), st.integers(0, 3))
"""Any step, that takes any of the four newest tensors."""
