from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sparsify_tui.cli.plan_answers import plan_document, plan_lines, plan_rows
from sparsify_tui.core.changes import Changes
from sparsify_tui.core.estimate import estimate
from sparsify_tui.core.modifiers import Epochs, Pruning
from sparsify_tui.core.optimization import Optimization, adopt_placement
from sparsify_tui.core.project import Project
from sparsify_tui.core.speed import expected_speed_up
from tests.core.examples import full_project, layer, level, model_of, placement, plan_of

MODEL = model_of(
    layer("a"),
    layer("b", quantizable=False),
    layer("c", prunable=False),
    layer("e", prunable=False),
    layer("norm", prunable=False, quantizable=False),
)
PROJECT = replace(full_project(), model=MODEL)
PRUNED = plan_of(Epochs(), Pruning(layers=(level("a", 0.5, locked=True), level("b", 0.25))))


def answer(plan: Optimization, project: Project = PROJECT) -> dict[str, Any]:
    speed_up = expected_speed_up(plan, project.model, project.perf_profiles)
    outlook = estimate(project.model, plan.changes, speed_up)
    return plan_document(project, plan, outlook, is_met=True)


def lines(plan: Optimization, *, is_met: bool = True) -> str:
    outlook = estimate(MODEL, plan.changes, expected_speed_up(plan, MODEL, ()))
    return "\n".join(plan_lines(plan, outlook, is_met=is_met))


def test_every_layer_that_can_be_changed_has_a_row() -> None:
    rows = answer(adopt_placement(PRUNED, placement("a", "c")))["layers"]

    assert [(row["id"], row["level"], row["quantized"], row["locked"]) for row in rows] == [
        ("a", 0.5, True, True),
        ("b", 0.25, False, False),
        ("c", 0.0, True, False),
        ("e", 0.0, False, False),
    ]


def test_a_plan_without_pruning_has_no_target() -> None:
    body = answer(adopt_placement(plan_of(Epochs()), placement("a")))

    assert body["target"] == {"sparsity": None, "scope": None}
    assert body["modifiers"] == ["Epochs", "Quantization"]
    assert body["achieved"] == {"sparsity": 0.0}


def test_what_a_search_measured_is_in_the_answer() -> None:
    body = answer(adopt_placement(PRUNED, placement("a")))
    found = body["placement"]

    assert body["estimate"]["speed_up"]["basis"] == "measured"
    assert (found["chosen"], found["total"]) == (1, 3)
    assert found["speed_up"] == found["ratio"] == {"value": 2.0, "low": 1.9, "high": 2.1}
    assert found["passes"] == [found["ratio"]] * 3
    assert found["raced"][0] == {
        "name": "all", "layers": 1, "predicted_ms": 5.0, "ratio": found["ratio"],
    }  # fmt: skip
    assert found["repairs"] == ["opset 11 → 13"]
    assert (found["predicted_ms"], found["measured_ms"]) == (5.0, 4.9)


def test_without_a_search_there_is_no_placement() -> None:
    assert answer(PRUNED)["placement"] is None
    kept = placement(speed_up=None, ratio=None, passes=())
    assert answer(adopt_placement(PRUNED, kept))["placement"]["speed_up"] is None


def test_the_lines_say_what_was_measured_and_on_what_it_rests() -> None:
    text = lines(adopt_placement(PRUNED, placement("a", cause="stay in float: 1 spatial")))

    assert "1 layers int8" in text
    assert "speed-up on onnxruntime 2.00× [1.90×, 2.10×] measured: by the search" in text
    assert "int8: stay in float: 1 spatial" in text
    assert "gate: 2.00×, 2.00×, 2.00× of the fastest float form, original" in text
    assert "measured 4.90 ms, predicted 5.00 ms" in text
    assert "metric: top-1 97.9% → 97.8%" in text
    assert "repair: opset 11 → 13" in text


def test_where_nothing_became_int8_the_lines_say_why() -> None:
    text = lines(adopt_placement(PRUNED, placement(cause="int8 was not faster", speed_up=None)))

    assert "nothing became int8: int8 was not faster" in text
    assert "speed-up on onnxruntime 1.00× modelled: int8 was not faster" in text


def test_a_rewriting_alone_counts_as_measured() -> None:
    text = lines(adopt_placement(PRUNED, placement(changes=Changes(respelled=True), cause="slow")))

    assert "nothing became int8: slow" in text
    assert "2.00× [1.90×, 2.10×] measured" in text


def test_what_is_not_met_or_wrong_is_said() -> None:
    assert "not reached" in lines(PRUNED, is_met=False)
    assert "not reached" not in lines(PRUNED)
    assert "problem: no layer is pruned or computes in int8" in lines(plan_of(Epochs()))


@pytest.mark.parametrize(
    ("at", "cells"), [(0, ("yes", "locked")), (1, ("no", "on")), (2, ("no", ""))]
)
def test_the_table_has_a_column_for_int8(at: int, cells: tuple[str, str]) -> None:
    titles, rows = plan_rows(PROJECT, adopt_placement(PRUNED, placement("a")))

    assert titles[-2:] == ("int8", "state")
    assert tuple(rows[at][-2:]) == cells
    assert len(rows) == 4
