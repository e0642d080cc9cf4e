from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto

from sparsify_tui.onnxio.expose import expose_shapes
from tests.onnxio.bodies_by_code import branch, loop
from tests.onnxio.graphs_by_code import build, node, value

FLAG = value("c", dtype=TensorProto.BOOL)


def value_of(name):
    return onnx.ValueInfoProto(name=name)


def shapes(proto, names, **feed):
    exposed = expose_shapes(proto, names)
    session = ort.InferenceSession(
        exposed.proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    outputs = [output.name for output in session.get_outputs()]
    results = dict(zip(outputs, session.run(outputs, feed), strict=True))
    return exposed.shapes({name: array.shape for name, array in results.items()}), results


def test_tensors_of_the_main_graph_are_outputs_themselves():
    proto = build([node("Transpose", "x", "t"), node("Neg", "t", "y")])
    found, results = shapes(proto, ["t", "y"], x=np.ones((3, 8), np.float32))
    assert found == {"t": (8, 3), "y": (8, 3)}
    assert list(results) == ["y", "t"]


def test_tensors_of_the_branch_that_runs_are_seen_and_the_model_still_computes_the_same():
    inner = node(
        "If", "c", "r", then_branch=branch(node("Transpose", "x", "deep"), output="deep"),
        else_branch=branch(node("Neg", "x", "far"), output="far"),
    )  # fmt: skip
    sides = [branch(inner), branch(node("Neg", "x", "other"), output="other")]
    proto = build(
        [node("If", "c", "y", then_branch=sides[0], else_branch=sides[1])],
        inputs=[value("x", "N", 8), FLAG],
    )
    x = np.ones((3, 8), np.float32)
    found, results = shapes(proto, ["deep", "far", "other"], x=x, c=np.array(1, np.bool_))
    assert found == {"deep": (8, 3)}
    np.testing.assert_array_equal(results["y"], x.T)
    found, _ = shapes(proto, ["deep", "far", "other"], x=x, c=np.array(0, np.bool_))
    assert found == {"other": (3, 8)}


def test_a_tensor_of_a_loop_is_seen_once_and_left_out_outputs_stay_left_out():
    inside = [node("Transpose", "s", "t"), node("Neg", "s", "unused"), node("Neg", "s", "s2")]
    proto = build([loop(inside, "unused")], {"n": np.asarray(4)})
    found, results = shapes(proto, ["t"], x=np.ones((3, 8), np.float32))
    assert found == {"t": (8, 3)}
    assert results["y"].shape == (3, 8)


def test_a_branch_inside_a_loop_is_seen():
    sides = [branch(node("Transpose", "s", "t"), output="t"), branch(node("Neg", "s", "e"))]
    sides[1].output[0].name = "e"
    pick = node("If", "go", "picked", then_branch=sides[0], else_branch=sides[1])
    proto = build([loop([pick, node("Neg", "s", "s2")], "picked")], {"n": np.asarray(2)})
    found, _ = shapes(proto, ["t", "e"], x=np.ones((3, 8), np.float32))
    assert found == {"t": (8, 3)}


def test_a_scan_that_says_how_it_stacks_its_outputs_is_seen():
    body = build(
        [node("Transpose", "row", "t"), node("Neg", "state", "next"), node("Neg", "row", "each")],
        inputs=[value_of("state"), value_of("row")],
        outputs=[value_of("next"), value_of("each")],
    ).graph
    scan = node(
        "Scan", "zero x", "last y", body=body, num_scan_inputs=1, scan_output_axes=[1],
        scan_output_directions=[1],
    )  # fmt: skip
    proto = build([scan], {"zero": np.zeros(1, np.float32)}, [value("x", "N", 3, 8)])
    found, results = shapes(proto, ["t"], x=np.ones((5, 3, 8), np.float32))
    assert found == {"t": (8, 3)}
    assert results["y"].shape == (3, 5, 8)
