from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from sparsify_tui.analyses.guard import Guard
from sparsify_tui.analyses.opened import open_model
from sparsify_tui.core.options import RunOptions
from tests.analyses.models import saved, two_layers

ROWS = np.random.default_rng(0).standard_normal((200, 4)).astype(np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return saved(two_layers(), tmp_path / "m.onnx")


def guard(path: Path, **arrays: np.ndarray) -> Guard:
    data = path.with_name("data.npz")
    np.savez(data, **arrays)
    return Guard(open_model(RunOptions(path=str(path), data=str(data))))


def right_labels(path: Path) -> np.ndarray:
    return onnxruntime.InferenceSession(str(path)).run(None, {"x": ROWS})[0].argmax(axis=1)


def test_the_same_model_is_good(path: Path):
    found = guard(path, x=ROWS, labels=right_labels(path)).check(path)
    assert found.is_good
    assert found.words == "top-1 1 → 1"


def test_a_metric_that_drops_by_more_than_half_a_point_is_not(path: Path, tmp_path: Path):
    wrong = saved(two_layers(scale=-1.0), tmp_path / "wrong.onnx")
    assert not guard(path, x=ROWS, labels=right_labels(path)).check(wrong).is_good


def test_without_labels_the_outputs_must_agree(path: Path, tmp_path: Path):
    wrong = saved(two_layers(scale=-1.0), tmp_path / "wrong.onnx")
    near = saved(two_layers(scale=1.01), tmp_path / "near.onnx")
    judge = guard(path, x=ROWS)
    assert judge.check(near).is_good
    assert not judge.check(wrong).is_good


def test_outputs_that_are_not_finite_are_never_good(path: Path, tmp_path: Path):
    broken = saved(two_layers(scale=float("nan")), tmp_path / "nan.onnx")
    found = guard(path, x=ROWS).check(broken)
    assert not found.is_good
    assert "finite" in found.words


def test_made_up_samples_guard_nothing_and_say_so(path: Path, tmp_path: Path):
    wrong = saved(two_layers(scale=-1.0), tmp_path / "wrong.onnx")
    found = Guard(open_model(RunOptions(path=str(path)))).check(wrong)
    assert found.is_good
    assert "not guarded" in found.words


def test_a_form_is_scored_once(path: Path, monkeypatch: pytest.MonkeyPatch):
    judge = guard(path, x=ROWS)
    first = judge.check(path)
    monkeypatch.setattr("sparsify_tui.analyses.metrics.run_all", None)
    assert judge.check(path) is first
