"""Benchmarks: of several cases, alone, by the user's own metric; compared, repeated, as tables."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Measured
from tests.cli.driver import Commands
from tests.jobs.hostile import crashing, saved

QUICK = ("--threads", 1, "--seconds", 0.1)


@pytest.fixture(scope="module")
def benched(tmp_path_factory: pytest.TempPathFactory, measured: Measured) -> Commands:
    """A project with two optimizations and two benchmarks."""
    run = Commands(home=tmp_path_factory.mktemp("benched"))
    model = measured.files / "pruned.onnx"
    score = measured.files / "score.py"
    score.write_text("def mean(outputs, labels):\n    return outputs[0].mean()\n")
    for name in ("one", "two"):
        run.ok("optimize", model, "--sparsity", 0.7, "--name", name)
    run.ok(
        "benchmark",
        "pruned",
        *QUICK,
        "--name",
        "first",
        "--metric",
        f"{score}:mean",
        "--optimization",
        "one",
        "--optimization",
        "two",
        "--notes",
        "on mains power",
    )
    run.ok("benchmark", "pruned", *QUICK, "--name", "second", "--original", "--streams", "1,2")
    return run  # fmt: skip


def stored(run: Commands, name: str) -> dict[str, Any]:
    return run.json("benchmarks", "show", "pruned", name)


def test_several_optimizations_are_compared_with_one_original(benched: Commands) -> None:
    first = stored(benched, "first")

    assert [one["optimization"] for one in first["runs"]] == ["", "one", "two"]
    assert [(one["a"], one["b"]) for one in first["comparisons"]] == [
        ("original b1 t1", "one b1 t1"), ("original b1 t1", "two b1 t1"),
    ]  # fmt: skip
    assert [one["optimized"] for one in first["models"]] == [
        not one["note"] for one in first["models"]
    ]
    assert first["metric"]["name"] == "mean"
    assert first["notes"] == "on mains power"


def test_each_run_tells_load_memory_and_environment(benched: Commands) -> None:
    for one in stored(benched, "first")["runs"]:
        assert one["load_ms"] > 0
        assert one["cold_ms"] > 0
        assert one["peak_bytes"] is None or one["peak_bytes"] > 0
        assert one["environment"]["threads"] == 1


def test_the_original_is_measured_alone_over_streams(benched: Commands) -> None:
    second = stored(benched, "second")

    assert [one["streams"] for one in second["runs"]] == [1, 2]
    assert second["comparisons"] == second["models"] == []
    assert second["metric"] is None


def test_benchmarks_are_compared_by_label(benched: Commands) -> None:
    answer = benched.json("benchmarks", "compare", "pruned", "first", "second")
    (table,) = answer["comparisons"]

    assert [one["name"] for one in table["runs"]] == ["first", "second"]
    assert [one["in_turn"] for one in table["runs"]] == [True, False]
    assert answer["only"] == [
        "first: one b1 t1", "first: two b1 t1", "second: original b1 t1 s2",
    ]  # fmt: skip


def test_runs_are_compared_by_name_and_never_silently_in_other_conditions(
    benched: Commands,
) -> None:
    out = benched.ok(
        "benchmarks", "compare", "pruned", "first:one b1 t1", "second:original b1 t1 s2"
    ).out

    assert "first: one b1 t1" in out
    assert "not in turn" in out
    assert "warning: not the same conditions: streams 1 and 2" in out


@pytest.mark.parametrize(
    ("items", "says"),
    [
        (("first:one b1 t1",), "1 runs were chosen"),
        (("first:gone", "second"), "has no run gone"),
        (("first:one b1 t1", "first", "second"), "6 runs were chosen"),
    ],
)
def test_what_cannot_be_compared_is_said(
    benched: Commands, items: tuple[str, ...], says: str
) -> None:
    answer = benched("benchmarks", "compare", "pruned", *items)

    assert answer.code == 2
    assert says in answer.err


def test_a_benchmark_is_a_table(benched: Commands) -> None:
    markdown = benched.ok("benchmarks", "table", "pruned", "first").out
    lines = benched.ok("benchmarks", "table", "pruned", "first", "--format", "csv").out

    assert "| one b1 t1" in markdown
    assert [row["label"] for row in csv.DictReader(io.StringIO(lines))] == [
        "original b1 t1", "one b1 t1", "two b1 t1",
    ]  # fmt: skip


def test_the_same_is_measured_again_and_noted(benched: Commands) -> None:
    again = benched.json("benchmarks", "again", "pruned", "second")

    assert again["name"] == "second"
    assert [one["label"] for one in again["runs"]] == ["original b1 t1", "original b1 t1 s2"]
    benched.ok("benchmarks", "notes", "pruned", again["benchmark"], "twice")
    assert stored(benched, again["benchmark"])["notes"] == "twice"


def test_what_is_written_is_called_optimized_only_when_it_is(
    benched: Commands, tmp_path: Path
) -> None:
    out = benched.ok(
        "apply", "pruned", "--optimization", "one", "-o", tmp_path / "o.onnx", "--seconds", 0.1
    ).out

    assert "optimized: " in out.lower()
    assert (tmp_path / "o.onnx").is_file()


def test_apply_answers_with_its_comparison(measured: Measured) -> None:
    applied = measured.answers["apply"]

    assert applied["optimized"] == (applied["comparison"]["verdict"] == "faster")
    assert applied["comparison"]["a"].startswith("original b1 t")


def test_a_case_that_crashes_the_runtime_loses_no_other(run: Commands, tmp_path: Path) -> None:
    model = saved(crashing(), tmp_path / "crashing.onnx")

    found = run.json("benchmark", model, *QUICK, "--batch", "1,2,4", "--original")

    assert [one["label"] for one in found["runs"]] == ["original b1 t1", "original b4 t1"]
    assert found["problems"] == ["b2 t1: The model crashed the runtime (SIGFPE); contained."]
    assert found["cases"] == {"done": 3, "total": 3, "complete": True}
    assert "not measured: b2 t1: The model crashed" in run.ok("show", "crashing", "benchmarks").out


def test_where_every_case_crashes_the_signal_is_the_answer(run: Commands, tmp_path: Path) -> None:
    model = saved(crashing(), tmp_path / "crashing.onnx")

    answer = run("benchmark", model, *QUICK, "--batch", "2", "--original")

    assert answer.code == 1
    assert "SIGFPE" in answer.err
    assert run.json("benchmarks", "list", "crashing")["items"] == []


def test_what_could_not_be_measured_meets_no_requirement(run: Commands, tmp_path: Path) -> None:
    model = saved(crashing(), tmp_path / "crashing.onnx")
    run.ok("optimize", model, "--sparsity", 0.5)

    answer = run("benchmark", "crashing", *QUICK, "--batch", "1,2", "--require", "speed_up>=0.01")

    assert answer.code == 1
    assert "not shown in every case: not measured: b2 t1" in answer.err
