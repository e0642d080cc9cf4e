from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.analyses.models import at_a_length, saved
from tests.cli.driver import Commands


@pytest.fixture
def strict(tmp_path: Path) -> Path:
    """A model that runs at no length but multiples of 97."""
    return saved(at_a_length(97), tmp_path / "strict.onnx")


def settings(run: Commands, project: object) -> dict[str, object]:
    found: dict[str, object] = run.json("settings", "get", project)["settings"]
    return {name: value for name, value in found.items() if "." in name}


def apply(run: Commands, model: Path, *more: object) -> int:
    """Fails after the inputs are set, since nothing is planned yet."""
    return run("apply", model, "-o", model.with_name("out.onnx"), *more).code


def test_sizes_and_data_of_a_failing_command_are_not_remembered(
    run: Commands, strict: Path, tmp_path: Path
) -> None:
    run.ok("settings", "set", strict, "dim.t=97")
    data = tmp_path / "d.npz"
    np.savez(data, x=np.zeros((3, 97), np.float32))

    assert apply(run, strict, "--dim", "n=2", "--data", data)

    assert settings(run, strict) == {"dim.t": 97}
    assert run.json("data", "list", "strict")["data"] == []


def test_a_size_is_not_remembered_where_the_data_given_with_it_does_not_fit(
    run: Commands, strict: Path, tmp_path: Path
) -> None:
    run.ok("settings", "set", strict, "dim.t=97")

    assert apply(run, strict, "--dim", "n=2", "--data", tmp_path / "nope.npz")

    assert settings(run, strict) == {"dim.t": 97}


def test_a_project_made_by_a_failing_command_goes_with_the_inputs_it_was_given(
    run: Commands, strict: Path
) -> None:
    assert apply(run, strict, "--dim", "t=3")

    assert run.json("projects")["projects"] == []


def test_a_project_made_by_a_failing_command_without_inputs_stays(
    run: Commands, strict: Path
) -> None:
    assert apply(run, strict)

    assert len(run.json("projects")["projects"]) == 1


def test_inputs_of_a_command_that_succeeds_are_remembered(run: Commands, strict: Path) -> None:
    run.ok("profile", "loss", strict, "--levels", "0.5", "--dim", "t=97")

    assert settings(run, strict) == {"dim.t": 97}
