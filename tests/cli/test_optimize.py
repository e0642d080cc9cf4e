from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sparsify_tui.core.placement import Placement
from sparsify_tui.workbench.measure import Measure
from tests.cli.driver import Commands
from tests.core.examples import placement


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Searches find at once that one layer pays; what they were asked is kept."""
    asked: list[dict[str, Any]] = []

    async def place(
        self: Measure, project_id: str, *, batch: int = 1, threads: int | None = None, **_: Any
    ) -> Placement:
        asked.append({"batch": batch, "threads": threads})
        digest = self._projects.load(project_id).model.sha256
        layers = self._projects.load(project_id).model.layers
        return placement(layers[0].id, model_digest=digest)

    monkeypatch.setattr(Measure, "place", place)
    return asked


def test_int8_alone_prunes_nothing(run: Commands, small: Path, asked: list[dict[str, Any]]) -> None:
    plan = run.json("optimize", small, "--quantize", "int8")

    assert asked == [{"batch": 1, "threads": None}]
    assert plan["name"] == "int8"
    assert plan["target"]["sparsity"] is None
    assert [row["quantized"] for row in plan["layers"]] == [True, False]
    assert [row["level"] for row in plan["layers"]] == [0.0, 0.0]
    assert plan["estimate"]["speed_up"]["basis"] == "measured"


def test_int8_and_a_sparsity_go_together(
    run: Commands, small: Path, asked: list[dict[str, Any]]
) -> None:
    plan = run.json(
        "optimize", small, "--quantize", "int8", "--sparsity", 0.5, "--batch", 4, "--threads", 1
    )

    assert asked == [{"batch": 4, "threads": 1}]
    assert plan["name"] == "uniform-50-int8"
    assert plan["modifiers"] == ["Epochs", "Pruning", "Quantization"]
    assert [row["level"] for row in plan["layers"]] == [0.5, 0.5]


def test_a_request_that_makes_no_sense_is_refused_before_the_search(
    run: Commands, small: Path, asked: list[dict[str, Any]]
) -> None:
    run.ok("optimize", small)

    assert run("optimize", "small", "--quantize", "int8", "--lock", "fc1").code == 2
    assert run("optimize", "small", "--quantize", "int8", "--sparsity", 1).code == 2
    assert run("optimize", "small", "--quantize", "int4").code == 2
    assert asked == []


def test_without_int8_the_default_sparsity_is_half(
    run: Commands, small: Path, asked: list[dict[str, Any]]
) -> None:
    plan = run.json("optimize", small)

    assert plan["target"]["sparsity"] == 0.5
    assert (plan["placement"], asked) == (None, [])


def test_the_recipe_of_int8_alone_rounds_the_layers_and_prunes_none(
    run: Commands, small: Path, tmp_path: Path, asked: list[dict[str, Any]]
) -> None:
    run.ok("optimize", small, "--quantize", "int8")

    run.ok("export", "small", "-o", tmp_path)

    recipe = (tmp_path / "recipe.yml").read_text()
    assert "!QuantizationModifier" in recipe
    assert "Pruning" not in recipe
