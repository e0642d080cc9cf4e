from __future__ import annotations

import hashlib
import os

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import helper

from sparsify_tui.errors import ModelError
from sparsify_tui.onnxio.load import load_model
from tests.onnxio.graphs_by_code import build, constant, load, node, random, value

MATMUL = node("MatMul", "x w", "y")


def refused(folder, content):
    path = folder / "model.onnx"
    path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
    with pytest.raises(ModelError) as caught:
        load_model(path)
    return str(caught.value)


def test_a_model_is_known_by_the_digest_and_size_of_its_file(tmp_path):
    loaded = load(build([MATMUL], {"w": random(8, 4)}), tmp_path)
    data = loaded.path.read_bytes()
    assert loaded.sha256 == hashlib.sha256(data).hexdigest()
    assert loaded.bytes == len(data)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "is empty"),
        (b"<!doctype html><h1>404</h1>", "HTML"),
        (b"\n  <html>", "HTML"),
        (b"PK\x03\x04" + bytes(50), "zip archive"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS pointer"),
        (b"\x1f\x8b\x08" + bytes(40), "gzip"),
        (b"hello", "is not an ONNX file"),
        (bytes(range(255, 0, -1)), "is not an ONNX file"),
        (build([MATMUL], {"w": random(8, 4)}).SerializeToString()[:-9], "ends early or is damaged"),
        (onnx.ModelProto(ir_version=9).SerializeToString() + b"\x12\x00", "damaged"),
    ],
)
def test_a_file_that_is_no_model_is_told_apart_by_its_cause(tmp_path, content, cause):
    assert cause in refused(tmp_path, content)


def test_what_is_no_plain_file_is_refused_without_being_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.onnx")
    (tmp_path / "device.onnx").symlink_to("/dev/zero")
    (tmp_path / "dangling.onnx").symlink_to("nowhere")
    causes = {
        "pipe.onnx": "not a plain file",
        "device.onnx": "not a plain file",
        "dangling.onnx": "No such file",
        ".": "is a folder",
        "nul\0byte": "Cannot open",
    }
    for name, cause in causes.items():
        with pytest.raises(ModelError, match=cause):
            load_model(tmp_path / name)


@pytest.mark.parametrize("size", [2**29, 2**31 + 1])
def test_a_file_that_is_mostly_a_hole_is_refused(tmp_path, size):
    path = tmp_path / "hole.onnx"
    with path.open("wb") as file:
        file.truncate(size)
    with pytest.raises(ModelError, match="mostly a hole"):
        load_model(path)


def test_an_unknown_operator_set_or_file_format_is_refused(tmp_path):
    newer = build([node("Relu", "x", "y")], opset=onnx.defs.onnx_opset_version() + 1)
    assert "operator set" in refused(tmp_path, newer)
    assert "operator set -1" in refused(tmp_path, build([node("Relu", "x", "y")], opset=-1))
    assert load(build([node("Relu", "x", "y")], opset=1), tmp_path).path.exists()
    proto = build([node("Relu", "x", "y")])
    proto.ir_version = 999
    assert "file format 999" in refused(tmp_path, proto)


def test_an_unknown_operator_is_named_wherever_it_is(tmp_path):
    body = helper.make_graph([node("Frobnicate", "x", "a")], "body", [], [value("a")])
    branch = node("If", "c", "y", then_branch=body, else_branch=body)
    inputs = [value("x", 1), value("c", dtype=onnx.TensorProto.BOOL)]
    assert "Frobnicate" in refused(tmp_path, build([branch], inputs=inputs))


def test_operators_of_other_domains_and_local_functions_are_left_alone(tmp_path):
    opset = [helper.make_opsetid("", 17)]
    local = helper.make_function("mine", "F", ["a"], ["b"], [node("Relu", "a", "b")], opset)
    foreign = node("Gelu", "x", "a", domain="com.microsoft")
    rms = node("SimplifiedLayerNormalization", "a s", "b")
    proto = build(
        [foreign, rms, node("F", "b", "y", domain="mine")], {"s": random(8)}, functions=[local]
    )
    assert len(load(proto, tmp_path).proto.graph.node) == 3


def test_a_model_that_expands_beyond_the_limit_is_refused(tmp_path):
    opset = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    functions = [helper.make_function("mine", "f0", ["a"], ["b"], [node("Relu", "a", "b")], opset)]
    for depth in range(1, 26):
        calls = [
            node(f"f{depth - 1}", "a", "t", domain="mine"),
            node(f"f{depth - 1}", "t", "b", domain="mine"),
        ]
        functions.append(helper.make_function("mine", f"f{depth}", ["a"], ["b"], calls, opset))
    laughs = build([node("f25", "x", "y", domain="mine")], functions=functions)
    assert "expands to 33,554,432 nodes" in refused(tmp_path, laughs)
    body = helper.make_graph([node("Relu", "x", "r")] * 25_001, "b", [], [value("r")])
    nested = build([node("If", "c", "y", then_branch=body, else_branch=body)])
    assert "expands to 50,003 nodes" in refused(tmp_path, nested)


def test_a_function_that_calls_itself_is_refused(tmp_path):
    call = node("f", "a", "b", domain="mine")
    function = helper.make_function("mine", "f", ["a"], ["b"], [call], [])
    proto = build([node("f", "x", "y", domain="mine")], functions=[function])
    assert "calls itself" in refused(tmp_path, proto)


@pytest.mark.parametrize(
    ("nodes", "cause"),
    [
        ([node("Add", "x nope", "y")], "nope is used, but nothing makes it"),
        ([node("Relu", "x", "y"), node("Neg", "x", "y")], "y is made by two nodes"),
        ([node("Add", "x b", "a"), node("Relu", "a", "b")], "is made from itself"),
    ],
)
def test_a_tensor_must_come_from_one_place(tmp_path, nodes, cause):
    assert cause in refused(tmp_path, build(nodes))


def test_nodes_need_not_be_in_order(tmp_path):
    nodes = [node("Relu", "a", "y"), node("Neg", "x", "a"), constant("unused", random(2, 2))]
    assert len(load(build(nodes), tmp_path).proto.graph.node) == 3


@pytest.mark.parametrize(
    ("dims", "data_type"),
    [((8, 5), 1), ((-1, 4), 1), ((2**31, 2**31), 1), ((8, 4), 777), ((8,), 0)],
)
def test_a_tensor_whose_data_does_not_fit_is_named(tmp_path, dims, data_type):
    proto = build([MATMUL], {"w": random(8, 4)})
    del proto.graph.initializer[0].dims[:]
    proto.graph.initializer[0].dims.extend(dims)
    proto.graph.initializer[0].data_type = data_type
    assert "The tensor w" in refused(tmp_path, proto)


@pytest.mark.parametrize("data_type", ["FLOAT", "INT64", "FLOAT16", "STRING", "COMPLEX64", "INT4"])
def test_a_tensor_may_store_its_elements_in_the_field_of_their_type(tmp_path, data_type):
    kind = getattr(onnx.TensorProto, data_type)
    elements = [b"a", b"b", b"c"] if data_type == "STRING" else [1, 2, 3]
    proto = build([node("Relu", "x", "y")], opset=21)
    proto.graph.initializer.append(helper.make_tensor("t", kind, [3], elements))
    load(proto, tmp_path)
    proto.graph.initializer[0].dims[0] = 9
    assert "The tensor t" in refused(tmp_path, proto)


def test_a_name_that_is_not_text_is_refused(tmp_path):
    data = build([node("Elu", "x", "y", alpha=2.0)]).SerializeToString()
    assert "not text" in refused(tmp_path, data.replace(b"\x05alpha", b"\x05\xfflpha"))
    assert "not text" in refused(tmp_path, data.replace(b"\x12\x01N", b"\x12\x01\xff"))
    assert "not text" in refused(
        tmp_path, data.replace(b"\x0a\x01x\x12\x01y", b"\x0a\x01\xff\x12\x01y")
    )


def test_an_einsum_equation_that_would_hang_shape_inference_is_refused(tmp_path):
    proto = build([node("Einsum", "x w", "y", equation="ij,jk->ik")], {"w": random(8, 4)})
    load(proto, tmp_path)
    proto.graph.node[0].attribute[0].s = b"\xff\xdeQ"
    assert "Einsum" in refused(tmp_path, proto)


def test_hostile_names_reach_the_message_cleaned(tmp_path):
    message = refused(tmp_path, build([node("Add", "x \x1b[31m\u202e", "y")]))
    assert "\x1b" not in message
    assert "\u202e" not in message


def test_scalars_and_empty_tensors_are_fine(tmp_path):
    weights = {"s": np.float32(2), "e": np.zeros((0, 8), np.float32)}
    load(build([node("Mul", "x s", "y")], {k: np.asarray(v) for k, v in weights.items()}), tmp_path)


def test_nodes_out_of_order_are_sorted_and_told(tmp_path):
    inner = build([node("Add", "late x", "r")]).graph
    del inner.input[:]
    inner.output[0].name = "r"
    nodes = [
        node("If", "c", "y", then_branch=inner, else_branch=inner),
        node("MatMul", "v w", "late"),
        node("Neg", "x", "v"),
    ]
    inputs = [value("x", "N", 8), value("c", dtype=onnx.TensorProto.BOOL)]
    loaded = load(build(nodes, {"w": random(8, 8)}, inputs), tmp_path)
    assert [n.op_type for n in loaded.proto.graph.node] == ["Neg", "MatMul", "If"]
    assert "not in the order" in loaded.notes[0]


def test_nodes_of_one_name_go_by_their_outputs_and_it_is_told(tmp_path):
    nodes = [
        node("Constant", "", "c1", name="fc", value_float=1.0),
        node("Neg", "x", "a", name="fc"),
        node("Add", "a c1", "b", name="fc"),
        node("Neg", "b", "y", name="other"),
    ]
    loaded = load(build(nodes), tmp_path)
    assert [n.name for n in loaded.proto.graph.node] == ["fc", "a", "b", "other"]
    assert "2 nodes share their names, which onnxruntime refuses" in loaded.notes[0]


def test_constants_may_share_a_name(tmp_path):
    nodes = [node("Constant", "", out, name="c", value_float=1.0) for out in ("a", "b")]
    loaded = load(build([*nodes, node("Add", "a b", "y")]), tmp_path)
    assert (loaded.notes, loaded.proto.graph.node[0].name) == ((), "c")


def function(name, *nodes, inputs="a"):
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    return helper.make_function("mine", name, inputs.split(), ["b"], nodes, opsets)


def test_local_functions_are_expanded_and_compute_the_same(tmp_path):
    inner = function("Inner", constant("w", random(8, 8)), node("MatMul", "a w", "b"))
    outer = function(
        "Outer", node("Inner", "a", "h", domain="mine"), node("Inner", "h", "b", domain="mine")
    )
    proto = build([node("Outer", "x", "y", domain="mine")], functions=[inner, outer])
    loaded = load(proto, tmp_path)
    assert not loaded.proto.functions
    assert [tensor.name for tensor in loaded.proto.graph.initializer] == ["w"]
    feed = {"x": random(2, 8)}
    before, after = (
        ort.InferenceSession(p.SerializeToString(), providers=["CPUExecutionProvider"])
        for p in (proto, loaded.proto)
    )
    np.testing.assert_allclose(after.run(None, feed)[0], before.run(None, feed)[0], rtol=1e-6)


def test_a_function_that_calls_itself_in_a_branch_is_refused(tmp_path):
    body = build([node("F", "a", "r", domain="mine")]).graph
    del body.input[:]
    body.output[0].name = "r"
    loops = function("F", node("If", "a", "b", then_branch=body, else_branch=body))
    proto = build([node("F", "x", "y", domain="mine")], functions=[loops])
    assert "calls itself" in refused(tmp_path, proto)


def test_a_call_that_does_not_fit_its_function_is_refused(tmp_path):
    proto = build(
        [node("F", "x x x", "y", domain="mine")], functions=[function("F", node("Neg", "a", "b"))]
    )
    assert "cannot be expanded" in refused(tmp_path, proto)
