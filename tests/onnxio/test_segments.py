from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto

from sparsify_tui.onnxio.graphs import scoped_nodes
from sparsify_tui.onnxio.segments import QUANTIZED, CutModel, Part
from tests.onnxio.graphs_by_code import build, load, node, random, value
from tests.onnxio.grown import STEP, Step, body, grown

W = random(8, 8)


def cut_of(proto: ModelProto, weights: list[str] | tuple[str, ...], folder: Path) -> CutModel:
    return CutModel(load(proto, folder), weights)


def chain(count: int, **more: np.ndarray) -> ModelProto:
    names = ["x", *(f"t{at}" for at in range(count - 1)), "y"]
    nodes = [node("MatMul", f"{names[at]} w{at}", names[at + 1]) for at in range(count)]
    return build(nodes, {f"w{at}": W for at in range(count)} | more)


def operators(cut: CutModel, part: Part) -> list[str]:
    return [cut.flow.nodes[at].output[0] for at in part.positions]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEP, min_size=1, max_size=20), outputs=st.integers(1, 3))
def test_segments_follow_each_other_and_hand_on_all_that_is_needed(
    steps: list[Step], outputs: int, tmp_path: Path
) -> None:
    model = grown(steps, outputs)
    cut = cut_of(model.proto, model.weights, tmp_path)
    known = set(cut.flow.inputs)
    end = 0
    for segment in cut.segments:
        assert segment.start == end < segment.stop
        end = segment.stop
        assert known.issuperset(segment.inputs)
        known.update(segment.outputs)
    assert end == len(cut.flow.nodes)
    assert known.issuperset(name for name in cut.flow.outputs if not cut.flow.is_constant(name))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEP, min_size=1, max_size=20))
def test_a_head_holds_nothing_that_the_weight_does_not_reach(
    steps: list[Step], tmp_path: Path
) -> None:
    model = grown(steps)
    cut = cut_of(model.proto, model.weights, tmp_path)
    for weight in model.weights:
        head, segment = cut.head(weight), cut.segments[cut.home(weight)]
        reached = {weight}
        for at in head.positions:
            assert segment.start <= at < segment.stop
            forms = {one for one in cut.flow.reads[at] if cut.flow.is_constant(one)}
            takes_weight = any(weight in cut.flow.sources(one) for one in forms)
            assert takes_weight or reached.intersection(cut.flow.reads[at])
            reached.update(cut.flow.nodes[at].output)
        assert set(head.outputs) == reached.intersection(segment.outputs)
        given = {*segment.inputs, *cut.interior(cut.home(weight)).outputs}
        assert given.issuperset(head.inputs)


def test_a_head_begins_at_its_layer(tmp_path: Path) -> None:
    cut = cut_of(chain(3), ["w0", "w1", "w2"], tmp_path)

    assert operators(cut, cut.head("w1")) == ["t1", "y"]
    assert cut.head("w1").inputs == ("t0",)
    assert cut.head("w1").fed == ("w1",)
    assert cut.interior(0).outputs == ("t0", "t1")


def test_what_is_beside_the_layer_is_an_input_of_its_head(tmp_path: Path) -> None:
    proto = build(
        [
            node("MatMul", "x w", "a"),
            node("Exp", "x", "b"),
            node("Mul", "a b", "y"),
        ],
        {"w": W},
    )
    cut = cut_of(proto, ["w"], tmp_path)

    assert operators(cut, cut.head("w")) == ["a", "y"]
    assert cut.head("w").inputs == ("x", "b")


def test_a_part_is_a_valid_model_with_only_the_constants_it_needs(tmp_path: Path) -> None:
    cut = cut_of(chain(3, unused=W), ["w0", "w1", "w2"], tmp_path)
    part = cut.head("w1")

    proto = onnx.load_model_from_string(
        cut.model(part, {"t0": np.ones((2, 8), np.float32), "w1": W})
    )

    assert [one.name for one in proto.graph.input] == ["t0", "w1"]
    assert [one.name for one in proto.graph.initializer] == ["w2"]
    assert [one.name for one in proto.graph.output] == ["y"]
    assert list(proto.opset_import) == list(cut.flow.proto.opset_import)


def test_sizes_of_inputs_stay_open(tmp_path: Path) -> None:
    """A change may move the size of what depends on values, such as of NonZero."""
    cut = cut_of(chain(1), ["w0"], tmp_path)

    proto = onnx.load_model_from_string(cut.model(cut.whole(0), {"x": np.ones((2, 8), np.float32)}))

    (size, _) = proto.graph.input[0].type.tensor_type.shape.dim
    assert not size.HasField("dim_value")


def test_a_weight_that_comes_through_others_brings_their_nodes_along(tmp_path: Path) -> None:
    proto = build(
        [node("Cast", "w", "c", to=1), node("Transpose", "c", "t"), node("MatMul", "x t", "y")],
        {"w": W.astype(np.float16)},
    )
    cut = cut_of(proto, ["w"], tmp_path)
    model = onnx.load_model_from_string(
        cut.model(cut.head("w"), {"x": np.ones((1, 8), np.float32), "w": W.astype(np.float16)})
    )

    assert [one.op_type for one in model.graph.node] == ["Cast", "Transpose", "MatMul"]
    assert model.graph.input[1].type.tensor_type.elem_type == TensorProto.FLOAT16


def test_only_the_layer_itself_reads_its_quantised_data(tmp_path: Path) -> None:
    proto = build([node("MatMul", "x w", "a"), node("Add", "a x", "y")], {"w": W})
    cut = cut_of(proto, ["w"], tmp_path)
    part = cut.quantized_head("w")
    feeds = {name: np.ones((1, 8), np.float32) for name in part.inputs} | {"w": W}

    model = onnx.load_model_from_string(cut.model(part, feeds))

    assert cut.data_input("w") == "x"
    assert set(part.inputs) == {"x", "x" + QUANTIZED}
    assert [list(one.input) for one in model.graph.node] == [["x" + QUANTIZED, "w"], ["a", "x"]]
    assert [list(one.input) for one in cut.flow.nodes] == [["x", "w"], ["a", "x"]]


def test_data_that_nothing_else_reads_is_not_an_input_twice(tmp_path: Path) -> None:
    cut = cut_of(chain(2), ["w0", "w1"], tmp_path)

    assert cut.quantized_head("w0").inputs == ("x" + QUANTIZED,)


def shared() -> ModelProto:
    return build([node("MatMul", "x w", "a"), node("MatMul", "a w", "y")], {"w": W})


def in_a_branch() -> ModelProto:
    here = body([node("MatMul", "x w", "a")], "a", {"w": W})
    there = body([node("Neg", "x", "b")], "b")
    return build(
        [node("If", "c", "y", then_branch=here, else_branch=there)],
        {},
        [value("x", "N", 8), value("c", dtype=TensorProto.BOOL)],
    )


def in_a_scan() -> ModelProto:
    turn = body([node("MatMul", "row w", "a")], "a", {"w": W}, [value("row", 8)])
    return build([node("Scan", "x", "y", body=turn, num_scan_inputs=1)])


def with_data_twice() -> ModelProto:
    return build([node("Gemm", "x w x", "y")], {"w": W})


@pytest.mark.parametrize("made", [shared, in_a_branch, in_a_scan])
def test_data_that_is_not_the_layers_alone_is_not_quantised(made, tmp_path: Path) -> None:
    assert cut_of(made(), ["w"], tmp_path).data_input("w") is None


def test_a_weight_in_two_segments_is_at_home_in_the_first(tmp_path: Path) -> None:
    names = ["x", *(f"t{at}" for at in range(8)), "y"]
    nodes = [
        node("MatMul", f"{names[at]} {'w0' if at == 8 else f'w{at}'}", names[at + 1])
        for at in range(9)
    ]
    cut = cut_of(
        build(nodes, {f"w{at}": W for at in range(8)}), [f"w{at}" for at in range(8)], tmp_path
    )
    last = len(cut.segments) - 1

    assert cut.home("w0") == 0 < last
    assert [cut.uses("w0", at) for at in range(last + 1)] == [True, *[False] * (last - 1), True]
    assert cut.whole(last, fed=("w0",)).fed == ("w0",)


def test_the_outputs_of_some_operators_can_be_seen(tmp_path: Path) -> None:
    proto = build(
        [node("MatMul", "x w", "a"), node("Relu", "a", "b"), node("Relu", "b", "y")], {"w": W}
    )
    cut = cut_of(proto, ["w"], tmp_path)

    assert cut.exposing(0, {"Relu"}).outputs == ("b", "y")


def test_weights_that_the_file_does_not_store_are_left_out(tmp_path: Path) -> None:
    cut = cut_of(chain(2), ["w0", "nowhere"], tmp_path)

    assert cut.weights == ("w0",)
    assert cut.users("nowhere") == ()


def test_the_file_stays_as_it_is(tmp_path: Path) -> None:
    loaded = load(in_a_branch(), tmp_path)
    before = loaded.proto.SerializeToString()
    cut = CutModel(loaded, ["w"])
    cut.model(cut.head("w"), {"x": np.ones((1, 8), np.float32), "c": np.bool_(1), "w": W})

    assert loaded.proto.SerializeToString() == before
    assert any(one.op_type == "If" for _, one in scoped_nodes(loaded.proto.graph))
