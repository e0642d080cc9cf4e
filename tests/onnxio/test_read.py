from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from sparsify_tui.core.model import TensorSpec
from sparsify_tui.errors import ModelError, UsageError
from sparsify_tui.onnxio.layers import module_path
from sparsify_tui.onnxio.read import read_model
from tests.onnxio.graphs_by_code import build, constant, load, node, random, value
from tests.onnxio.profiles import run_for_shapes

IMAGE = [value("x", "N", 4, 8, 8)]


def read(proto, folder, **kwargs):
    return read_model(load(proto, folder), **kwargs)


def test_a_layer_is_a_constant_weight_and_the_node_that_uses_it(tmp_path):
    weights = {
        "net.0.weight": random(16, 8),
        "net.0.bias": random(16),
        "onnx::MatMul_9": random(16, 4),
    }
    weights["net.0.weight"][:4] = 0
    nodes = [
        node("Gemm", "x net.0.weight net.0.bias", "h", transB=1, name="/net/net.0/Gemm"),
        node("MatMul", "h onnx::MatMul_9", "y"),
    ]
    model = read(build(nodes, weights), tmp_path)
    first, second = model.layers
    assert (first.id, first.node, first.module_path) == (
        "/net/net.0/Gemm",
        "/net/net.0/Gemm",
        "net.0",
    )
    assert (first.op_type, first.weight, first.shape) == ("Gemm", "net.0.weight", (16, 8))
    assert (first.params, first.density, first.users) == (16 * 8 + 16, 0.75, ("h",))
    assert first.prunable
    assert first.quantizable
    assert first.group is None
    assert (second.id, second.module_path, second.params) == ("y", None, 64)


def test_a_model_tells_its_interface_versions_and_size(tmp_path):
    proto = build([node("Gemm", "x w", "y")], {"w": random(8, 4)}, outputs=[value("y", "N", 4)])
    proto.producer_name, proto.producer_version = "pytorch", "2.9"
    loaded = load(proto, tmp_path)
    model = read_model(loaded, dims={"N": 5})
    assert (model.opset, model.ir_version, model.producer) == (17, 9, "pytorch 2.9")
    assert (model.sha256, model.bytes, model.path) == (
        loaded.sha256,
        loaded.bytes,
        str(loaded.path),
    )
    assert model.inputs == (TensorSpec(name="x", dtype="float32", shape=("N", 8)),)
    assert model.outputs == (TensorSpec(name="y", dtype="float32", shape=("N", 4)),)
    assert model.assumed == (TensorSpec(name="x", dtype="float32", shape=(5, 8)),)
    assert model.warnings == ()


def test_an_initializer_listed_as_input_is_a_weight_and_not_asked_for(tmp_path):
    inputs = [value("x", "N", 8), value("w", 8, 4)]
    model = read(build([node("MatMul", "x w", "y")], {"w": random(8, 4)}, inputs), tmp_path)
    assert [spec.name for spec in model.inputs] == ["x"]
    assert [layer.weight for layer in model.prunable] == ["w"]


def test_open_dimensions_have_no_size_whatever_the_file_writes(tmp_path):
    inputs = [value("x", 0, 8), value("z", -1, None)]
    model = read(build([node("Relu", "x", "y")], inputs=inputs), tmp_path)
    assert [spec.shape for spec in model.inputs] == [("?", 8), ("?", "?")]


@pytest.mark.parametrize(
    ("nodes", "weights", "inputs", "flops"),
    [
        ([node("Gemm", "x w", "y")], {"w": (8, 4)}, [value("x", 3, 8)], 2 * 3 * 8 * 4),
        ([node("Gemm", "x w", "y", transB=1)], {"w": (4, 8)}, [value("x", 3, 8)], 2 * 3 * 8 * 4),
        ([node("Gemm", "w x", "y")], {"w": (4, 8)}, [value("x", 8, 3)], 2 * 3 * 8 * 4),
        ([node("Gemm", "w x", "y", transA=1)], {"w": (8, 4)}, [value("x", 8, 3)], 2 * 3 * 8 * 4),
        ([node("MatMul", "x w", "y")], {"w": (8, 4)}, [value("x", 2, 5, 8)], 2 * 2 * 5 * 8 * 4),
        ([node("MatMul", "w x", "y")], {"w": (4, 8)}, [value("x", 2, 8, 5)], 2 * 2 * 5 * 8 * 4),
        ([node("Conv", "x w", "y")], {"w": (6, 4, 3, 3)}, IMAGE, 2 * 6 * 6 * 6 * 4 * 9),
        (
            [node("Conv", "x w", "y", group=2, pads=[1, 1, 1, 1], strides=[2, 2])],
            {"w": (6, 2, 3, 3)}, IMAGE, 2 * 6 * 4 * 4 * 2 * 9,
        ),
        ([node("Conv", "x w", "y")], {"w": (6, 4, 3)}, [value("x", 1, 4, 9)], 2 * 6 * 7 * 4 * 3),
        (
            [node("ConvTranspose", "x w", "y", group=2, strides=[2, 2])],
            {"w": (4, 3, 2, 2)}, IMAGE, 2 * 4 * 64 * 3 * 4,
        ),
        (
            [node("LSTM", "x w r", "y", hidden_size=8)],
            {"w": (1, 32, 4), "r": (1, 32, 8)}, [value("x", 5, 3, 4)], 2 * 5 * 3 * 32 * (4 + 8),
        ),
        (
            [node("Einsum", "x w", "y", equation="bqd, dk -> bqk")],
            {"w": (8, 4)}, [value("x", 2, 5, 8)], 2 * 2 * 5 * 8 * 4,
        ),
        (
            [node("Einsum", "x w", "y", equation="...d,dk->...k")],
            {"w": (8, 4)}, [value("x", 2, 8)], None,
        ),
        (
            [node("Transpose", "w", "t"), node("MatMul", "x t", "y")],
            {"w": (4, 8)}, [value("x", 3, 8)], 2 * 3 * 8 * 4,
        ),
    ],
)  # fmt: skip
def test_flops_are_two_per_multiply_add_with_the_weight(tmp_path, nodes, weights, inputs, flops):
    arrays = {name: random(*shape) for name, shape in weights.items()}
    assert read(build(nodes, arrays, inputs), tmp_path).flops == flops


def test_flops_follow_the_dimensions_given(tmp_path):
    proto = build([node("MatMul", "x w", "y")], {"w": random(8, 4)}, [value("x", "N", "T", 8)])
    assert read(proto, tmp_path).flops == 2 * 8 * 4
    assert read(proto, tmp_path, dims={"N": 3, "T": 5}).flops == 2 * 15 * 8 * 4
    with pytest.raises(UsageError, match="no open dimension Q"):
        read(proto, tmp_path, dims={"Q": 3})


def test_shapes_that_the_file_states_wrongly_are_not_believed(tmp_path):
    proto = build([node("MatMul", "x w", "h"), node("MatMul", "h v", "y")],
                  {"w": random(8, 4), "v": random(4, 2)}, outputs=[value("y", 7, 2)])  # fmt: skip
    proto.graph.value_info.append(value("h", 7, 4))
    assert read(proto, tmp_path).flops == 2 * (8 * 4 + 4 * 2)


def loop_of_unknown_shape():
    """`x` through a NonZero, whose shape only a run can tell, into a MatMul."""
    nodes = [
        node("NonZero", "x", "i"),
        node("Cast", "i", "f", to=TensorProto.FLOAT),
        node("Transpose", "f", "t"),
        node("MatMul", "t w", "y"),
    ]
    return build(nodes, {"w": random(2, 4)})


def test_a_shape_that_cannot_be_inferred_leaves_flops_unknown(tmp_path):
    model = read(loop_of_unknown_shape(), tmp_path)
    assert model.layers[0].flops is None
    assert model.flops is None


def test_a_shape_that_cannot_be_inferred_is_asked_of_a_run(tmp_path):
    model = read(loop_of_unknown_shape(), tmp_path, dims={"N": 3}, trace=run_for_shapes)
    assert model.flops == 2 * (3 * 8) * 2 * 4


def test_no_run_is_asked_for_when_all_shapes_are_known(tmp_path):
    def trace(data, assumed):
        raise AssertionError

    proto = build([node("MatMul", "x w", "y")], {"w": random(8, 4)})
    assert read(proto, tmp_path, trace=trace).flops == 64


def test_a_failing_run_becomes_a_warning(tmp_path):
    def trace(data, assumed):
        raise ModelError("The model does not run.")

    model = read(loop_of_unknown_shape(), tmp_path, trace=trace)
    assert model.flops is None
    assert model.warnings == ("Some FLOPs are unknown: The model does not run.",)


def test_failing_shape_inference_becomes_a_warning(tmp_path):
    proto = build([node("Relu", "", "a"), node("MatMul", "x w", "y")], {"w": random(8, 4)})
    model = read(proto, tmp_path)
    assert len(model.layers) == 1
    assert "Shapes cannot be inferred" in model.warnings[0]


@pytest.mark.parametrize(
    ("nodes", "params"),
    [
        ([node("Gemm", "x w b", "y")], 8 * 4 + 4),
        ([node("MatMul", "x w", "h"), node("Add", "h b", "y")], 8 * 4 + 4),
        ([node("MatMul", "x w", "h"), node("Add", "b h", "y")], 8 * 4 + 4),
        ([node("MatMul", "x w", "h"), node("Mul", "h b", "y")], 8 * 4),
        ([node("MatMul", "x w", "h"), node("Add", "h m", "y")], 8 * 4),
        ([node("MatMul", "x w", "h"), node("Relu", "h", "r"), node("Add", "r b", "y")], 8 * 4),
    ],
)
def test_parameters_include_the_bias_of_the_node_or_of_the_add_after_it(tmp_path, nodes, params):
    weights = {"w": random(8, 4), "b": random(4), "m": random(1, 4)}
    assert read(build(nodes, weights), tmp_path).layers[0].params == params


def test_the_bias_of_a_recurrent_node_counts_once(tmp_path):
    weights = {"w": random(1, 32, 4), "r": random(1, 32, 8), "b": random(1, 64)}
    lstm = node("LSTM", "x w r b", "y", hidden_size=8, name="rnn")
    first, second = read(build([lstm], weights, [value("x", 5, 1, 4)]), tmp_path).layers
    assert (first.params, second.params) == (32 * 4 + 64, 32 * 8)
    assert (first.id, second.id) == ("rnn", "rnn:r")


def test_a_tied_weight_is_one_layer_that_names_all_its_users(tmp_path):
    nodes = [
        node("Gather", "table x", "h"),
        node("MatMul", "h w", "a"),
        node("MatMul", "a w", "b"),
        node("Transpose", "table", "t"),
        node("MatMul", "b t", "y"),
    ]
    inputs = [value("x", 2, 3, dtype=TensorProto.INT64)]
    model = read(build(nodes, {"table": random(50, 8), "w": random(8, 8)}, inputs), tmp_path)
    table, shared = model.layers
    assert (table.users, table.group, table.op_type) == (("h", "y"), "table", "Gather")
    assert (shared.users, shared.group) == (("a", "b"), "w")
    assert table.prunable
    assert table.quantizable
    assert shared.flops == 2 * 2 * (2 * 3 * 8 * 8)
    assert model.params == 50 * 8 + 8 * 8


@pytest.mark.parametrize(
    ("op_type", "inputs", "weights", "prunable", "quantizable"),
    [
        ("Conv", "x w", (6, 4, 3, 3), True, True),
        ("ConvTranspose", "x w", (4, 6, 3, 3), True, False),
        ("MatMul", "w x", (8, 8), True, True),
        ("Gather", "w i", (50, 8), False, False),
    ],
)
def test_what_may_be_pruned_and_quantised_follows_from_the_operator(
    tmp_path, op_type, inputs, weights, prunable, quantizable
):
    arrays = {"w": random(*weights), "i": np.array([0, 1])}
    (layer,) = read(build([node(op_type, inputs, "y")], arrays, IMAGE), tmp_path).layers
    assert (layer.prunable, layer.quantizable) == (prunable, quantizable)


@pytest.mark.parametrize(
    "nodes",
    [
        [node("MatMul", "x x", "y")],
        [node("MatMul", "w w", "a"), node("Add", "a x", "y")],
        [node("Conv", "x w", "y", domain="com.microsoft.nchwc")],
        [node("FusedGemm", "x w", "y", domain="mine")],
        [node("Cast", "integers", "c", to=1), node("MatMul", "x c", "y")],
        [node("MatMul", "x vector", "y")],
        [node("MatMul", "x nothing", "y")],
    ],
)
def test_a_product_without_one_floating_point_weight_is_no_layer(tmp_path, nodes):
    arrays = {
        "w": random(8, 8), "integers": np.ones((8, 4), np.int32),
        "vector": random(8), "nothing": random(8, 0),
    }  # fmt: skip
    model = read(build(nodes, arrays), tmp_path)
    assert model.layers == ()
    assert any("No layer can be pruned" in warning for warning in model.warnings)


@pytest.mark.parametrize("dtype", [np.float16, np.float64, "bfloat16"])
def test_weights_of_every_floating_point_type_are_layers(tmp_path, dtype):
    weight = random(8, 4).astype(helper.tensor_dtype_to_np_dtype(TensorProto.BFLOAT16)
                                 if dtype == "bfloat16" else dtype)  # fmt: skip
    weight[0] = 0
    nodes = [node("Cast", "w", "c", to=TensorProto.FLOAT), node("MatMul", "x c", "y")]
    (layer,) = read(build(nodes, {"w": weight}), tmp_path).layers
    assert layer.density == 28 / 32


def test_weights_in_constant_nodes_are_layers_in_graph_order(tmp_path):
    nodes = [constant("b", random(8, 8)), constant("a", random(8, 8)),
             node("MatMul", "x a", "h"), node("MatMul", "h b", "y")]  # fmt: skip
    assert [layer.weight for layer in read(build(nodes), tmp_path).layers] == ["a", "b"]


def test_ids_are_unique_where_names_are_missing_or_repeated(tmp_path):
    names = ["", "same", "same", "t3", ""]
    nodes = [
        node("MatMul", f"{'x' if i == 0 else f't{i - 1}'} w{i}", f"t{i}", name=name)
        for i, name in enumerate(names)
    ]
    nodes[3].name = "t4"
    model = read(build(nodes, {f"w{i}": random(8, 8) for i in range(5)}), tmp_path)
    assert [layer.id for layer in model.layers] == ["t0", "t1", "t2", "t4", "t4:w4"]


@pytest.mark.parametrize(
    ("weight", "path"),
    [
        ("layer1.0.conv1.weight", "layer1.0.conv1"),
        ("0.weight", "0"),
        ("fc.weight", "fc"),
        ("fc.bias", None),
        ("weight", None),
        ("onnx::MatMul_59", None),
        ("onnx::Conv_1.weight", None),
        ("val_59", None),
        ("a..weight", None),
        ("a b.weight", None),
        ("model/dense/kernel:0", None),
        ("a.weight\n", None),
    ],
)
def test_a_module_path_is_read_only_from_a_name_that_looks_like_one(weight, path):
    assert module_path(weight) == path


def test_reading_leaves_the_loaded_model_as_it_is(tmp_path):
    loaded = load(
        build([node("MatMul", "x w", "y")], {"w": random(80, 40)}, [value("x", "N", 80)]), tmp_path
    )
    before = loaded.proto.SerializeToString(deterministic=True)
    read_model(loaded)
    assert loaded.proto.SerializeToString(deterministic=True) == before
    assert onnx.load(loaded.path) == loaded.proto
