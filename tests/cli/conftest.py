from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sparsify_tui import demo
from tests.analyses.models import saved, two_layers
from tests.cli.driver import Commands


@pytest.fixture(scope="session", autouse=True)
def _own_timing_lock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Other measurements of this user, such as a second test run, do not hold up the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("lock")))
        yield


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The bundled model after one walk through the commands; tests only read it."""

    run: Commands
    files: Path
    answers: Mapping[str, dict[str, Any]]


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    run = Commands(home=tmp_path_factory.mktemp("measured"))
    files = tmp_path_factory.mktemp("files")
    answers = {
        "perf": run.json("profile", "perf", demo.MODEL, "--threads", 1, "--seconds", 0.2),
        "calibration": run.json("data", "add", "digits", demo.CALIBRATION),
        "test": run.json("data", "add", "digits", demo.TEST),
        "loss": run.json(
            "profile", "loss", "digits", "--levels", "0.5,0.6,0.9", "--quantization", "int8",
            "--samples", 8,
        ),
        "optimize": run.json(
            "optimize", "digits", "--sparsity", 0.6, "--lock", "head", "--name", "sixty"
        ),
        "one weight": run.json(
            "optimize", "digits", "--sparsity", 0.001, "--lock", "head", "--name", "one-weight"
        ),
        "benchmark": run.json(
            "benchmark", "digits", "--optimization", "one-weight",
            "--threads", 1, "--seconds", 0.2,
        ),
        "apply": run.json(
            "apply", "digits", "--optimization", "sixty", "-o", files / "pruned.onnx",
            "--seconds", 0.2,
        ),
        "export": run.json("export", "digits", "--optimization", "sixty", "-o", files),
    }  # fmt: skip
    return Measured(run=run, files=files, answers=answers)


@pytest.fixture
def run(tmp_path: Path) -> Commands:
    """The commands on an empty home."""
    return Commands(home=tmp_path / "home")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A model of two layers."""
    return saved(two_layers(), tmp_path / "small.onnx")
