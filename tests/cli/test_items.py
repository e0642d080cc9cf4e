"""Stored profiles, optimizations and benchmarks: renamed, copied, deleted, shown as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparsify_tui import demo
from tests.cli.conftest import Measured
from tests.cli.driver import Commands


def test_an_item_is_renamed_and_deleted(run: Commands, small: Path) -> None:
    plan = run.json("optimize", small)["optimization"]

    items = run.json("optimizations", "rename", "small", plan, "half")["items"]
    assert [item["name"] for item in items] == ["half"]
    assert run.json("optimizations", "delete", "small", "half", "--yes") == {"items": []}


def test_a_copy_starts_as_its_original(run: Commands, small: Path) -> None:
    run.ok("optimize", small, "--layer", "fc1=0.75", "--name", "first")

    copy = run.json("optimizations", "copy", "small", "first", "--name", "second")

    first, second = (run.json("optimizations", "show", "small", n) for n in ("first", "second"))
    assert copy["optimization"] == second["optimization"] != first["optimization"]
    assert first["layers"] == second["layers"]
    assert next(row for row in first["layers"] if row["locked"])["level"] == 0.75


def test_the_newest_of_two_equal_names_is_meant(run: Commands, small: Path) -> None:
    run.ok("optimize", small, "--sparsity", 0.3, "--name", "plan")
    newer = run.json("optimize", small, "--sparsity", 0.7, "--name", "plan")

    assert run.json("optimizations", "show", "small", "plan") == newer


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("model", ["77.4k parameters", "stem.0"]),
        ("performance", ["ms ±", "stem.0", "not attributed"]),
        ("loss", ["layer is changed", "90%", "int8"]),
        ("optimization", ["one-weight", "locked"]),
        ("benchmarks", ["top-1", "as fast"]),
        ("export", ["GMPruningModifier"]),
    ],
)
def test_a_section_is_plain_text(measured: Measured, section: str, words: list[str]) -> None:
    out = measured.run.ok("show", "digits", section).out

    assert all(word in out for word in words)
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["inspect", demo.MODEL], "prunable layers"),
        (["projects"], "digits"),
        (["projects", "show", "digits"], "model file: ok"),
        (["export", "--list"], "not built yet"),
        (["doctor"], "onnxruntime"),
    ],
)
def test_an_answer_without_json_is_plain_text(
    measured: Measured, words: list[object], says: str
) -> None:
    assert says in measured.run.ok(*words).out


def test_the_export_targets_are_listed_with_what_is_built(run: Commands) -> None:
    assert run.json("export", "--list")["targets"] == {
        "sparseml": True,
        "pytorch": True,
        "onnxruntime": False,
        "report": False,
        "olive": False,
        "nncf": False,
        "torchao": False,
        "llm-compressor": False,
    }


def test_the_ending_of_a_file_says_which_target_is_meant(run: Commands, small: Path) -> None:
    run.ok("optimize", small)
    recipe, code = small.with_name("r.yaml"), small.with_name("t.py")

    for file, target in ((recipe, "sparseml"), (code, "pytorch")):
        (written,) = run.json("export", "small", "-o", file)["files"]
        assert written == {"target": target, "path": str(file)}
        assert file.is_file()
    chosen = run.json("export", "small", "--target", "sparseml", "-o", small.with_name("plain.txt"))
    assert chosen["files"][0]["path"] == str(small.with_name("plain.txt"))


def test_epochs_and_rates_make_the_schedule(run: Commands, small: Path) -> None:
    modifiers = run.json("optimize", small)["modifiers"]

    recipe = run.ok("show", "small", "export").out

    assert modifiers == ["Epochs", "Pruning"]
    assert "LearningRateModifier" not in recipe
    assert "LearningRate" in run.json("optimize", "small", "--lr", "0.1:0.001")["modifiers"]
    assert "init_lr" in run.ok("show", "small", "export").out


def test_a_global_spread_measures_the_magnitudes_it_needs(run: Commands, small: Path) -> None:
    plan = run.json("optimize", small, "--spread", "global", "--sparsity", 0.5)

    assert plan["target"] == {"sparsity": 0.5, "scope": "global"}
    assert plan["met"]
    assert len({row["level"] for row in plan["layers"]}) == 2
    assert len(run.json("loss-profiles", "list", "small")["items"]) == 1


def test_a_requirement_that_is_not_surely_met_fails(measured: Measured, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    run = Commands(home=home)
    run.ok("optimize", measured.files / "pruned.onnx", "--sparsity", 0.8)

    answer = run("benchmark", "pruned", "--threads", 1, "--seconds", 0.1, "--require",
                 "speed_up >= 50", "--json")  # fmt: skip

    assert answer.code == 1
    assert answer.json["comparisons"][0]["ratio"]["value"] < 50
    assert "not surely 50 or more" in answer.err
