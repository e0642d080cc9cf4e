"""The float form that int8 starts from computes the same, and every change is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper

from sparsify_tui.errors import ModelError
from sparsify_tui.onnxio.graphs import first_output
from sparsify_tui.onnxio.quantize import Prepared, exposed, prepare
from tests.onnxio.graphs_by_code import build, constant, load, node, value
from tests.onnxio.quantize.nets import IMAGES, normal, residual
from tests.onnxio.quantize.running import Feeds, relative, run, simplify


def prepared(proto: ModelProto, folder: Path, *, respell: bool = False) -> Prepared:
    return prepare(load(proto, folder), simplify, respell=respell)


def assert_same(proto: ModelProto, form: Prepared, feeds: Feeds) -> None:
    before, after = run(proto, feeds), run(form.proto, feeds)
    assert before.keys() == after.keys()
    assert max(relative(before[name], after[name]) for name in before) < 1e-5


def opset(proto: ModelProto) -> int:
    return next(entry.version for entry in proto.opset_import if not entry.domain)


def test_batch_norm_after_a_convolution_is_folded(tmp_path: Path) -> None:
    form = prepared(residual(), tmp_path)
    assert "1 BatchNorm folded" in form.repairs
    assert "BatchNormalization" not in {n.op_type for n in form.proto.graph.node}
    assert_same(residual(), form, IMAGES)


def test_batch_norm_that_follows_nothing_foldable_is_told(tmp_path: Path) -> None:
    proto = residual()
    proto.graph.node[0].op_type = "Conv"
    proto.graph.node.insert(1, node("Relu", "c1", "c1_clamped"))
    proto.graph.node[2].input[0] = "c1_clamped"
    form = prepared(proto, tmp_path)
    assert "1 BatchNorm left, which follow no convolution" in form.repairs


def test_constants_in_nodes_become_initializers(tmp_path: Path) -> None:
    proto = residual()
    stored = list(proto.graph.initializer)
    del proto.graph.initializer[:]
    for tensor in reversed(stored):
        proto.graph.node.insert(0, constant(tensor.name, onnx.numpy_helper.to_array(tensor)))
    form = prepared(proto, tmp_path)
    assert f"{len(stored)} Constant nodes made initializers" in form.repairs
    assert "Constant" not in {n.op_type for n in form.proto.graph.node}
    assert_same(residual(), form, IMAGES)


def test_constants_inside_bodies_become_initializers(tmp_path: Path) -> None:
    def branch(number: float) -> onnx.GraphProto:
        nodes = [
            constant(f"k{number}", np.float32(number)),
            node("Mul", f"x k{number}", f"o{number}"),
        ]
        return helper.make_graph(nodes, "branch", [], [onnx.ValueInfoProto(name=f"o{number}")])

    nodes = [node("If", "flag", "y", then_branch=branch(2), else_branch=branch(3))]
    inputs = [value("x", "N", 8), value("flag", dtype=TensorProto.BOOL)]
    form = prepared(build(nodes, inputs=inputs, outputs=[value("y", "N", 8)]), tmp_path)
    (condition,) = form.proto.graph.node
    assert [n.op_type for a in condition.attribute for n in a.g.node] == ["Mul", "Mul"]


def test_initializers_that_are_also_inputs_are_made_constant(tmp_path: Path) -> None:
    """Files before IR version 4 list all of them, which keeps a runtime from folding."""
    proto = residual()
    proto.ir_version = 3
    for tensor in proto.graph.initializer:
        proto.graph.input.append(value(tensor.name, *tensor.dims))
    form = prepared(proto, tmp_path)
    assert f"{len(proto.graph.initializer)} initializers that were also inputs made constant" in (
        form.repairs
    )
    assert [i.name for i in form.proto.graph.input] == ["x"]
    assert "BatchNormalization" not in {n.op_type for n in form.proto.graph.node}


@pytest.mark.parametrize("old", [9, 11, 12])
def test_an_old_operator_set_is_raised(tmp_path: Path, old: int) -> None:
    form = prepared(residual(old), tmp_path)
    assert f"operator set {old} converted to 13" in form.repairs
    assert opset(form.proto) == 13
    assert_same(residual(old), form, IMAGES)


def test_an_operator_set_that_is_new_enough_is_kept(tmp_path: Path) -> None:
    form = prepared(residual(18), tmp_path)
    assert opset(form.proto) == 18
    assert not any("operator set" in repair for repair in form.repairs)


def with_foreign(nodes: list[onnx.NodeProto], version: int) -> ModelProto:
    """A model with an operator that onnx cannot convert."""
    foreign = node("Gelu", "x", "h", name="gelu", domain="com.microsoft")
    proto = build(
        [foreign, *nodes], {"w": normal(8, 8)}, outputs=[value("y", "N", 8)], opset=version
    )
    proto.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return proto


def test_foreign_operators_are_kept_with_their_domain(tmp_path: Path) -> None:
    proto = with_foreign([node("MatMul", "h w", "y", name="fc")], 12)
    form = prepared(proto, tmp_path)
    assert {entry.domain for entry in form.proto.opset_import} == {"", "com.microsoft"}
    assert opset(form.proto) == 13
    assert_same(proto, form, {"x": normal(2, 8)})


def test_domains_that_only_the_runtime_added_are_dropped(tmp_path: Path) -> None:
    form = prepared(residual(), tmp_path)
    assert [entry.domain for entry in form.proto.opset_import] == [""]


def test_nodes_are_named_by_their_first_output_and_nothing_is_said_of_shapes(
    tmp_path: Path,
) -> None:
    proto = residual()
    proto.graph.value_info.append(value("c2", 1, 2, 3))
    form = prepared(proto, tmp_path)
    assert all(n.name == first_output(n) for n in form.proto.graph.node)
    assert not form.proto.graph.value_info


@pytest.mark.parametrize(("written", "kept"), [(3, 8), (7, 8), (10, 10)])
def test_the_file_format_is_one_that_old_runtimes_read(
    tmp_path: Path, written: int, kept: int
) -> None:
    proto = residual()
    proto.ir_version = written
    assert prepared(proto, tmp_path).proto.ir_version == kept


def test_a_newer_file_format_is_kept_only_where_the_file_has_it(tmp_path: Path) -> None:
    def newest(proto: ModelProto) -> ModelProto:
        proto.ir_version = 13
        return proto

    proto = residual()
    proto.ir_version = 11
    assert prepare(load(proto, tmp_path), newest).proto.ir_version == 11


def test_whatever_the_runtime_writes_is_tidied(tmp_path: Path) -> None:
    def untidy(proto: ModelProto) -> ModelProto:
        proto.graph.value_info.append(value("c2", 1, 2, 3))
        proto.opset_import.append(helper.make_opsetid("com.acme", 1))
        return proto

    form = prepare(load(residual(), tmp_path), untidy)
    assert not form.proto.graph.value_info
    assert [entry.domain for entry in form.proto.opset_import] == [""]


def test_a_new_operator_brings_its_domain(tmp_path: Path) -> None:
    """Whether or not the runtime had declared it."""
    steps = [node("Div", "x root", "d"), node("Erf", "d", "e"), node("Add", "e one", "a")]
    gate = [node("Mul", "x a", "m"), node("Mul", "m half", "y")]
    weights = {"root": np.float32(np.sqrt(2)), "one": np.float32(1), "half": np.float32(0.5)}
    form = prepare(
        load(build([*steps, *gate], weights), tmp_path), lambda proto: proto, respell=True
    )
    assert {entry.domain for entry in form.proto.opset_import} == {"", "com.microsoft"}


def test_the_loaded_model_stays_as_it_is(tmp_path: Path) -> None:
    loaded = load(residual(11), tmp_path)
    before = loaded.proto.SerializeToString(deterministic=True)
    prepare(loaded, simplify, respell=True)
    assert loaded.proto.SerializeToString(deterministic=True) == before


def test_exposed_tensors_are_outputs_too(tmp_path: Path) -> None:
    """Also an input of the model, whose range a first layer needs."""
    form = prepared(residual(), tmp_path)
    seen = run(exposed(form, ["x", "r1"]), IMAGES)
    assert list(seen) == ["y", "x", "r1"]
    assert np.array_equal(seen["x"], IMAGES["x"])


def test_what_the_runtime_refuses_is_said(tmp_path: Path) -> None:
    def refuse(_proto: ModelProto) -> ModelProto:
        raise ModelError("onnxruntime does not load this model: no kernel.")

    with pytest.raises(ModelError, match="no kernel"):
        prepare(load(residual(), tmp_path), refuse)
