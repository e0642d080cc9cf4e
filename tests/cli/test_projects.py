"""Projects by id, name and path; what they remember; what becomes of a model file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.analyses.models import saved, saved_external, two_layers, with_state
from tests.cli.driver import Commands


def names(run: Commands) -> set[str]:
    return {project["name"] for project in run.json("projects")["projects"]}


def test_a_model_file_makes_its_project_once(run: Commands, small: Path) -> None:
    first = run.json("optimize", small)
    run.ok("optimize", small)
    run.ok("optimize", small.parent / "." / small.name)

    assert names(run) == {"small"}
    assert len(run.json("optimizations", "list", "small")["items"]) == 3
    assert first["name"] == "uniform-50"


def test_a_project_answers_to_id_name_and_path(run: Commands, small: Path) -> None:
    run.ok("optimize", small)
    (project,) = run.json("projects")["projects"]
    (small.parent / "link.onnx").symlink_to(small)

    found = [
        run.json("projects", "show", word)["id"]
        for word in (project["id"], "small", small, small.parent / "link.onnx")
    ]

    assert found == [project["id"]] * 4


def test_files_of_one_name_get_projects_of_two_names(run: Commands, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        run.ok("optimize", saved(two_layers(), tmp_path / folder / "m.onnx"))

    assert names(run) == {"m", "m-2"}


def test_a_verb_wins_over_a_project_of_its_name(run: Commands, small: Path) -> None:
    run.ok("optimize", small)
    run.ok("projects", "rename", "small", "projects")

    assert run.json("projects")["projects"][0]["name"] == "projects"
    assert run("open", "projects").code == 2, "the interface, which has no terminal here"
    assert "terminal" in run("open", "projects").err


def test_renaming_describing_and_deleting(run: Commands, small: Path) -> None:
    run.ok("optimize", small)

    renamed = run.json("projects", "rename", "small", "  Net ")
    run.ok("projects", "describe", "Net", "two layers")

    assert renamed["name"] == "Net"
    assert run.json("projects", "show", "Net")["description"] == "two layers"
    assert "two layers" in run.ok("projects", "show", "Net").out
    run.ok("projects", "delete", "Net", "--yes")
    assert names(run) == set()
    assert small.exists()
    assert list(run.home.rglob("*.json*")) == []


def test_sizes_and_values_are_remembered(run: Commands, tmp_path: Path) -> None:
    model = saved(with_state(), tmp_path / "m.onnx")
    run.ok("optimize", model, "--dim", "n=3", "--value", "rate=2")
    run.ok("optimize", "m", "--value", "state=0")

    shown = run.json("projects", "show", "m")

    assert shown["dims"] == {"n": 3}
    assert shown["values"] == {"rate": 2.0, "state": 0.0}
    assert shown["layers"][0]["flops"] == 2 * 3 * 4 * 3
    assert run.json("profile", "perf", "m", "--seconds", 0.1, "--no-channels")["batch"] == 3


def test_settings_are_set_shown_and_unset(run: Commands, small: Path) -> None:
    run.ok("settings", "set", small, "epochs=12", "optimizer=SGD", "initial_lr=0.1", "dim.n=7")

    assert run.json("settings", "get", "small")["settings"] == {
        "optimizer": "SGD",
        "epochs": 12,
        "initial_lr": 0.1,
        "final_lr": None,
        "dim.n": 7,
    }
    after = run.json("settings", "set", "small", "epochs=", "dim.n=")["settings"]
    assert after["epochs"] is None
    assert "dim.n" not in after
    assert "optimizer = SGD" in run.ok("settings", "get", "small").out


@pytest.mark.parametrize(("labels", "role"), [(None, "calibration"), (np.arange(5) % 3, "test")])
def test_labels_make_data_a_test_set(
    run: Commands, small: Path, labels: np.ndarray | None, role: str
) -> None:
    file = small.with_suffix(".npz")
    arrays = {"x": np.zeros((5, 4), np.float32)} | ({} if labels is None else {"labels": labels})
    np.savez(file, **arrays)

    (data,) = run.json("data", "add", small, file)["data"]

    assert data == data | {
        "role": role,
        "path": str(file),
        "samples": 5,
        "labelled": labels is not None,
        "problems": [
            "only 5 samples, fewer than 16",
            "the input x is 0 everywhere",
            "all samples are the same",
        ],
    }
    assert run.json("data", "list", "small")["data"] == [data]
    assert file.name in run.ok("data", "list", "small").out
    run.ok("data", "remove", "small", role)
    assert run.json("data", "list", "small")["data"] == []


def test_a_test_set_needs_labels(run: Commands, small: Path) -> None:
    file = small.with_suffix(".npz")
    np.savez(file, x=np.zeros((5, 4), np.float32))

    answer = run("data", "add", small, file, "--role", "test")

    assert answer.code == 1
    assert "labels" in answer.err


def test_given_data_becomes_the_default(run: Commands, small: Path) -> None:
    file = small.with_suffix(".npz")
    np.savez(file, x=np.zeros((5, 4), np.float32))

    first = run.json("profile", "perf", small, "--seconds", 0.1, "--no-channels", "--data", file)
    second = run.json("profile", "perf", "small", "--seconds", 0.1, "--no-channels")

    assert first["inputs"] == second["inputs"] == file.name


def test_a_model_that_moved_is_found_again_and_its_profiles_stay_fresh(
    run: Commands, small: Path
) -> None:
    run.ok("profile", "perf", small, "--seconds", 0.1, "--no-channels")
    moved = small.rename(small.with_name("moved.onnx"))

    assert run.json("projects", "show", "small")["model_state"] == "missing"
    answer = run("profile", "perf", "small")
    assert answer.code == 1
    assert "is gone" in answer.err
    assert "projects accept" in answer.err

    assert run.json("projects", "accept", "small", "--model", moved)["same_model"]
    shown = run.json("projects", "show", "small")
    assert (shown["model_state"], shown["model"]["path"]) == ("ok", str(moved))
    assert _is_stale(run) == [False]


def test_a_model_that_changed_is_accepted_and_its_profiles_are_stale(
    run: Commands, small: Path
) -> None:
    run.ok("profile", "perf", small, "--seconds", 0.1, "--no-channels")
    saved(two_layers(scale=2.0), small)

    assert run.json("projects", "show", "small")["model_state"] == "changed"
    answer = run("profile", "loss", "small")
    assert answer.code == 1
    assert "another model" in answer.err

    assert not run.json("projects", "accept", "small")["same_model"]
    run.ok("profile", "perf", "small", "--seconds", 0.1, "--no-channels")
    assert run.json("projects", "show", "small")["model_state"] == "ok"
    assert _is_stale(run) == [True, False]


def _is_stale(run: Commands) -> list[bool]:
    items = run.json("perf-profiles", "list", "small")["items"]
    return [item["stale"] for item in items]


def test_a_model_that_was_only_touched_is_the_same_model(run: Commands, small: Path) -> None:
    run.ok("optimize", small)
    small.touch()

    assert run.json("projects", "show", "small")["model_state"] == "changed"
    run.ok("profile", "loss", "small")
    assert run.json("projects", "show", "small")["model_state"] == "ok"


def test_a_model_with_its_weights_beside_it_is_pruned_into_one_file(
    run: Commands, tmp_path: Path
) -> None:
    model = saved_external(two_layers(), tmp_path / "wide.onnx")
    run.ok("optimize", model, "--sparsity", 0.5)

    answer = run.json("apply", "wide", "-o", tmp_path / "out.onnx")

    assert {row["sparsity"] for row in answer["layers"]} == {0.5}
    assert not (tmp_path / "out.onnx.data").exists()
