from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, ValueInfoProto, helper

from sparsify_tui.onnxio.flow import Flow, flow_of, read_names
from sparsify_tui.onnxio.unique import make_names_unique
from tests.onnxio.bodies_by_code import branch, choice
from tests.onnxio.graphs_by_code import Weights, build, constant, load, node, random, value
from tests.onnxio.grown import STEP, STEPS, Step, body, grown

W = random(8, 8)


def flow(*nodes: object, weights: Weights | None = None, outputs: tuple[str, ...] = ("y",)) -> Flow:
    proto = build(
        nodes,
        weights or {"w": W, "v": W},
        [value("x", "N", 8), value("c", dtype=TensorProto.BOOL)],
        [ValueInfoProto(name=name) for name in outputs],
    )
    return flow_of(proto, ["w", "v", "held"])


def test_what_depends_on_no_input_is_a_constant() -> None:
    found = flow(
        constant("held", W),
        node("Transpose", "w", "t"),
        node("Add", "t held", "sum"),
        node("MatMul", "x sum", "y"),
    )

    assert [one.op_type for one in found.nodes] == ["MatMul"]
    assert all(map(found.is_constant, ("w", "held", "t", "sum")))
    assert not found.is_constant("x")
    assert not found.is_constant("y")


def test_a_weight_is_used_by_whoever_takes_it_in_any_form() -> None:
    found = flow(
        node("Transpose", "w", "t"),
        node("MatMul", "x w", "a"),
        node("MatMul", "a v", "b"),
        node("MatMul", "b t", "y"),
    )

    assert found.users("w") == (0, 2)
    assert found.users("v") == (1,)
    assert found.users("unknown") == ()
    assert found.sources("t") == {"w", "t"}


def test_a_constant_that_the_model_gives_out_is_computed_like_the_rest() -> None:
    found = flow(node("Transpose", "w", "t"), node("MatMul", "x t", "y"), outputs=("y", "t"))

    assert [one.op_type for one in found.nodes] == ["Transpose", "MatMul"]
    assert found.users("w") == (0,)


def test_a_node_reads_what_its_bodies_take_from_around_it() -> None:
    inner = choice(
        branch(node("MatMul", "x w", "p"), output="p"),
        branch(node("Neg", "outside", "q"), output="q"),
        output="r",
        condition="c",
    )
    outer = choice(branch(inner), branch(node("Abs", "x", "s"), output="s"))

    assert set(read_names(outer)) == {"c", "x", "w", "outside"}


def test_what_a_body_makes_itself_is_not_read() -> None:
    turn = body(
        [node("MatMul", "row own", "a"), node("Relu", "a", "b")],
        "b",
        {"own": W},
        [value("row", 8)],
    )

    assert list(read_names(node("Scan", "x", "y", body=turn, num_scan_inputs=1))) == ["x"]


def test_a_body_that_gives_out_what_is_around_it_reads_it() -> None:
    assert list(read_names(choice(branch(output="x"), branch(output="other")))) == [
        "c",
        "other",
        "x",
    ]


@pytest.mark.parametrize("kind", ["initializer", "node"])
def test_a_weight_moves_out_of_its_body(kind: str) -> None:
    user = node("MatMul", "x held", "r")
    here = branch(user, held=W) if kind == "initializer" else branch(constant("held", W), user)
    found = flow(choice(here, branch(node("Neg", "x", "q"), output="q")))

    assert found.users("held") == (0,)
    assert "held" in found.reads[0]
    assert len(found.nodes) == 1


def test_weights_move_out_of_bodies_inside_of_bodies() -> None:
    """An outer body that is rebuilt must not lose what was taken out of an inner one."""
    inner = choice(
        branch(node("MatMul", "a v", "p"), output="p", v=W),
        branch(node("Neg", "a", "q"), output="q"),
        output="r",
    )
    here = branch(node("MatMul", "x held", "a"), inner, held=W)
    found = flow(choice(here, branch(node("Neg", "x", "z"), output="z")), weights={"w": W})

    assert found.users("held") == found.users("v") == (0,)


def test_a_weight_that_a_body_gives_out_stays_in_it() -> None:
    found = flow(choice(branch(output="held", held=W), branch(node("Neg", "x", "q"), output="q")))

    assert found.users("held") == ()


def test_other_tensors_stay_in_their_bodies() -> None:
    here = branch(node("MatMul", "x mine", "r"), mine=W)
    found = flow(choice(here, branch(node("Neg", "x", "q"), output="q")))

    assert not found.is_constant("mine")


def test_a_branch_that_is_always_taken_is_part_of_the_graph() -> None:
    found = flow(
        choice(branch(node("MatMul", "x held", "r"), held=W), branch(output="x"), condition="yes"),
        weights={"yes": np.bool_(1)},
    )

    assert [one.op_type for one in found.nodes] == ["MatMul", "Identity"]


def test_sequences_are_no_outputs() -> None:
    sequence = helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, None)
    proto = build(
        [node("SequenceConstruct", "x x", "s"), node("Relu", "x", "y")],
        outputs=[sequence, ValueInfoProto(name="y")],
    )

    assert flow_of(proto, []).outputs == ("y",)


def test_an_input_with_a_default_is_a_constant() -> None:
    proto = build([node("MatMul", "x w", "y")], {"w": W}, [value("x", "N", 8), value("w", 8, 8)])
    found = flow_of(proto, ["w"])

    assert found.inputs == ("x",)
    assert found.users("w") == (0,)


def test_the_file_stays_as_it_is(tmp_path: Path) -> None:
    loaded = load(grown([(kind, 0, 1) for kind in sorted(STEPS)]).proto, tmp_path)
    before = loaded.proto.SerializeToString()

    flow_of(loaded.proto, grown([(kind, 0, 1) for kind in sorted(STEPS)]).weights)

    assert loaded.proto.SerializeToString() == before


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(STEP, min_size=1, max_size=10))
def test_dependents_are_what_a_walk_over_the_wires_reaches(steps: list[Step]) -> None:
    model = grown(steps)
    make_names_unique(model.proto.graph)
    found = flow_of(model.proto, model.weights)
    for weight in model.weights:
        reached = {weight}
        for _ in found.nodes:  # a fixed point without any order
            for node_, names in zip(found.nodes, found.reads, strict=True):
                if reached.intersection(names):
                    reached.update(node_.output)
            for name, maker in found.makers.items():
                if reached.intersection(read_names(maker)):
                    reached.add(name)
        wanted = [at for at, names in enumerate(found.reads) if reached.intersection(names)]
        assert list(found.dependents(weight, 0, len(found.nodes))) == wanted
