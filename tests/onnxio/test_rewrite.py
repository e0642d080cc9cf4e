from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from sparsify_tui.errors import ModelError, UsageError
from sparsify_tui.onnxio import rewrite
from sparsify_tui.onnxio.load import load_model
from sparsify_tui.onnxio.read import read_model
from sparsify_tui.onnxio.rewrite import (
    expose_tensors,
    name_nodes_by_output,
    prune_layers,
    serialize,
    write_model,
)
from tests.onnxio.bodies_by_code import branch
from tests.onnxio.graphs_by_code import build, constant, load, node, random, value

BFLOAT16 = helper.tensor_dtype_to_np_dtype(TensorProto.BFLOAT16)
INT4 = helper.tensor_dtype_to_np_dtype(TensorProto.INT4)


def two_layers():
    nodes = [
        constant("v", random(8, 4)),
        node("MatMul", "x w", "h", name="first"),
        node("MatMul", "h v", "y", name="second"),
    ]
    return build(nodes, {"w": random(8, 8)})


def stored(proto, name):
    for tensor in proto.graph.initializer:
        if tensor.name == name:
            return numpy_helper.to_array(tensor)
    (found,) = [n for n in proto.graph.node if n.op_type == "Constant" and n.output[0] == name]
    return numpy_helper.to_array(found.attribute[0].t)


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 1), st.floats(0, 1))
def test_the_sparsity_reached_is_the_one_in_the_copy(tmp_path_factory, first, second):
    loaded = load(two_layers(), tmp_path_factory.mktemp("model"))
    pruned, reached = prune_layers(loaded, read_model(loaded), {"first": first, "second": second})
    assert reached["first"] == np.mean(stored(pruned, "w") == 0) == round(first * 64) / 64
    assert reached["second"] == np.mean(stored(pruned, "v") == 0) == round(second * 32) / 32


def test_pruning_zeroes_the_smallest_and_keeps_the_rest(tmp_path):
    loaded = load(two_layers(), tmp_path)
    before = stored(loaded.proto, "w").copy()
    pruned, _ = prune_layers(loaded, read_model(loaded), {"first": 0.5})
    after = stored(pruned, "w")
    assert np.abs(before[after == 0]).max() < np.abs(before[after != 0]).min()
    np.testing.assert_array_equal(after[after != 0], before[after != 0])
    np.testing.assert_array_equal(stored(pruned, "v"), stored(loaded.proto, "v"))
    np.testing.assert_array_equal(stored(loaded.proto, "w"), before)


def test_pruning_never_brings_a_zero_back(tmp_path):
    weight = random(8, 4)
    weight[:6] = 0
    loaded = load(build([node("MatMul", "x w", "y")], {"w": weight}), tmp_path)
    pruned, reached = prune_layers(loaded, read_model(loaded), {"y": 0.5})
    assert reached["y"] == 0.75
    np.testing.assert_array_equal(stored(pruned, "w"), weight)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, BFLOAT16])
def test_pruning_keeps_the_stored_type_and_name(tmp_path, dtype):
    nodes = [node("Cast", "w", "c", to=TensorProto.FLOAT), node("MatMul", "x c", "y")]
    loaded = load(build(nodes, {"w": random(8, 4).astype(dtype)}), tmp_path)
    pruned, reached = prune_layers(loaded, read_model(loaded), {"y": 0.25})
    assert reached == {"y": 0.25}
    assert stored(pruned, "w").dtype == dtype


def test_a_weight_stored_in_the_field_of_its_type_is_pruned(tmp_path):
    proto = build([node("MatMul", "x w", "y")])
    proto.graph.initializer.append(helper.make_tensor("w", TensorProto.FLOAT, [8, 2], range(16)))
    loaded = load(proto, tmp_path)
    pruned, _ = prune_layers(loaded, read_model(loaded), {"y": 0.5})
    assert stored(pruned, "w").ravel().tolist() == [0] * 8 + list(range(8, 16))


def test_a_tied_weight_is_pruned_once_for_all_its_users(tmp_path):
    nodes = [node("MatMul", "x w", "h"), node("Transpose", "w", "t"), node("MatMul", "h t", "y")]
    loaded = load(build(nodes, {"w": random(8, 8)}), tmp_path)
    model = read_model(loaded)
    pruned, reached = prune_layers(loaded, model, {"h": 0.5})
    assert len(model.layers) == 1
    assert reached == {"h": 0.5}
    assert np.mean(stored(pruned, "w") == 0) == 0.5


def test_a_weight_in_a_branch_is_pruned_there_and_only_there(tmp_path):
    then = branch(node("MatMul", "x w", "r"), w=random(8, 4))
    other = branch(constant("w", random(8, 4)), node("MatMul", "x w", "r"))
    pick = node("If", "c", "y", then_branch=then, else_branch=other)
    inputs = [value("x", "N", 8), value("c", dtype=TensorProto.BOOL)]
    loaded = load(build([pick], inputs=inputs), tmp_path)
    model = read_model(loaded)
    left, right = (layer.id for layer in model.layers)
    pruned, reached = prune_layers(loaded, model, {right: 1.0})
    assert reached == {right: 1.0}
    session = ort.InferenceSession(serialize(pruned), providers=["CPUExecutionProvider"])
    feed = {"x": random(2, 8)}
    whole = session.run(None, feed | {"c": np.array(0, np.bool_)})[0]
    empty = session.run(None, feed | {"c": np.array(1, np.bool_)})[0]
    assert whole.any()
    assert not empty.any()
    both, _ = prune_layers(loaded, model, {left: 1.0, right: 1.0})
    session = ort.InferenceSession(serialize(both), providers=["CPUExecutionProvider"])
    assert not session.run(None, feed | {"c": np.array(0, np.bool_)})[0].any()


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, INT4])
def test_stored_integers_are_pruned_to_their_zero_point(tmp_path, dtype):
    integers = (np.arange(32) % 8).reshape(8, 4).astype(dtype)
    scales = np.float32([1, 1, 100, 1])
    zeros = np.array([3, 3, 1, 3]).astype(dtype)
    nodes = [node("DequantizeLinear", "q s z", "w", axis=1), node("MatMul", "x w", "y")]
    loaded = load(build(nodes, {"q": integers, "s": scales, "z": zeros}, opset=21), tmp_path)
    model = read_model(loaded)
    assert model.layers[0].density == 28 / 32
    pruned, reached = prune_layers(loaded, model, {"y": 0.75})
    after = stored(pruned, "q")
    assert reached == {"y": 0.75}
    assert after.dtype == integers.dtype
    np.testing.assert_array_equal(after[:, [0, 1, 3]], np.full((8, 3), 3, dtype))
    np.testing.assert_array_equal(after[:, 2], integers[:, 2])


@pytest.mark.parametrize(
    ("levels", "cause"),
    [
        ({"nope": 0.5}, "no layer nope"),
        ({"embed": 0.5}, "cannot be pruned: it is Gather"),
        ({"first": 1.5}, "not between 0 and 1"),
        ({"first": float("nan")}, "not between 0 and 1"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(tmp_path, levels, cause):
    nodes = [node("Gather", "t i", "e", name="embed"), node("MatMul", "e w", "y", name="first")]
    weights = {"t": random(9, 8), "i": np.array([1, 2]), "w": random(8, 4)}
    loaded = load(build(nodes, weights), tmp_path)
    with pytest.raises(UsageError, match=cause):
        prune_layers(loaded, read_model(loaded), levels)


def test_a_pruned_model_runs(tmp_path):
    loaded = load(two_layers(), tmp_path)
    pruned, _ = prune_layers(loaded, read_model(loaded), {"first": 1.0})
    session = ort.InferenceSession(serialize(pruned), providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {"x": random(2, 8)})
    assert not output.any()


def test_nodes_are_named_after_their_first_output(tmp_path):
    body = build([node("Relu", "x", "r", name="inner")], outputs=[value("r")]).graph
    del body.input[:]
    nodes = [
        node("LSTM", "x w r", "", name="n"),
        node("If", "c", "y", then_branch=body, else_branch=body),
    ]
    nodes[0].output[:] = ["", "hidden"]
    proto = build(nodes, {"w": random(1, 4, 8), "r": random(1, 4, 1)})
    named = name_nodes_by_output(proto)
    assert [n.name for n in named.graph.node] == ["hidden", "y"]
    assert named.graph.node[1].attribute[0].g.node[0].name == "r"
    assert proto.graph.node[0].name == "n"


def test_exposed_tensors_are_added_to_the_outputs_once():
    proto = two_layers()
    exposed = expose_tensors(proto, ["h", "y"])
    assert [output.name for output in exposed.graph.output] == ["y", "h"]
    assert len(proto.graph.output) == 1


def test_a_written_model_reads_back_the_same(tmp_path):
    path = tmp_path / "out.onnx"
    write_model(two_layers(), path)
    assert load_model(path).proto == two_layers()
    assert [found.name for found in tmp_path.iterdir()] == ["out.onnx"]


def test_weights_too_large_for_one_file_go_beside_it(tmp_path, monkeypatch):
    monkeypatch.setattr(rewrite, "MAX_INLINE_BYTES", 2000)
    proto = build([node("MatMul", "x w", "h"), node("Add", "h b", "y")],
                  {"w": random(8, 100), "b": random(100)})  # fmt: skip
    path = tmp_path / "out.onnx"
    write_model(proto, path)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["out.onnx", "out.onnx.data"]
    assert (tmp_path / "out.onnx.data").stat().st_size == 3200
    assert path.stat().st_size < 1000
    assert load_model(path).proto == proto
    assert ort.InferenceSession(path, providers=["CPUExecutionProvider"]).get_inputs()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "out.onnx"
    write_model(two_layers(), path)
    old = path.read_bytes()

    def fail(proto):
        raise ModelError("full")

    monkeypatch.setattr(rewrite, "serialize", fail)
    with pytest.raises(ModelError, match="full"):
        write_model(build([node("Relu", "x", "y")]), path)
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_does_not_exist_is_named_as_the_cause(tmp_path):
    with pytest.raises(ModelError, match=r"Cannot write out\.onnx: No such file"):
        write_model(two_layers(), tmp_path / "missing" / "out.onnx")


def test_a_model_of_two_gibibytes_does_not_fit_into_one_piece():
    class TooLarge:
        def SerializeToString(self):
            raise ValueError("Failed to serialize proto")

    with pytest.raises(ModelError, match="too large"):
        serialize(TooLarge())
