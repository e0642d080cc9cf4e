from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from sparsify_tui.analyses import clock
from sparsify_tui.analyses.apply import apply_optimization
from sparsify_tui.analyses.metrics import all_finite, run_all
from sparsify_tui.analyses.opened import open_model
from sparsify_tui.codec import document_from
from sparsify_tui.core.cases import ChangedModel
from sparsify_tui.core.changes import Changes
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.project import AppliedModel
from sparsify_tui.core.protocols import Progress
from sparsify_tui.errors import ExportError, ModelError, UsageError
from sparsify_tui.onnxio import rewrite
from tests.analyses.fakes import FakeSession, finished, options, sums, watched
from tests.analyses.models import divides_by_its_norm, saved, two_layers


@pytest.fixture(autouse=True)
def _short_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "WARM_UP_S", 0.01)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return saved(two_layers(), tmp_path / "m.onnx")


def applying(
    path: Path, levels: dict[str, float], output: Path
) -> Generator[Progress, None, AppliedModel]:
    changed = ChangedModel(
        name="half",
        changes=Changes(levels=tuple((LayerId(one), level) for one, level in levels.items())),
    )
    return apply_optimization(
        options=options(path), model=document_from(changed), output=str(output), seconds=0.02
    )


def test_the_pruned_model_is_written_and_what_changed_is_told(path: Path) -> None:
    output = path.with_name("out.onnx")

    seen, applied = watched(applying(path, {"fc1.weight": 0.5}, output))

    weights = {t.name: numpy_helper.to_array(t) for t in onnx.load(str(output)).graph.initializer}
    assert np.count_nonzero(weights["fc1.weight"] == 0) == 16
    assert np.count_nonzero(weights["fc2.weight"] == 0) == 0
    assert [(one.shape, one.sparsity) for one in applied.layers] == [((8, 4), 0.5)]
    assert applied.bytes == output.stat().st_size
    assert applied.output_error > 0
    assert {(one.done, one.total) for one in seen} == {(at, 4) for at in range(4)}
    assert sorted(one.name for one in path.parent.iterdir()) == ["m.onnx", "out.onnx"]


def test_what_was_written_is_compared_with_the_original(path: Path) -> None:
    applied = finished(applying(path, {"fc1.weight": 0.5}, path.with_name("out.onnx")))

    assert applied.comparison is not None
    assert (applied.comparison.a, applied.comparison.b) == ("original b1 t1", "half b1 t1")
    assert applied.is_optimized == (applied.comparison.verdict == "faster")


def test_a_plan_that_prunes_nothing_changes_no_output(path: Path) -> None:
    applied = finished(applying(path, {}, path.with_name("out.onnx")))

    assert applied.output_error == 0
    assert applied.layers == ()


def test_outputs_that_do_not_vary_have_no_error(tmp_path: Path) -> None:
    path = saved(two_layers(scale=0.0), tmp_path / "dead.onnx")

    applied = finished(applying(path, {"fc1.weight": 0.5}, tmp_path / "out.onnx"))

    assert applied.output_error is None


def test_weights_of_a_file_of_their_own_come_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewrite, "MAX_INLINE_BYTES", 10)
    monkeypatch.setattr(rewrite, "_MIN_EXTERNAL_BYTES", 10)
    path, output = saved(two_layers(), tmp_path / "m.onnx"), tmp_path / "out.onnx"

    applied = finished(applying(path, {"fc1.weight": 0.5}, output))

    weights = output.with_name("out.onnx.data")
    assert applied.bytes == output.stat().st_size + weights.stat().st_size
    onnx.load(str(output))


@pytest.mark.parametrize("name", ["m.onnx", "no/such/out.onnx", "."])
def test_a_place_that_must_not_be_written_is_refused_early(path: Path, name: str) -> None:
    before = path.read_bytes()

    with pytest.raises(ExportError) as caught:
        finished(applying(path, {"fc1.weight": 0.5}, path.parent / name))

    assert caught.value.hint
    assert path.read_bytes() == before


def test_a_level_for_no_layer_is_refused_and_nothing_is_written(path: Path) -> None:
    output = path.with_name("out.onnx")

    with pytest.raises(UsageError, match="no layer gone"):
        finished(applying(path, {"gone": 0.5}, output))

    assert not output.exists()


def test_a_model_that_pruning_breaks_is_not_written(tmp_path: Path) -> None:
    path = saved(divides_by_its_norm(), tmp_path / "m.onnx")
    output = tmp_path / "out.onnx"

    with pytest.raises(ModelError, match="NaN"):
        finished(applying(path, {"fc.weight": 0.999}, output))

    assert not output.exists()


def test_all_samples_are_run_once_in_order(path: Path) -> None:
    file = path.with_name("data.npz")
    np.savez(file, x=np.arange(70 * 4, dtype=np.float32).reshape(70, 4))
    opened = open_model(RunOptions(path=str(path), data=str(file)))
    session = FakeSession(sums)

    (outputs,) = run_all(opened, session)

    assert outputs[:, 0].tolist() == [16 * i + 6 for i in range(70)]
    assert [len(feeds["x"]) for feeds in session.fed] == [32, 32, 32]


def test_only_as_many_samples_are_run_as_asked(path: Path) -> None:
    file = path.with_name("data.npz")
    np.savez(file, x=np.zeros((320, 4), np.float32))
    opened = open_model(RunOptions(path=str(path), data=str(file)))
    session = FakeSession(sums)

    (outputs,) = run_all(opened, session, 64)

    assert len(outputs) == 64


def test_scalar_outputs_are_joined_too(path: Path) -> None:
    opened = open_model(RunOptions(path=str(path)))

    (outputs,) = run_all(opened, FakeSession(lambda _: [np.float32(3)]))

    assert outputs.tolist() == [3]


def test_only_floats_can_be_infinite() -> None:
    assert all_finite([np.array([1, 2]), np.array(["a"]), np.array([0.5])])
    assert not all_finite([np.array([1.0]), np.array([np.inf])])
