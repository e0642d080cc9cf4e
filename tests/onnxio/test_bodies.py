from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

from sparsify_tui.onnxio.read import read_model
from tests.onnxio.bodies_by_code import CHOICE, branch, choice, loop
from tests.onnxio.graphs_by_code import build, constant, load, node, random, value
from tests.onnxio.profiles import run_for_shapes


def read(proto, folder, **kwargs):
    return read_model(load(proto, folder), **kwargs)


def test_layers_are_found_in_both_branches_and_say_where_they_are(tmp_path):
    then = branch(node("MatMul", "x w", "r"), w=random(8, 4))
    other = branch(constant("w", random(8, 4)), node("MatMul", "x w", "r"))
    nodes = [node("MatMul", "x main", "h"), choice(then, other)]
    model = read(build(nodes, {"main": random(8, 8)}, CHOICE), tmp_path)
    assert [layer.scope for layer in model.layers] == ["", "pick.else_branch", "pick.then_branch"]
    assert [layer.id for layer in model.layers] == ["h", "r", "r_2"]
    assert [layer.weight for layer in model.layers] == ["main", "w", "w_2"]
    assert (model.params, model.unreached_params, model.warnings) == (64 + 32 + 32, 0, ())


def test_a_weight_of_the_outer_graph_is_one_layer_with_users_in_both_branches(tmp_path):
    sides = [branch(node("MatMul", "x w", name), output=name) for name in ("t", "e")]
    model = read(build([choice(*sides)], {"w": random(8, 4)}, CHOICE), tmp_path)
    (layer,) = model.layers
    assert (layer.users, layer.group, layer.scope) == (("e", "t"), "w", "pick.else_branch")
    assert layer.flops == 2 * 2 * 8 * 4


def test_of_the_branches_of_an_if_the_dearest_counts(tmp_path):
    small = branch(node("MatMul", "x a", "r"), a=random(8, 4))
    large = branch(
        node("MatMul", "x b", "h"), node("MatMul", "h c2", "r"), b=random(8, 8), c2=random(8, 4)
    )
    nodes = [node("MatMul", "x w", "h0"), choice(small, large)]
    model = read(build(nodes, {"w": random(8, 8)}, CHOICE), tmp_path)
    assert [layer.flops for layer in model.layers] == [256, 256, 128, 128]
    assert model.flops == 256 + 256 + 128


def test_bodies_inside_bodies_are_read(tmp_path):
    inner = choice(
        branch(node("MatMul", "x a", "t"), output="t", a=random(8, 4)),
        branch(node("MatMul", "x b", "e"), output="e", b=random(8, 4)),
        name="inner",
        output="r",
    )
    outer = choice(branch(inner), branch(node("MatMul", "x d", "r"), d=random(8, 4)))
    model = read(build([outer], inputs=CHOICE), tmp_path)
    assert [layer.scope for layer in model.layers] == [
        "pick.else_branch",
        "pick.then_branch > inner.else_branch",
        "pick.then_branch > inner.then_branch",
    ]


def test_one_turn_of_a_loop_counts_and_is_traced(tmp_path):
    nodes = [loop([node("MatMul", "s w", "s2")], w=random(8, 8))]
    proto = build(nodes, {"n": np.asarray(3)}, [value("x", "N", 8)])
    untraced, traced = read(proto, tmp_path), read(proto, tmp_path, trace=run_for_shapes)
    assert untraced.layers[0].flops is None
    assert (traced.layers[0].flops, traced.layers[0].scope) == (2 * 64, "again.body")
    assert traced.warnings == ()


def test_a_scan_is_traced(tmp_path):
    body = build(
        [node("MatMul", "row w", "p"), node("Add", "p state", "sum"), node("Neg", "sum", "each")],
        {"w": random(8, 4)},
        [onnx.ValueInfoProto(name="state"), onnx.ValueInfoProto(name="row")],
        [onnx.ValueInfoProto(name="sum"), onnx.ValueInfoProto(name="each")],
    ).graph
    scan = node("Scan", "zero x", "last y", body=body, num_scan_inputs=1, scan_output_axes=[0])
    proto = build([scan], {"zero": random(3, 4)}, [value("x", "N", 3, 8)])
    (layer,) = read(proto, tmp_path, dims={"N": 5}, trace=run_for_shapes).layers
    assert layer.flops == 2 * 3 * 8 * 4


def test_only_the_branch_that_a_traced_run_takes_has_flops(tmp_path):
    nodes = [node("Reshape", "x sizes", "h")]
    sides = [
        branch(node("MatMul", "h a", "m"), node("Neg", "m", "r"), a=random(8, 4)) for _ in range(2)
    ]
    inputs = [value("x", 2, 8), value("sizes", 2, dtype=TensorProto.INT64), CHOICE[1]]

    def run(data, assumed):
        session = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        feed = {"x": random(2, 8), "sizes": np.array([2, 8]), "c": np.array(1, np.bool_)}
        return {n: a.shape for n, a in zip(names, session.run(names, feed), strict=True)}

    model = read(build([*nodes, choice(*sides)], inputs=inputs), tmp_path, trace=run)
    assert [layer.flops for layer in model.layers] == [None, 128]
    assert (model.flops, model.warnings) == (128, ())


def test_a_weight_of_both_branches_has_the_flops_of_the_one_that_runs(tmp_path):
    taken = branch(node("Neg", "x", "h"), node("MatMul", "h w", "r"))
    other = branch(node("Reshape", "x sizes", "h"), node("MatMul", "h w", "r"))
    inputs = [*CHOICE, value("sizes", 2, dtype=TensorProto.INT64)]
    weights = {"w": random(8, 4)}
    proto = build([choice(taken, other)], weights, inputs)
    assert [layer.flops for layer in read(proto, tmp_path).layers] == [2 * 2 * 8 * 4]
    both = branch(node("Reshape", "x sizes", "h"), node("MatMul", "h w", "r"))
    assert read(build([choice(both, other)], weights, inputs), tmp_path).layers[0].flops is None


def test_a_use_of_unknown_shape_beside_the_branches_leaves_the_flops_unknown(tmp_path):
    sides = [branch(node("MatMul", "x w", "r")) for _ in range(2)]
    nodes = [
        choice(*sides, output="z"),
        node("Reshape", "z sizes", "h"),
        node("MatMul", "h w", "y"),
    ]
    inputs = [*CHOICE, value("sizes", 2, dtype=TensorProto.INT64)]
    (layer,) = read(build(nodes, {"w": random(8, 4)}, inputs), tmp_path).layers
    assert (len(layer.users), layer.flops) == (3, None)


def function(*nodes, inputs="a", name="F", opset=17):
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_function("mine", name, inputs.split(), ["b"], nodes, opsets)


def test_a_weight_that_a_function_stores_is_one_layer_of_all_its_calls(tmp_path):
    stores = function(constant("w", random(8, 8)), node("MatMul", "a w", "b"))
    calls = [node("F", "x", "h", domain="mine"), node("F", "h", "y", domain="mine")]
    model = read(build(calls, functions=[stores]), tmp_path)
    (layer,) = model.layers
    assert (layer.users, layer.weight, model.params) == (("h", "y"), "w", 64)


def test_a_weight_that_is_passed_to_a_function_is_a_layer_of_its_call(tmp_path):
    takes = function(node("MatMul", "a v", "b", name="product"), inputs="a v", opset=13)
    nodes = [node("F", "x w1", "h", domain="mine"), node("F", "h w2", "y", domain="mine")]
    model = read(
        build(nodes, {"w1": random(8, 8), "w2": random(8, 4)}, functions=[takes]), tmp_path
    )
    assert [layer.weight for layer in model.layers] == ["w1", "w2"]
    assert [layer.users for layer in model.layers] == [("h",), ("y",)]


def test_the_weight_of_a_function_that_cannot_be_expanded_is_counted_and_told(tmp_path):
    older = function(
        constant("w", random(8, 4)), node("Softmax", "a", "s"), node("MatMul", "s w", "b"), opset=12
    )
    nodes = [node("MatMul", "x u", "h"), node("F", "h v", "y", domain="mine")]
    older.input.append("unused")
    weights = {"u": random(8, 8), "v": random(3, 3)}
    model = read(build(nodes, weights, functions=[older]), tmp_path)
    assert (model.params, model.unreached_params) == (64 + 9 + 32, 9)
    assert "9 parameters in 1 matrix of F are counted, but no layers" in model.warnings[0]


def test_a_recurrent_weight_is_found_behind_reordered_gates(tmp_path):
    spans = {f"at{i}": np.array([4 * i]) for i in range(5)}
    nodes = [node("Slice", f"w at{i} at{i + 1}", f"part{i}") for i in range(4)]
    nodes += [
        node("Concat", "part0 part3 part1 part2", "gates", axis=0),
        node("Concat", "b1 b2", "biases", axis=0),
        *(node("Unsqueeze", f"{name} at0", f"{name}1") for name in ("gates", "r", "biases")),
        node("LSTM", "x gates1 r1 biases1", "y", hidden_size=4),
    ]
    weights = {"w": random(16, 8), "r": random(16, 4), "b1": random(16), "b2": random(16)}
    first, second = read(build(nodes, weights | spans, [value("x", 3, 1, 8)]), tmp_path).layers
    assert (first.weight, first.params, first.flops) == ("w", 16 * 8 + 32, 2 * 3 * 16 * 8)
    assert (second.weight, second.params) == ("r", 16 * 4)


def test_a_name_that_an_inliner_made_is_no_module_path(tmp_path):
    name = "pick_then_branch__Inline_0__net.fc.weight"
    side = branch(node("MatMul", f"x {name}", "r"), **{name: random(8, 4)})
    other = branch(node("MatMul", "x net.fc.weight", "r"), **{"net.fc.weight": random(8, 4)})
    model = read(build([choice(side, other)], inputs=CHOICE), tmp_path)
    assert [layer.module_path for layer in model.layers] == ["net.fc", None]
