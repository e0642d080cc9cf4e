from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from sparsify_tui.engines import ort
from sparsify_tui.engines.ort import OnnxRuntime, OrtSession
from sparsify_tui.errors import ModelError
from tests.engines.models import X, dense_relu, model_of

ENGINE = OnnxRuntime()
_TAKES_NO_NODE = "AzureExecutionProvider"
"""Built into the wheel; it calls web services, so that plain operators all go to the CPU."""


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    onnx.save(dense_relu(), path)
    return path


def test_kernels_are_timed_by_name_and_operator(model_file: Path) -> None:
    session = ENGINE.open(model_file, threads=1, profiled=True)
    for _ in range(5):
        session.run({"x": X})
    kernels = session.kernel_times(range(1, 5))

    times = {kernel.op_type: kernel for kernel in kernels}
    assert times["MatMul"].name.startswith("dense")
    assert all(0 <= kernel.ms < 1000 for kernel in kernels)


def test_kernels_carry_the_bytes_of_inputs_and_outputs(model_file: Path) -> None:
    session = ENGINE.open(model_file, threads=1, profiled=True)
    for _ in range(2):
        session.run({"x": X})

    moved = {one.op_type: one.bytes for one in session.kernel_times([1])}
    assert moved == {"MatMul": 96, "Add": 96, "Relu": 96}


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


def test_a_file_of_an_unknown_version_is_explained(tmp_path: Path) -> None:
    model = dense_relu()
    model.ir_version = 999
    onnx.save(model, tmp_path / "new.onnx")

    with pytest.raises(ModelError, match=r"does not load this model: Unsupported .* 999"):
        ENGINE.open(tmp_path / "new.onnx", threads=1)


def test_a_provider_that_leaves_all_work_to_the_cpu_is_refused(model_file: Path) -> None:
    engine = OnnxRuntime("onnxruntime-azure", _TAKES_NO_NODE)

    with pytest.raises(
        ModelError, match=rf"this whole model on CPUExecutionProvider, not on {_TAKES_NO_NODE}"
    ) as caught:
        engine.open(model_file, threads=1)

    assert "choose another engine" in caught.value.hint


def test_a_provider_that_leaves_some_work_to_the_cpu_is_accepted() -> None:
    parts = [SimpleNamespace(ep_name=name) for name in ("CPUExecutionProvider", "Warp")]
    runtime = SimpleNamespace(get_provider_graph_assignment_info=lambda: parts)

    OrtSession._refuse_without(SimpleNamespace(_session=runtime), "Warp")


def test_shapes_are_traced_whatever_the_provider() -> None:
    engine = OnnxRuntime("onnxruntime-azure", _TAKES_NO_NODE)

    assert engine.trace_shapes(dense_relu().SerializeToString(), {"x": X})["z"] == (3, 4)


def test_a_provider_that_was_not_built_in_cannot_be_imported() -> None:
    with pytest.raises(ImportError, match="has no WarpExecutionProvider here"):
        OnnxRuntime("onnxruntime-warp", "WarpExecutionProvider")


def large_sum(tmp_path: Path) -> Path:
    """A model with a weight of a megabyte."""
    model = model_of(
        helper.make_node("Identity", ["x"], ["same"], name="same"),
        helper.make_node("MatMul", ["same", "w"], ["y"], name="y"),
        outputs=[helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        weights={"w": np.ones((4, 1 << 16), dtype="f4")},
    )
    path = tmp_path / "large.onnx"
    onnx.save(model, path)
    return path


def test_large_weights_of_a_simplified_model_lie_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    target = folder / "simple.onnx"
    ENGINE.simplify(large_sum(tmp_path), target)

    assert sorted(path.name for path in folder.iterdir()) == ["simple.onnx", "simple.onnx.data"]
    assert target.stat().st_size < 1 << 16
    (y,) = ENGINE.open(target, threads=1).run({"x": X})
    np.testing.assert_allclose(y[:, 0], X.sum(axis=1))


def test_a_small_simplified_model_is_one_file(model_file: Path) -> None:
    ENGINE.simplify(model_file, model_file.with_name("simple.onnx"))

    assert sorted(path.name for path in model_file.parent.iterdir()) == ["net.onnx", "simple.onnx"]


def test_a_simplified_model_that_cannot_be_written_is_explained(model_file: Path) -> None:
    with pytest.raises(ModelError):
        ENGINE.simplify(model_file, model_file / "none" / "simple.onnx")


def test_the_minimum_of_a_kernel_is_over_the_counted_runs_and_sums_its_calls() -> None:
    events = [
        {
            "cat": "Node",
            "name": "dense_kernel_time",
            "ts": 10 * at,
            "dur": dur,
            "args": {"op_name": "Gemm"},
        }
        for at, dur in enumerate((9, 9, 1, 1, 5, 7))
    ]

    (kernel,) = ort._fastest(events, runs=3, counted=[0, 2])

    assert kernel.ms == pytest.approx(0.012)


def test_threads_rest_between_two_turns(model_file: Path) -> None:
    options = ENGINE.open(model_file, threads=2, in_turn=True)._session.get_session_options()

    assert options.get_session_config_entry("session.force_spinning_stop") == "1"
    assert options.intra_op_num_threads == 2


def test_what_a_branch_does_is_not_counted_twice(tmp_path: Path) -> None:
    def event(name: str, op_type: str, start: int, lasts: int) -> dict[str, Any]:
        args = {"op_name": op_type}
        return {
            "cat": "Node",
            "name": f"{name}_kernel_time",
            "ts": start,
            "dur": lasts,
            "args": args,
        }

    events = [
        event("inner", "MatMul", 110, 60),
        event("outer", "If", 100, 100),
        event("deeper", "Loop", 175, 20),
        event("deepest", "Add", 180, 5),
        event("after", "Relu", 200, 7),
    ]
    found = {one.name: one.ms for one in ort._fastest(events, 1, (0,))}

    assert found == {
        "outer": 0.02,
        "inner": 0.06,
        "deeper": 0.015,
        "deepest": 0.005,
        "after": 0.007,
    }
