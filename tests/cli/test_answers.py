"""The keys and laws of every answer that the contract fixes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from sparsify_tui import demo
from tests.analyses.models import saved, two_layers
from tests.cli.conftest import Measured
from tests.cli.driver import Commands

TIMING = {
    "median_ms", "low_ms", "high_ms", "p90_ms", "p99_ms", "items_per_s", "runs", "trusted",
    "reasons",
}  # fmt: skip
EST = {"value", "low", "high", "basis"}
LAYER = {
    "id", "node", "op_type", "weight", "module_path", "shape", "params", "flops", "prunable",
    "quantizable", "density", "group",
}  # fmt: skip
MODEL = {
    "path", "sha256", "bytes", "opset", "ir_version", "producer", "params", "flops", "inputs",
    "outputs",
}  # fmt: skip
PROJECT = {
    "id", "name", "model", "created", "modified", "perf_profiles", "loss_profiles",
    "optimizations", "benchmarks",
}  # fmt: skip
ANSWERS = {
    "perf": {"profile", "environment", "batch", "threads", "total", "coverage", "layers", "other"},
    "loss": {"profile", "method", "metric", "data", "levels", "cpu_s", "wall_s", "layers"},
    "optimize": {"optimization", "target", "met", "achieved", "estimate", "layers", "modifiers"},
    "benchmark": {"benchmark", "runs", "comparisons", "metric"},
    "apply": {"file", "bytes", "layers", "output_error", "comparison", "optimized"},
    "export": {"files", "mapped", "unmapped"},
}
ROWS = {
    ("perf", "layers"): {"id", "ms", "share", "int8_ms", "channel_ms"},
    ("perf", "other"): {"name", "op_type", "ms"},
    ("loss", "layers"): {"id", "weight", "status", "sensitivity", "quantization"},
    ("optimize", "layers"): {"id", "level", "structure", "quantized", "locked"},
    ("benchmark", "runs"): {"label", "engine", "batch", "threads", "timing"},
    ("benchmark", "comparisons"): {"a", "b", "ratio", "verdict"},
    ("apply", "layers"): {"id", "sparsity", "quantized", "shape"},
    ("export", "files"): {"target", "path"},
    ("export", "mapped"): {"layer", "parameter", "evidence"},
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_has_the_keys_of_the_contract(measured: Measured, name: str) -> None:
    assert measured.answers[name].keys() >= ANSWERS[name]


@pytest.mark.parametrize(("name", "field"), ROWS)
def test_a_row_has_the_keys_of_the_contract(measured: Measured, name: str, field: str) -> None:
    rows = measured.answers[name][field]

    assert rows
    assert all(row.keys() >= ROWS[name, field] for row in rows)


def test_inspect_tells_the_file_and_its_layers(run: Commands, small: Path) -> None:
    answer = run.json("inspect", small, "--dim", "n=5")

    assert answer.keys() == {"model", "layers", "warnings"}
    assert answer["model"].keys() >= MODEL
    assert all(layer.keys() >= LAYER for layer in answer["layers"])
    assert answer["model"]["sha256"] == hashlib.sha256(small.read_bytes()).hexdigest()
    assert answer["model"]["inputs"] == [{"name": "x", "dtype": "float32", "shape": ["n", 4]}]
    assert [layer["weight"] for layer in answer["layers"]] == ["fc1.weight", "fc2.weight"]
    assert [layer["flops"] for layer in answer["layers"]] == [2 * 5 * 8 * 4, 2 * 5 * 8 * 3]
    assert not run.home.exists(), "inspect creates nothing"


def test_the_rows_and_the_remainder_of_a_perf_profile_add_up_to_the_fastest_run(
    measured: Measured,
) -> None:
    perf = measured.answers["perf"]
    rows = sum(row["ms"] or 0 for row in (*perf["layers"], *perf["other"]))

    assert rows + perf["not_attributed_ms"] == pytest.approx(perf["total"]["min_ms"])
    assert perf["coverage"] == 1.0
    assert perf["threads"] == perf["environment"]["threads"] == 1
    for row in perf["layers"]:
        assert row["share"] == pytest.approx(row["ms"] / perf["total"]["min_ms"])
        assert set(row["channel_ms"]) == {"0.75", "0.5", "0.25"}


def test_a_timing_orders_its_figures(measured: Measured) -> None:
    for timing in (
        measured.answers["perf"]["total"],
        *(row["timing"] for row in measured.answers["benchmark"]["runs"]),
    ):
        assert timing.keys() >= TIMING
        assert timing["low_ms"] <= timing["median_ms"] <= timing["high_ms"]
        assert timing["min_ms"] <= timing["median_ms"] <= timing["p90_ms"]
        assert (timing["p99_ms"] is None) == (timing["runs"] < 662)
        assert timing["trusted"] == (not timing["reasons"])


def test_the_loss_of_every_layer_is_measured_at_every_level_and_scheme(measured: Measured) -> None:
    loss = measured.answers["loss"]

    assert (loss["method"], loss["metric"], loss["complete"]) == ("one-shot", "kl", True)
    assert loss["data"]["samples"] == 8
    assert loss["levels"] == [0.5, 0.6, 0.9]
    assert loss["score"]["name"] == "top-1"
    for row in loss["layers"]:
        assert (row["status"], row["estimated"], row["reason"]) == ("measured", [], "")
        assert row["sensitivity"].keys() == {"0.5", "0.6", "0.9"}
        assert row["quantization"].keys() == {"int8"}
        assert 0 < row["quantization"]["int8"] < row["sensitivity"]["0.9"]
        assert row["samples"].keys() == row["drop"].keys() == {"0.5", "0.6", "0.9", "int8"}
        for key, (low, high) in row["intervals"].items():
            assert low <= {**row["sensitivity"], **row["quantization"]}[key] <= high
    assert loss["diagnosis"].keys() == {"0.5", "0.6", "0.9", "int8"}
    assert loss["diagnosis"]["0.9"]["sentence"]


def test_an_optimization_reaches_its_target_around_a_locked_layer(measured: Measured) -> None:
    plan = measured.answers["optimize"]
    levels = {row["id"]: row for row in plan["layers"]}
    (locked,) = (row for row in plan["layers"] if row["locked"])

    assert plan["met"]
    assert plan["achieved"]["sparsity"] == pytest.approx(0.6, abs=0.005)
    assert locked["level"] == 0.0
    assert all(row["level"] > 0.59 for row in levels.values() if not row["locked"])
    assert plan["estimate"].keys() == {"speed_up", "compression", "loss", "recovery"}
    assert all(one.keys() >= EST for one in plan["estimate"].values())
    assert plan["estimate"]["loss"] | {"note": ""} == {
        "value": None, "low": None, "high": None, "basis": "unknown", "note": "",
    }  # fmt: skip


def test_a_benchmark_of_next_to_no_change_compares_and_scores(measured: Measured) -> None:
    benchmark = measured.answers["benchmark"]
    (comparison,) = benchmark["comparisons"]
    ratio = comparison["ratio"]

    assert [row["label"] for row in benchmark["runs"]] == [comparison["a"], comparison["b"]]
    assert ratio.keys() >= EST
    assert ratio["basis"] == "measured"
    assert ratio["low"] <= ratio["value"] <= ratio["high"]
    assert comparison["verdict"] in {"faster", "slower", "no difference", "not trusted"}
    assert benchmark["metric"]["name"] == "top-1"
    assert benchmark["metric"]["before"] == pytest.approx(0.979, abs=1e-9)
    assert benchmark["metric"]["after"] == pytest.approx(0.979, abs=0.005)


def test_apply_zeroes_the_weights_of_least_magnitude_and_no_others(measured: Measured) -> None:
    answer = measured.answers["apply"]
    before, after = _weights(demo.MODEL), _weights(measured.files / "pruned.onnx")
    layers = {row["id"]: row for row in measured.run.json("projects", "show", "digits")["layers"]}
    levels = {row["id"]: row["level"] for row in measured.answers["optimize"]["layers"]}

    assert answer["bytes"] == (measured.files / "pruned.onnx").stat().st_size
    assert answer["output_error"] > 0
    for row in answer["layers"]:
        old, new = (some[layers[row["id"]]["weight"]] for some in (before, after))
        wanted = round(levels[row["id"]] * old.size)
        removed = np.abs(old[new == 0])
        assert np.count_nonzero(new == 0) == wanted
        assert row["sparsity"] == pytest.approx(wanted / old.size)
        assert row["shape"] == list(old.shape)
        assert np.array_equal(old[new != 0], new[new != 0])
        assert removed.max() <= np.abs(new[new != 0]).min()


def _weights(path: Path) -> dict[str, Any]:
    graph = onnx.load(str(path)).graph
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}


def test_export_writes_what_it_names(measured: Measured) -> None:
    export = measured.answers["export"]

    assert [file["target"] for file in export["files"]] == ["sparseml", "pytorch"]
    assert all(Path(file["path"]).is_absolute() for file in export["files"])
    recipe, code = (Path(file["path"]).read_text() for file in export["files"])
    assert "GMPruningModifier" in recipe
    compile(code, "train_with_recipe.py", "exec")
    assert export["unmapped"] == []


def test_the_unnamed_weights_are_the_unmapped_ones(run: Commands, tmp_path: Path) -> None:
    proto = two_layers()
    proto.graph.initializer[0].name = proto.graph.node[0].input[1] = "onnx::MatMul_12"
    run.ok("optimize", saved(proto, tmp_path / "m.onnx"))

    export = run.json("export", "m", "-o", tmp_path)

    assert [row["name"] for row in export["unmapped"]] == ["onnx::MatMul_12"]
    assert [row["parameter"] for row in export["mapped"]] == ["fc2.weight"]


def test_projects_lists_what_each_holds(measured: Measured) -> None:
    (project,) = measured.run.json("projects")["projects"]

    assert project.keys() >= PROJECT
    assert (project["name"], project["model"]) == ("digits", str(demo.MODEL))
    counts = ("perf_profiles", "loss_profiles", "optimizations", "benchmarks")
    assert [project[name] for name in counts] == [1, 1, 2, 1]
    assert not project["problem"]
    assert measured.run.json("projects", "list")["projects"] == [project]


@pytest.mark.parametrize("group", ["perf-profiles", "loss-profiles", "optimizations", "benchmarks"])
def test_the_stored_ones_are_listed_and_shown(measured: Measured, group: str) -> None:
    items = measured.run.json(group, "list", "digits")["items"]
    answer = {
        "perf-profiles": measured.answers["perf"],
        "loss-profiles": measured.answers["loss"],
        "optimizations": measured.answers["one weight"],
        "benchmarks": measured.answers["benchmark"],
    }[group]

    assert all(item.keys() >= {"id", "name", "created"} for item in items)
    assert measured.run.json(group, "show", "digits", items[-1]["id"]) == answer
    assert measured.run.json(group, "show", "digits", items[-1]["name"]) == answer
    assert items[-1]["name"] in measured.run.ok(group, "list", "digits").out


def test_the_demo_walks_the_whole_path(run: Commands, tmp_path: Path) -> None:
    answer = run.json("demo", "--headless", "--seconds", 0.1, "--output", tmp_path / "out")

    assert answer.keys() >= {"project", "speed_up", "compression", "metric", "files"}
    assert answer["metric"]["name"] == "top-1"
    assert answer["metric"]["before"] == pytest.approx(0.979, abs=1e-9)
    assert 0.9 < answer["metric"]["after"] <= 0.98
    assert all(0 < one["kept"] < one["of"] for one in answer["widths"])
    assert (answer["compression"] > 1) == bool(answer["widths"])  # a busy machine may find none
    assert all(Path(file).is_file() for file in answer["files"])
    (project,) = run.json("projects")["projects"]
    assert (project["id"], project["name"]) == (answer["project"], "demo-digits")
    assert (project["perf_profiles"], project["benchmarks"]) == (1, 1)


def test_the_approximate_profile_has_flops_and_no_time(run: Commands, small: Path) -> None:
    answer = run.json("profile", "perf", small, "--approximate")

    assert (answer["profile"], answer["total"], answer["environment"]) == (None, None, None)
    assert all(row["ms"] is None and row["flops"] for row in answer["layers"])
    assert "nothing was measured" in run.ok("profile", "perf", small, "--approximate").out
