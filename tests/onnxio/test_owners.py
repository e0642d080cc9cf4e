from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from onnx import TensorProto

from sparsify_tui.onnxio.owners import idle_layers, kernel_owner
from sparsify_tui.onnxio.read import read_model
from tests.onnxio.bodies_by_code import branch, choice, loop
from tests.onnxio.graphs_by_code import build, load, node, random, value
from tests.onnxio.profiles import IMAGE, ROWS, TOKENS, charged, norm

LAST = node("Neg", "m", "y")


def conv(inputs, output, channels, from_channels, weights, size=3):
    name = f"w_{output}"
    weights[name] = random(channels, from_channels, size, size) / 10
    return node("Conv", f"{inputs} {name}", output, pads=[size // 2] * 4)


@pytest.mark.parametrize(("channels", "main_first"), list(product([6, 16], [True, False])))
def test_each_convolution_of_a_residual_block_is_charged_once(tmp_path, channels, main_first):
    weights: dict = {}
    main = [
        conv("r", "a", channels, channels, weights),
        norm("a", "b", channels, weights),
        node("Relu", "b", "c"),
        conv("c", "main", channels, channels, weights),
    ]
    side = [conv("r", "side", channels, channels, weights, size=1)]
    nodes = [conv("x", "stem", channels, 3, weights), node("Relu", "stem", "r")]
    nodes += main + side if main_first else side + main
    nodes += [node("Add", "main side", "sum"), node("Relu", "sum", "out")]
    nodes += [conv("out", "y", channels, channels, weights)]
    owners = [o for o in charged(build(nodes, weights, IMAGE), tmp_path).values() if o]
    assert sorted(owners) == ["a", "main", "side", "stem", "y"]


@pytest.mark.parametrize(
    ("nodes", "inputs"),
    [
        ([node("MatMul", "x w", "m"), node("Add", "m b", "y")], ROWS),
        ([node("MatMul", "x w", "m"), node("Add", "m b", "a"), node("Relu", "a", "y")], ROWS),
        ([node("MatMul", "x w", "m"), node("Add", "m b", "y")], TOKENS),
        ([node("MatMul", "x w", "m"), node("Div", "m s", "y")], TOKENS),
        ([node("Mul", "x s", "a"), node("MatMul", "a w", "m"), node("Add", "m b", "y")], TOKENS),
        ([node("Transpose", "x", "t", perm=[0, 2, 1]), node("MatMul", "t v", "m"), LAST], TOKENS),
        ([node("Gemm", "x w b", "m"), node("Sigmoid", "m", "y")], ROWS),
        ([node("Gemm", "x w", "m"), node("Transpose", "m", "y")], ROWS),
        ([node("Gemm", "x w", "m"), node("Sum", "m n", "y")], ROWS),
        ([node("Transpose", "x", "t"), node("Gemm", "t u", "m"), node("Relu", "m", "y")], ROWS),
        ([node("LSTM", "x l r", "m", hidden_size=2), LAST], TOKENS),
        ([node("Cast", "x", "i", to=7), node("Gather", "w i", "m"), LAST], ROWS),
    ],
)  # fmt: skip
def test_a_fused_kernel_is_charged_to_the_layer_in_it(tmp_path, nodes, inputs):
    weights = {
        "w": random(16, 8), "b": random(8), "s": np.asarray(np.float32(3)), "v": random(5, 8),
        "u": random(4, 8), "n": random(4, 8), "l": random(1, 8, 16), "r": random(1, 8, 2),
    }  # fmt: skip
    owners = [o for o in charged(build(nodes, weights, inputs), tmp_path).values() if o]
    assert owners == ["m"]


def attention():
    nodes = [node("MatMul", f"x w_{part}", part) for part in "qkv"]
    nodes += [
        node("Mul", "q s", "scaled"),
        node("Transpose", "k", "kt", perm=[0, 2, 1]),
        node("MatMul", "scaled kt", "scores"),
        node("Softmax", "scores", "share", axis=-1),
        node("MatMul", "share v", "mixed"),
        node("MatMul", "mixed w_o", "y"),
    ]
    weights = {f"w_{part}": random(16, 16) for part in "qkvo"}
    return build(nodes, weights | {"s": np.asarray(np.float32(0.25))}, TOKENS)


def test_a_product_of_two_activations_belongs_to_no_layer(tmp_path):
    owners = charged(attention(), tmp_path)
    assert sorted(owner for owner in owners.values() if owner) == ["k", "q", "v", "y"]
    assert owners["mixed", "MatMul"] is None


def test_elementwise_work_and_changes_of_layout_belong_to_no_layer(tmp_path):
    weights: dict = {}
    nodes = [
        conv("x", "c", 16, 3, weights),
        node("Relu", "c", "r"),
        norm("r", "n", 16, weights),
        node("Softmax", "n", "y"),
    ]
    owners = charged(build(nodes, weights, IMAGE), tmp_path)
    assert [name for (name, _), owner in owners.items() if owner] == ["r_nchwc"]
    assert ("n_bn_nchwc", "Conv") in owners
    assert any(op_type == "ReorderOutput" for _, op_type in owners)


def test_every_use_of_a_tied_weight_is_charged_to_the_one_layer(tmp_path):
    nodes = [node("MatMul", "x w", "a"), node("Relu", "a", "b"), node("MatMul", "b w", "y")]
    owners = charged(build(nodes, {"w": random(16, 16)}, ROWS), tmp_path)
    assert [owner for owner in owners.values() if owner] == ["a", "a"]


@pytest.mark.parametrize(
    ("name", "op_type", "layer"),
    [
        ("m", "MatMul", "m"),
        ("m_quant", "MatMulIntegerToFloat", "m"),
        ("m_MatMul_quant", "DynamicQuantizeMatMul", "m"),
        ("fused m/MatMulAddFusion", "FusedGemm", "m"),
        ("m/MatmulTransposeFusion//MatMulScaleFusion/_token_12", "FusedMatMul", "m"),
        ("tail_nchwc", "MatMul", "tail_nchwc"),
        ("m", "Softmax", None),
        ("m", "Gather", None),
        ("m", "Conv", None),
        ("relu", "Gather", None),
        ("unheard of", "MatMul", None),
        ("x", "MatMul", None),
        ("", "MatMul", None),
    ],
)
def test_a_kernel_is_known_by_its_name_and_operator(tmp_path, name, op_type, layer):
    nodes = [
        node("MatMul", "x w", "m"),
        node("Relu", "m", "relu"),
        node("MatMul", "relu v", "tail_nchwc"),
        node("Neg", "tail_nchwc", "tail"),
        node("Neg", "tail", "y"),
    ]
    loaded = load(build(nodes, {"w": random(8, 8), "v": random(8, 4)}), tmp_path)
    assert kernel_owner(loaded, read_model(loaded))(name, op_type) == layer


def test_a_kernel_that_could_stand_for_several_layers_is_charged_to_none(tmp_path):
    nodes = [node("MatMul", "x w", "a"), node("MatMul", "x v", "b"), node("Add", "a b", "y")]
    loaded = load(build(nodes, {"w": random(8, 8), "v": random(8, 8)}), tmp_path)
    assert kernel_owner(loaded, read_model(loaded))("y", "Gemm") is None


def test_a_graph_of_many_paths_is_followed_once(tmp_path):
    nodes = [node("MatMul", "x w", "a0")]
    nodes += [node("Add", f"a{depth} a{depth}", f"a{depth + 1}") for depth in range(200)]
    loaded = load(build([*nodes, node("Relu", "a200", "y")], {"w": random(8, 8)}), tmp_path)
    assert kernel_owner(loaded, read_model(loaded))("y", "FusedGemm") == "a0"


def same_names():
    """Two branches of one shape and with the same names."""
    sides = [
        branch(
            node("MatMul", "x w", "m"), node("Add", "m b", "a"), node("Relu", "a", "r"),
            w=random(16, 8), b=random(8),
        )
        for _ in range(2)
    ]  # fmt: skip
    return choice(*sides)


@pytest.mark.parametrize(("taken", "layer", "idle"), [(1, "m_2", "m"), (0, "m", "m_2")])
def test_kernels_of_the_branch_taken_are_charged_and_the_other_is_idle(
    tmp_path, taken, layer, idle
):
    proto = build([same_names()], inputs=[*ROWS, value("c", dtype=TensorProto.BOOL)])
    owners = charged(proto, tmp_path, {"c": np.array(taken, np.bool_)})
    assert [owner for owner in owners.values() if owner] == [layer]
    loaded = load(proto, tmp_path)
    assert idle_layers(loaded, read_model(loaded), owners) == {idle}


@pytest.mark.parametrize(("taken", "layer"), [(1, "m_2"), (0, "m")])
def test_a_branch_that_the_runtime_takes_on_loading_is_charged(tmp_path, taken, layer):
    owners = charged(build([same_names()], {"c": np.array(taken, np.bool_)}, ROWS), tmp_path)
    assert [owner for owner in owners.values() if owner] == [layer]


def test_every_turn_of_a_loop_is_charged_to_the_layer_in_it(tmp_path):
    again = loop([node("MatMul", "s w", "p"), node("Tanh", "p", "s2")], w=random(16, 16))
    owners = charged(build([again], {"n": np.asarray(3)}, ROWS), tmp_path)
    assert [owner for owner in owners.values() if owner] == ["p"]


@pytest.mark.parametrize("dynamic", [False, True])
def test_the_integer_kernels_of_a_quantised_model_are_charged(tmp_path, dynamic):
    weights = {"q": np.ones((16, 8), np.int8), "s": np.asarray(np.float32(0.1))}
    weights |= {"z": np.asarray(np.int8(0)), "u": np.asarray(np.uint8(0))}
    if dynamic:
        nodes = [
            node("DynamicQuantizeLinear", "x", "xq xs xz"), node("MatMulInteger", "xq q xz z", "p"),
            node("Cast", "p", "f", to=1), node("Mul", "xs s", "scale"), node("Mul", "f scale", "y"),
        ]  # fmt: skip
    else:
        nodes = [
            node("QuantizeLinear", "x s u", "xq"), node("DequantizeLinear", "xq s u", "xd"),
            node("DequantizeLinear", "q s z", "w"), node("MatMul", "xd w", "p"),
            node("QuantizeLinear", "p s u", "pq"), node("DequantizeLinear", "pq s u", "y"),
        ]  # fmt: skip
    owners = charged(build(nodes, weights, ROWS), tmp_path)
    assert [owner for owner in owners.values() if owner] == ["p"]


def test_kernels_of_a_float16_model_are_charged(tmp_path):
    weights = {"w_c": random(16, 3, 3, 3, dtype=np.float16), "b": random(16, dtype=np.float16)}
    nodes = [node("Conv", "x w_c b", "c"), node("Relu", "c", "y")]
    image = [value("x", 1, 3, 8, 8, dtype=TensorProto.FLOAT16)]
    half = [value("y", 1, 16, 6, 6, dtype=TensorProto.FLOAT16)]
    owners = charged(build(nodes, weights, image, half), tmp_path)
    assert [owner for owner in owners.values() if owner] == ["c"]


def test_a_kernel_may_bear_the_name_of_the_node_in_the_file(tmp_path):
    nodes = [node("MatMul", "x w", "h", name="fc"), node("MatMul", "h w", "y", name="other")]
    loaded = load(build(nodes, {"w": random(8, 8)}), tmp_path)
    owner = kernel_owner(loaded, read_model(loaded))
    assert owner("fc/MatMulAddFusion", "Gemm") == "fc"
    assert owner("unheard of", "Gemm") is None


def test_a_name_that_two_branches_use_tells_nothing(tmp_path):
    sides = [branch(node("MatMul", "x w", "r", name="fc"), w=random(16, 8)) for _ in range(2)]
    inputs = [*ROWS, value("c", dtype=TensorProto.BOOL)]
    loaded = load(build([choice(*sides)], inputs=inputs), tmp_path)
    owner = kernel_owner(loaded, read_model(loaded))
    assert (owner("fc", "MatMul"), owner("r_2", "MatMul")) == (None, "r_2")
