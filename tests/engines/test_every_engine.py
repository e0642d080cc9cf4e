"""What every engine owes an analysis."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from sparsify_tui.core.protocols import Engine
from sparsify_tui.engines import engine_of
from sparsify_tui.errors import InputError, ModelError
from tests.engines.models import (
    X,
    conv_bias,
    conv_norm,
    convolution_of_a_matrix,
    dense_relu,
    image,
    model_of,
    unknown_operator,
)


@pytest.fixture(params=["onnxruntime", "openvino"])
def engine(request: pytest.FixtureRequest) -> Engine:
    return engine_of(request.param)


def saved(model: onnx.ModelProto, folder: Path) -> Path:
    path = folder / "net.onnx"
    onnx.save(model, path)
    return path


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    return saved(dense_relu(), tmp_path)


def test_a_run_gives_the_outputs_in_the_models_order(engine: Engine, model_file: Path) -> None:
    session = engine.open(model_file, threads=1)
    z, y = session.run({"x": X})

    assert session.outputs == ("z", "y")
    np.testing.assert_allclose(y, X * 2)
    np.testing.assert_allclose(z, np.maximum(X * 2 - 5, 0))


def test_outputs_outlive_the_next_run(engine: Engine, model_file: Path) -> None:
    session = engine.open(model_file, threads=1)
    _, first = session.run({"x": X})
    session.run({"x": X * 0})

    np.testing.assert_allclose(first, X * 2)


def test_an_open_axis_may_change_from_run_to_run(engine: Engine, model_file: Path) -> None:
    session = engine.open(model_file, threads=1)

    assert [session.run({"x": X[:rows]})[0].shape for rows in (3, 1, 2)] == [(3, 4), (1, 4), (2, 4)]


def test_scalars_and_whole_numbers_are_fed_as_they_are(engine: Engine, tmp_path: Path) -> None:
    inputs = [
        helper.make_tensor_value_info("rate", TensorProto.INT64, []),
        helper.make_tensor_value_info("ids", TensorProto.INT64, ["n"]),
    ]
    model = model_of(
        helper.make_node("Add", ["ids", "rate"], ["sum"], name="sum"),
        inputs=inputs,
        outputs=[helper.make_tensor_value_info("sum", TensorProto.INT64, ["n"])],
    )
    session = engine.open(saved(model, tmp_path), threads=1)
    (total,) = session.run({"rate": np.array(16_000), "ids": np.array([1, -2])})

    assert total.dtype == np.int64
    assert total.tolist() == [16_001, 15_998]


def test_an_array_that_is_a_view_is_fed_as_it_looks(engine: Engine, model_file: Path) -> None:
    rows = np.repeat(X, 2, axis=0)[::2]
    _, y = engine.open(model_file, threads=1).run({"x": rows})

    np.testing.assert_allclose(y, X * 2)


def test_loading_took_time(engine: Engine, model_file: Path) -> None:
    assert 0 < engine.open(model_file, threads=1).load_ms < 60_000


@pytest.mark.parametrize("how", [{"in_turn": True}, {"profiled": True}])
def test_however_it_is_opened_the_outputs_are_the_same(
    engine: Engine, how: dict[str, bool], model_file: Path
) -> None:
    plain = engine.open(model_file, threads=2).run({"x": X})
    other = engine.open(model_file, threads=2, **how).run({"x": X})

    for one, two in zip(plain, other, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("build", [conv_norm, conv_bias])
def test_kernels_bear_the_names_of_the_files_nodes(
    build: Callable[[], onnx.ModelProto], engine: Engine, tmp_path: Path
) -> None:
    session = engine.open(saved(build(), tmp_path), threads=1, profiled=True)
    for _ in range(5):
        session.run({"image": image(64)})

    (kernel,) = (one for one in session.kernel_times(range(1, 5)) if "Conv" in one.op_type)
    assert kernel.name.removesuffix("_nchwc") in {"c", "n", "r", "y"}
    assert kernel.op_type == "Conv"
    assert 0 < kernel.ms < 1000


@pytest.mark.parametrize(
    "content",
    [b"garbage", b"", unknown_operator(), convolution_of_a_matrix()],
    ids=["garbage", "empty", "unknown operator", "impossible shapes"],
)
def test_a_file_that_does_not_load_is_explained_on_one_line(
    engine: Engine, content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)

    with pytest.raises(ModelError, match=r"\S+ [\d.]+ does not load this model: \S") as caught:
        engine.open(path, threads=1)

    assert caught.value.message.isprintable()
    assert str(tmp_path) not in caught.value.message
    assert ".cpp" not in caught.value.message
    assert "[ONNXRuntimeError]" not in caught.value.message
    assert caught.value.hint


def test_a_missing_file_is_explained(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not load"):
        engine.open(tmp_path / "none.onnx", threads=1)


@pytest.mark.parametrize(
    "feeds",
    [
        {"x": X[:, :3]},
        {"x": X[0]},
        {"x": X.astype(np.float64)},
        {"x": X, "\x1b[2J": X},
        {},
    ],
    ids=["wrong size", "wrong rank", "wrong type", "unknown input", "missing input"],
)
def test_feeds_that_do_not_fit_are_explained_even_after_some_that_did(
    engine: Engine, feeds: dict[str, np.ndarray], model_file: Path
) -> None:
    session = engine.open(model_file, threads=1)
    session.run({"x": X})

    with pytest.raises(InputError, match="The model does not run on ") as caught:
        session.run(feeds)

    assert caught.value.message.isprintable()
    assert "--dim" in caught.value.hint


def test_shapes_of_all_outputs_come_from_one_run(engine: Engine) -> None:
    shapes = engine.trace_shapes(dense_relu().SerializeToString(), {"x": X})

    assert shapes == {"z": (3, 4), "y": (3, 4)}


def test_a_simplified_model_has_less_to_do_and_gives_the_same(
    engine: Engine, tmp_path: Path
) -> None:
    source, target = saved(conv_norm(), tmp_path), tmp_path / "simple.onnx"
    engine.simplify(source, target)

    assert [node.op_type for node in onnx.load(target).graph.node] == ["Conv", "Relu"]
    (before,), (after,) = (
        engine.open(path, threads=1).run({"image": image()}) for path in (source, target)
    )
    np.testing.assert_allclose(before, after, atol=1e-5)


def test_a_model_that_does_not_load_is_not_simplified(engine: Engine, tmp_path: Path) -> None:
    source, target = tmp_path / "bad.onnx", tmp_path / "simple.onnx"
    source.write_bytes(unknown_operator())

    with pytest.raises(ModelError, match="does not load"):
        engine.simplify(source, target)

    assert not target.exists()
