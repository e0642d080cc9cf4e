from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from sparsify_tui.engines import ort
from sparsify_tui.engines.ort import OnnxRuntime
from sparsify_tui.errors import ModelError

ENGINE = OnnxRuntime()
X = np.arange(12, dtype=np.float32).reshape(3, 4)


def model_of(*nodes: onnx.NodeProto, outputs: list[onnx.ValueInfoProto]) -> onnx.ModelProto:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4])
    graph = helper.make_graph(list(nodes), "g", [x], outputs)
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def dense_relu() -> onnx.ModelProto:
    """y = x · 2; z = max(y − 5, 0)."""
    model = model_of(
        helper.make_node("MatMul", ["x", "w"], ["y"], name="dense"),
        helper.make_node("Add", ["y", "b"], ["s"], name="shift"),
        helper.make_node("Relu", ["s"], ["z"], name="relu"),
        outputs=[
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 4]) for name in "zy"
        ],
    )
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.eye(4, dtype="f4") * 2, "w"))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.full(4, -5, "f4"), "b"))
    return model


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    onnx.save(dense_relu(), path)
    return path


def test_a_run_gives_the_outputs_in_the_models_order(model_file: Path) -> None:
    z, y = ENGINE.open(model_file, threads=1).run({"x": X})

    np.testing.assert_allclose(y, X * 2)
    np.testing.assert_allclose(z, np.maximum(X * 2 - 5, 0))


def test_kernels_are_timed_by_name_and_operator(model_file: Path) -> None:
    session = ENGINE.open(model_file, threads=1, profiled=True)
    for _ in range(5):
        session.run({"x": X})
    kernels = session.kernel_times(range(1, 5))

    times = {kernel.op_type: kernel for kernel in kernels}
    assert times["MatMul"].name.startswith("dense")
    assert all(0 <= kernel.ms < 1000 for kernel in kernels)


def test_profiles_leave_no_file_behind(
    model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    session = ENGINE.open(model_file, threads=1, profiled=True)
    session.run({"x": X})
    session.kernel_times([0])
    del session

    assert list(folder.iterdir()) == []


def test_shapes_of_all_outputs_come_from_one_run() -> None:
    shapes = ENGINE.trace_shapes(dense_relu().SerializeToString(), {"x": X})

    assert shapes == {"z": (3, 4), "y": (3, 4)}


def test_an_output_that_is_no_tensor_has_no_shape() -> None:
    model = model_of(
        helper.make_node("SplitToSequence", ["x"], ["parts"], axis=0),
        helper.make_node("Neg", ["x"], ["y"]),
        outputs=[
            helper.make_tensor_sequence_value_info("parts", TensorProto.FLOAT, None),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
        ],
    )

    assert ENGINE.trace_shapes(model.SerializeToString(), {"x": X}) == {"y": (3, 4)}


def unknown_operator() -> bytes:
    return model_of(
        helper.make_node("Frobnicate", ["x"], ["y"], domain="nobody"),
        outputs=[helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    ).SerializeToString()


def not_from_this_century() -> bytes:
    model = dense_relu()
    model.ir_version = 999
    return model.SerializeToString()


@pytest.mark.parametrize(
    "content",
    [b"garbage", b"", unknown_operator(), not_from_this_century()],
    ids=["garbage", "empty", "unknown operator", "unknown version"],
)
def test_a_file_that_does_not_load_is_explained_on_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)

    with pytest.raises(ModelError, match=r"onnxruntime \S+ does not load this model: ") as caught:
        ENGINE.open(path, threads=1)

    assert caught.value.message.isprintable()
    assert "[ONNXRuntimeError]" not in caught.value.message
    assert caught.value.hint


def test_a_missing_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not load"):
        ENGINE.open(tmp_path / "none.onnx", threads=1)


@pytest.mark.parametrize(
    "feeds",
    [
        {"x": X[:, :3]},
        {"x": X.astype(np.float64)},
        {"x": X, "\x1b[2J": X},
        {},
    ],
    ids=["wrong size", "wrong type", "unknown input", "missing input"],
)
def test_feeds_that_do_not_fit_are_explained(
    feeds: dict[str, np.ndarray], model_file: Path
) -> None:
    session = ENGINE.open(model_file, threads=1)

    with pytest.raises(ModelError, match="The model does not run on ") as caught:
        session.run(feeds)

    assert caught.value.message.isprintable()
    assert "--dim" in caught.value.hint


def test_the_minimum_of_a_kernel_is_over_the_counted_runs_and_sums_its_calls() -> None:
    events = [
        {"cat": "Node", "name": "dense_kernel_time", "dur": dur, "args": {"op_name": "Gemm"}}
        for dur in (9, 9, 1, 1, 5, 7)
    ]

    (kernel,) = ort._fastest(events, runs=3, counted=[0, 2])

    assert kernel.ms == pytest.approx(0.012)


def test_a_session_that_runs_in_turn_gives_the_same_outputs(model_file: Path) -> None:
    alone = ENGINE.open(model_file, threads=2).run({"x": X})
    in_turn = ENGINE.open(model_file, threads=2, in_turn=True).run({"x": X})

    for one, other in zip(alone, in_turn, strict=True):
        np.testing.assert_array_equal(one, other)
