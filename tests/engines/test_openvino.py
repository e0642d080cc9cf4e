from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest

from sparsify_tui.engines import engine_of
from sparsify_tui.engines.openvino import OpenVino, OpenVinoSession
from sparsify_tui.engines.ort import OnnxRuntime
from tests.engines.models import conv_norm, image


def test_it_computes_what_onnxruntime_does(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    onnx.save(conv_norm(), path)
    (ours,), (reference,) = (
        engine.open(path, threads=2).run({"image": image(8)})
        for engine in (OpenVino(), OnnxRuntime())
    )

    np.testing.assert_allclose(ours, reference, atol=1e-5)


def test_a_device_that_is_not_there_is_told() -> None:
    with pytest.raises(ImportError, match=r"no device GPU\.77"):
        OpenVino("openvino-gpu", "GPU.77")


def test_its_version_is_the_release() -> None:
    assert engine_of("openvino").version.replace(".", "").isdigit()


class Request:
    """A request whose one kernel took the given microseconds in its runs; OpenVINO's mean."""

    def __init__(self, *times_us: int) -> None:
        self._times = times_us
        self._runs = 0

    def infer(self, feeds: object, *, share_inputs: bool) -> dict[int, object]:
        self._runs += 1
        return {}

    @property
    def profiling_info(self) -> list[SimpleNamespace]:
        mean = sum(self._times[: self._runs]) // self._runs
        done = SimpleNamespace(EXECUTED=1)
        return [
            SimpleNamespace(
                node_name=name,
                node_type="FullyConnected",
                status=status,
                Status=done,
                real_time=timedelta(microseconds=mean),
            )
            for name, status in (("Multiply_7", 1), ("fused away", 0))
        ]


def test_a_kernels_time_is_the_mean_without_the_first_run() -> None:
    compiled = SimpleNamespace(
        inputs=(), outputs=(), create_infer_request=lambda: Request(900, 30, 50, 40)
    )
    session = OpenVinoSession(compiled, load_ms=1.0, sources={"Multiply_7": "dense"})
    for _ in range(4):
        session.run({})

    (kernel,) = session.kernel_times(range(1, 4))
    assert (kernel.name, kernel.op_type) == ("dense", "MatMul")
    assert kernel.ms == pytest.approx(0.040, abs=0.002)


def test_a_session_has_the_threads_it_was_given_in_one_stream_of_float32(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    onnx.save(conv_norm(), path)
    compiled = OpenVino().open(path, threads=1)._request.get_compiled_model()

    assert compiled.get_property("INFERENCE_NUM_THREADS") == 1
    assert compiled.get_property("NUM_STREAMS") == 1
    assert compiled.get_property("INFERENCE_PRECISION_HINT").to_dtype() == np.float32
