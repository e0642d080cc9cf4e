from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.analyses.models import saved, small_cnn
from tests.cli.driver import Commands


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """A project `net` with calibration data and a plan `zeros`."""
    folder = tmp_path_factory.mktemp("net")
    run = Commands(home=folder / "home")
    pictures = np.random.default_rng(0).standard_normal((48, 3, 16, 16)).cumsum(axis=3)
    np.savez(folder / "calibration.npz", x=pictures.astype(np.float32))
    model = saved(small_cnn(), folder / "net.onnx")
    run.ok("data", "add", model, folder / "calibration.npz")
    run.ok("optimize", "net", "--sparsity", 0.6, "--name", "zeros")
    return run


def applied(run: Commands, output: Path, *more: object) -> dict:
    return run.json("apply", "net", "-o", output, "--seconds", 0.1, *more)


def test_zeros_are_not_repaired_unless_that_is_asked_for(planned: Commands, tmp_path: Path) -> None:
    plain = applied(planned, tmp_path / "plain.onnx")
    repaired = applied(planned, tmp_path / "repaired.onnx", "--repair", "auto")

    assert plain["repaired"] == []
    assert repaired["output_error"] < 0.5 * plain["output_error"]
    assert [(one["what"], one["kept"]) for one in repaired["repaired"]] == [("zeros", True)]
    error = repaired["repaired"][0]["error"]
    assert error["after"] < error["before"]
    assert repaired["layers"] == plain["layers"]


def test_a_repair_is_shown_with_its_errors_before_and_after(
    planned: Commands, tmp_path: Path
) -> None:
    out = planned.ok(
        "apply", "net", "-o", tmp_path / "o.onnx", "--seconds", 0.1, "--repair", "auto"
    ).out

    assert "repaired after removing zeros: 3 layers; error on held-out samples" in out
    assert "calibration.npz" in out


def test_a_repair_that_is_none_is_refused_with_those_that_are(
    planned: Commands, tmp_path: Path
) -> None:
    answer = planned("apply", "net", "-o", tmp_path / "o.onnx", "--repair", "often")

    assert answer.code == 2
    assert "auto" in answer.err
    assert not (tmp_path / "o.onnx").exists()
