"""`profile loss`: its two methods, and what is left of it when it is stopped."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sparsify_tui import demo
from sparsify_tui.cli.loss_request import memory_from
from sparsify_tui.jobs import runner
from sparsify_tui.store.logs import LogStore
from sparsify_tui.workbench import loss_requests
from tests.analyses.models import saved, two_layers
from tests.cli.driver import Answer, Commands, command_line

QUICK = ("--samples", 2, "--levels", "0.5,0.8,0.9", "--quantization", "none")


@pytest.fixture(scope="module")
def fed_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a project of the small model, with data of its own; tests take copies."""
    folder = tmp_path_factory.mktemp("fed")
    model, data = saved(two_layers(), folder / "small.onnx"), folder / "data.npz"
    np.savez(data, x=np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32))
    Commands(home=folder / "home").ok("data", "add", model, data)
    return folder / "home"


@pytest.fixture
def fed(fed_home: Path, tmp_path: Path) -> Commands:
    """The commands on that home, which no other test sees changed."""
    return Commands(home=Path(shutil.copytree(fed_home, tmp_path / "home")))


def test_magnitude_is_one_curve_a_layer_and_says_that_it_ranks_nothing(fed: Commands) -> None:
    loss = fed.json("profile", "loss", "small", "--method", "magnitude", "--levels", "0.5,0.9")

    assert (loss["method"], loss["diagnosis"], loss["complete"]) == ("magnitude", None, True)
    assert "not a ranking" in loss["meaning"]
    for row in loss["layers"]:
        assert (row["status"], row["quantization"]) == ("estimated", None)
        assert (row["estimated"], list(row["sensitivity"])) == ([], ["0.5", "0.9"])
        assert 0 < row["sensitivity"]["0.5"] < row["sensitivity"]["0.9"] < 1
    out = fed.ok("show", "small", "loss").out
    assert "not a ranking" in out
    assert "~" not in out


def test_one_shot_is_what_is_measured_unless_asked_otherwise(fed: Commands) -> None:
    answer = fed.json("profile", "loss", "small", *QUICK, "--name", "mine")

    assert (answer["method"], answer["name"], answer["stage"]) == ("one-shot", "mine", "done")
    assert (answer["metric"], answer["structure"]) == ("mse", "unstructured")
    assert "data.npz" in answer["data"]["source"]
    assert answer["schemes"] == []
    for row in answer["layers"]:
        assert row["quantization"] is None
        assert 0 < row["sensitivity"]["0.5"] < row["sensitivity"]["0.9"]
    assert list((fed.home / "logs").iterdir()) == []


def test_what_is_asked_for_is_what_is_measured(fed: Commands) -> None:
    answer = fed.json(
        "profile", "loss", "small", "--metric", "cosine", "--structure", "2:4", "--samples", 3,
        "--quantization", "int8-tensor,int4", "--output", "y=2", "--workers", 1, "--memory", "1GB",
    )  # fmt: skip

    assert (answer["metric"], answer["structure"], answer["levels"]) == ("cosine", "2:4", [0.5])
    assert answer["schemes"] == ["int8-tensor", "int4"]
    assert answer["outputs"] == [{"name": "y", "weight": 2.0}]
    assert answer["data"]["samples"] == 3


def test_the_first_table_marks_what_is_estimated(fed: Commands) -> None:
    answer = fed.json("profile", "loss", "small", *QUICK, "--anchors-only")
    out = fed.ok("show", "small", "loss").out

    assert all(row["status"] == "estimated" for row in answer["layers"])
    assert all(row["estimated"] == ["0.8"] for row in answer["layers"])
    rows = [line.split() for line in out.splitlines() if line.startswith("fc")]
    assert [row[0] for row in rows] == ["fc1", "fc2"]
    for _, half, eighty, ninety in rows:
        assert eighty.startswith("~")
        assert "~" not in half + ninety


def test_the_text_ends_with_what_follows_from_the_loss(fed: Commands) -> None:
    out = fed.ok("profile", "loss", "small", *QUICK).out

    assert out.startswith("mse between the outputs when one layer is changed (unstructured)")
    assert re.search(r"loss at 80.*(Leave|Recover)", out.splitlines()[-1])


def test_labels_give_a_score_and_its_drop(run: Commands) -> None:
    answer = run.json("profile", "loss", demo.MODEL, "--data", demo.TEST, *QUICK)
    out = run.ok("show", "digits", "loss").out

    assert answer["score"]["name"] == "top-1"
    assert all(row["drop"].keys() == {"0.5", "0.8", "0.9"} for row in answer["layers"])
    assert "top-1 100.0% before any change" in out
    assert "top-1 drop at 80%" in out


def test_a_scheduler_without_its_extra_is_a_missing_extra(
    fed: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss_requests, "find_spec", lambda _: None)

    answer = fed("profile", "loss", "small", "--scheduler", "tcp://host:1", "--json")

    assert answer.code == 3
    assert "pip install sparsify-tui[dask]" in answer.json["error"]["hint"]


def test_the_expected_time_is_told_once_it_is_known(fed: Commands) -> None:
    assert "expected" not in fed.ok("profile", "loss", "small", *QUICK).err
    assert "expected: about" in fed.ok("profile", "loss", "small", *QUICK).err


def test_a_crash_names_the_command_that_goes_on(
    fed: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying = "import os, sys; sys.stdin.readline(); os.kill(os.getpid(), 9)"
    monkeypatch.setattr(runner, "_CHILD", (sys.executable, "-c", dying))

    answer = fed("profile", "loss", "small", *QUICK, "--json")

    (item,) = fed.json("loss-profiles", "list", "small")["items"]
    assert answer.code == 1
    assert "killed" in answer.json["error"]["message"]
    assert f"profile loss small --resume {item['id']}" in answer.json["error"]["hint"]
    assert not item["complete"]


@pytest.fixture
def stopped(run: Commands) -> Answer:
    """A profile of the bundled model that an interrupt ended once something was measured."""
    words = ("profile", "loss", demo.MODEL, "--data", demo.CALIBRATION, "--workers", 1, "--json")
    process = subprocess.Popen(
        command_line(run.home, *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("loss: "):
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    return Answer(code=process.returncode, out=out, err=err)


def test_a_profile_that_was_stopped_is_kept_and_goes_on_by_the_command_it_names(
    run: Commands, stopped: Answer
) -> None:
    assert stopped.code == 130, stopped.err
    error = stopped.json["error"]
    assert "kept" in error["message"]
    (item,) = run.json("loss-profiles", "list", "digits")["items"]
    assert (item["complete"], item["method"]) == (False, "one-shot")
    log = LogStore(run.home).path(item["id"])
    measured = len(log.read_text().splitlines())
    assert measured > 1
    assert item["id"] in run.ok("show", "digits", "loss").out
    assert run.json("optimize", "digits", "--spread", "global")["met"]

    found = re.search("`sparsify-tui (.*)`", error["hint"])
    assert found
    answer = run.json(*shlex.split(found[1]))

    assert (answer["profile"], answer["complete"]) == (item["id"], True)
    assert not log.exists()
    (item,) = run.json("loss-profiles", "list", "digits")["items"]
    assert item["complete"]
    again = run(*shlex.split(found[1]), "--json")
    assert (again.code, "is complete" in again.json["error"]["message"]) == (2, True)


def test_a_global_spread_finds_the_magnitudes_in_a_one_shot_profile(fed: Commands) -> None:
    fed.ok("profile", "loss", "small", *QUICK)

    plan = fed.json("optimize", "small", "--spread", "global")

    assert plan["met"]
    assert len({row["level"] for row in plan["layers"]}) == 2
    assert len(fed.json("loss-profiles", "list", "small")["items"]) == 1


@pytest.mark.parametrize(
    ("size", "memory"),
    [("2GB", 2_000_000_000), ("1.5 GiB", 1_610_612_736), ("512m", 512_000_000), ("4096", 4096)],
)
def test_a_size_is_read_as_it_is_usually_written(size: str, memory: int) -> None:
    assert memory_from(size) == memory


def test_the_size_that_is_given_is_the_one_that_is_asked_for(fed: Commands) -> None:
    fed.ok("profile", "loss", "small", *QUICK, "--memory", "2GB")

    assert _newest(fed)["request"]["memory_bytes"] == 2_000_000_000


def _newest(run: Commands) -> dict[str, Any]:
    (file,) = (run.home / "projects").glob("*.json")
    rows = json.loads(file.read_text())["loss_profiles"]
    return dict(rows[max(rows, key=int)])
