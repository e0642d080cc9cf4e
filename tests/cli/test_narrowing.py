from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sparsify_tui.core.channels.front import ChannelAnalysis, ChannelSearch
from sparsify_tui.core.channels.groups import ChannelMap, GroupId, LockedChannels
from sparsify_tui.core.model import Model
from sparsify_tui.workbench.measure import Measure
from tests.cli.driver import Commands
from tests.core import channel_examples
from tests.core.channel_examples import REASON, group, net_map

CHANNELS = ("--structure", "channel")


def groups_of(model: Model) -> ChannelAnalysis:
    """The first layer of a model makes 16 hidden units that its second takes."""
    first, second = (layer.id for layer in model.layers)
    channels = net_map(
        groups=(group(first, 16, first, second, kind="hidden unit"),),
        locked=(LockedChannels(layers=(second,), reason=REASON),),
        layers=(),
    )
    return channel_examples.analysis(channels, model_digest=model.sha256)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Analyses and searches answer at once; what they were asked is kept."""
    asked: list[dict[str, Any]] = []

    async def channels(self: Measure, project_id: str, **options: Any) -> ChannelAnalysis:
        del options["on_progress"]
        asked.append(options)
        return groups_of(self._projects.load(project_id).model)

    async def narrow(
        self: Measure, project_id: str, *, locked: Mapping[GroupId, int], **options: Any
    ) -> ChannelSearch:
        del options["on_progress"]
        asked.append({**options, "locked": dict(locked)})
        found = groups_of(self._projects.load(project_id).model)
        point = replace(channel_examples.point(1.9), kept=((found.map.groups[0].id, 4),))
        is_met = options["speed_up"] is None or options["speed_up"] <= 1.9
        front = channel_examples.front(
            point, chosen=0 if is_met else None, model_digest=found.model_digest
        )
        return ChannelSearch(analysis=found, front=front)

    monkeypatch.setattr(Measure, "channels", channels)
    monkeypatch.setattr(Measure, "narrow", narrow)
    return asked


def test_a_sparsity_is_spread_without_a_search(
    run: Commands, small: Path, asked: list[dict[str, Any]]
) -> None:
    plan = run.json("optimize", small, *CHANNELS, "--sparsity", 0.5, "--select", "l2")

    assert asked == [{"selection": "l2"}]
    assert plan["target"] == {
        "sparsity": 0.5, "scope": "uniform", "speed_up": None, "max_loss": None,
    }  # fmt: skip
    assert (plan["met"], plan["achieved"]["sparsity"]) == (True, 0.5)
    assert (plan["front"], plan["search"], plan["notes"]) == (None, None, [])
    assert plan["modifiers"] == ["Epochs", "ChannelPruning"]
    assert plan["problems"] == []


def test_the_answer_lists_groups_and_what_is_locked(
    run: Commands, small: Path, asked: list[dict[str, Any]]
) -> None:
    plan = run.json("optimize", small, *CHANNELS, "--sparsity", 0.5)

    first, second = (row["id"] for row in plan["layers"])
    free, locked = plan["groups"]
    assert free == {
        "id": first, "kind": "hidden unit", "size": 16, "kept": 8, "level": 0.5,
        "layers": [first], "consumers": [second], "locked": False, "locked_reason": None,
        "enabled": True,
    }  # fmt: skip
    assert (locked["id"], locked["locked"], locked["locked_reason"]) == (second, True, REASON)
    assert [(row["structure"], row["level"]) for row in plan["layers"]] == [
        ("channel", 0.5),
        ("channel", 0.0),
    ]


def test_without_a_target_a_search_chooses(
    run: Commands, small: Path, asked: list[dict[str, Any]]
) -> None:
    plan = run.json("optimize", small, *CHANNELS, "--batch", 64, "--threads", 1)

    assert asked == [
        {
            "batch": 64, "threads": 1, "speed_up": None, "max_loss": None,
            "selection": "obs", "repair": "auto", "locked": {},
        }
    ]  # fmt: skip
    assert (plan["name"], plan["met"]) == ("channels", True)
    assert plan["target"]["sparsity"] is None
    speed_up = plan["estimate"]["speed_up"]
    assert (speed_up["value"], speed_up["high"], speed_up["basis"]) == (1.9, 2.0, "measured")
    (point,) = plan["front"]
    assert (point["chosen"], list(point["kept"].values())) == (True, [4])
    assert (plan["search"]["held_out"], plan["search"]["batch"]) == (16, 64)


def test_a_search_is_told_targets_and_what_is_locked(
    run: Commands, small: Path, asked: list[dict[str, Any]]
) -> None:
    first = run.json("inspect", small)["layers"][0]["id"]

    words = ("--speed-up", 1.5, "--repair", "none", "--layer", f"{first}=12")
    plan = run.json("optimize", small, *CHANNELS, *words)

    assert asked[1]["locked"] == {first: 12}
    assert (asked[1]["speed_up"], asked[1]["repair"]) == (1.5, "none")
    assert plan["target"]["speed_up"] == 1.5
    assert plan["groups"][0]["kept"] == 12


def test_a_search_that_finds_nothing_says_so(
    run: Commands, small: Path, asked: list[dict[str, Any]]
) -> None:
    answer = run.ok("optimize", small, *CHANNELS, "--speed-up", 3).out
    plan = run.json("optimize", small, *CHANNELS, "--speed-up", 3)

    assert "search: nothing was cut" in answer
    assert "target" not in answer
    assert (plan["met"], plan["groups"][0]["kept"]) == (False, 16)


def test_the_lines_tell_of_the_front_and_of_what_cannot_go(
    run: Commands, small: Path, asked: list[dict[str, Any]]
) -> None:
    out = run.ok("optimize", small, *CHANNELS).out

    assert "channels: 75.0% of the units go, in 1 of 1 groups, by obs; repair auto" in out
    assert "> 1.90× [1.80×, 2.00×], error 0.02" in out
    assert f"cannot go: {REASON}" in out
    assert run.ok("show", "small", "optimization").out.count("hidden unit") == 1


def test_a_width_other_than_asked_is_said(
    run: Commands, small: Path, asked: list[dict[str, Any]]
) -> None:
    assert "note: " in run.ok("optimize", small, *CHANNELS, "--sparsity", 0.99).out
    first = run.json("inspect", small)["layers"][0]["id"]
    words = ("--sparsity", 0.5, "--layer", f"{first}=1")
    plan = run.json("optimize", small, *CHANNELS, *words)

    assert plan["groups"][0]["kept"] == 4
    assert "4 of 16 units stay" in plan["notes"][0]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((*CHANNELS, "--sparsity", 0.5, "--speed-up", 2), "two targets"),
        ((*CHANNELS, "--max-loss", 0.1, "--speed-up", 2), "two targets"),
        ((*CHANNELS, "--sparsity", 1), "between 0 and 1"),
        ((*CHANNELS, "--spread", "global"), "ranks single weights"),
        ((*CHANNELS, "--sparsity", 0.5, "--batch", 2), "of a search"),
        ((*CHANNELS, "--sparsity", 0.5, "--lock", "nobody"), "no group of channels nobody"),
        (("--structure", "2:4"), "not built yet"),
        (("--speed-up", 2), "multiplies zeros"),
        (("--max-loss", 0.1), "for channels only"),
        (("--select", "l2"), "for channels only"),
        (("--repair", "none"), "for channels only"),
        (("--compression", 2), "not built yet"),
    ],
)
def test_what_makes_no_sense_is_refused(
    run: Commands, small: Path, asked: list[dict[str, Any]], words: tuple[object, ...], says: str
) -> None:
    answer = run("optimize", small, *words)

    assert answer.code == 2
    assert says in answer.err
    assert not any("batch" in one for one in asked)


def test_a_locked_group_is_refused_with_its_reason(
    run: Commands, small: Path, asked: list[dict[str, Any]]
) -> None:
    last = run.json("inspect", small)["layers"][1]["id"]

    answer = run("optimize", small, *CHANNELS, "--sparsity", 0.5, "--layer", f"{last}=0.5")

    assert (answer.code, REASON in answer.err) == (2, True)


def test_a_model_with_nothing_to_cut_is_told_what_is_possible(
    run: Commands, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def channels(self: Measure, project_id: str, **_: Any) -> ChannelAnalysis:
        locked = (LockedChannels(layers=(), reason=REASON),)
        return channel_examples.analysis(ChannelMap(locked=locked))

    monkeypatch.setattr(Measure, "channels", channels)

    answer = run("optimize", small, *CHANNELS, "--sparsity", 0.5)

    assert answer.code == 1
    assert REASON in answer.err
    assert "int8" in answer.err


def test_recipe_and_code_of_a_plan_of_channels_are_written(
    run: Commands, small: Path, tmp_path: Path, asked: list[dict[str, Any]]
) -> None:
    run.ok("optimize", small, *CHANNELS)

    run.ok("export", "small", "-o", tmp_path)

    assert (tmp_path / "recipe.yml").exists()
    assert "def narrow(" in (tmp_path / "train_with_recipe.py").read_text()


def test_data_that_is_given_is_what_the_repair_is_fitted_on_labelled_or_not(
    run: Commands, small: Path, tmp_path: Path, asked: list[dict[str, Any]]
) -> None:
    samples = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    np.savez(tmp_path / "d.npz", x=samples, labels=np.arange(20) % 3)

    run.json("optimize", small, *CHANNELS, "--data", tmp_path / "d.npz")

    assert [one["role"] for one in run.json("data", "list", small)["data"]] == ["calibration"]
    assert asked
