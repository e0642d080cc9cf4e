from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sparsify_tui.analyses.channels import loss
from sparsify_tui.analyses.opened import Opened
from sparsify_tui.core.channels.groups import ChannelMap, GroupId, LockedChannels
from sparsify_tui.core.distances import distance_of
from sparsify_tui.core.loss_profile import LossRequest
from sparsify_tui.core.model import LayerId
from sparsify_tui.errors import ModelError
from tests.analyses.losses import Measured, measured, samples, timeless
from tests.analyses.models import saved, small_cnn
from tests.core.channel_losses import LEVELS, group

REQUEST = LossRequest(structure="channel", levels=LEVELS, schemes=())
BASE = [np.random.default_rng(0).normal(size=(16, 4)).astype(np.float32)]
FIRST, SECOND = group("c1", "y", size=64), group("c2", size=32)
"""`c1` and `y` go together; `c2` goes alone, in one step."""


@dataclass(kw_only=True)
class FakeChannels:
    """Groups that lose in proportion to what goes, the first ten times as much."""

    map: ChannelMap = field(default_factory=lambda: ChannelMap(groups=(FIRST, SECOND)))
    cuts: list[tuple[str, int]] = field(default_factory=list)
    refuse: Collection[str] = ()
    repaired: bool = True
    scale: float = 1.0
    opened: Opened | None = None
    calibration: Any = field(
        default_factory=lambda: SimpleNamespace(
            source="d.npz", fitted=48, held_out_count=16, is_made_up=False
        )
    )

    def orders(self, selection: str) -> dict[GroupId, tuple[int, ...]]:
        assert selection == "obs"
        return {one.id: tuple(reversed(range(one.size))) for one in self.map.groups}

    def narrowed(self, removed: Mapping[GroupId, Collection[int]], *, repair: str) -> Any:
        assert repair == "auto"
        ((name, units),) = removed.items()
        one = next(group for group in self.map.groups if group.id == name)
        assert sorted(units) == list(range(one.size - len(units), one.size))  # the least missed
        self.cuts.append((name, one.size - len(units)))
        if name in self.refuse:
            raise ModelError("The runtime refuses it.")
        off = self.scale * (0.1 if one is FIRST else 0.01) * len(units) / one.size
        terms = distance_of("mse").terms(BASE, [BASE[0] + np.float32(off)], 16)
        return SimpleNamespace(terms=terms, repaired=self.repaired, words="not surely better")


@pytest.fixture
def channels(monkeypatch: pytest.MonkeyPatch) -> FakeChannels:
    fake = FakeChannels()

    def found(opened: Opened) -> FakeChannels:
        fake.opened = opened
        return fake

    monkeypatch.setattr(loss, "channel_model", found)
    return fake


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return saved(small_cnn(), tmp_path / "m.onnx")


def profiled(path: Path, request: LossRequest = REQUEST, **more: Any) -> Measured:
    return measured(path, request, **more)


def test_each_width_of_a_group_is_cut_once_the_middle_one_first(
    path: Path, channels: FakeChannels
) -> None:
    profiled(path, shares={"c2": 0.9, "c1": 0.1})

    assert channels.cuts == [("c2", 16), ("c1", 32), ("c1", 48), ("c1", 16)]


def test_groups_go_by_flops_where_no_time_is_known(path: Path, channels: FakeChannels) -> None:
    channels.map = ChannelMap(groups=(group("y"), group("c2", consumers=())))

    profiled(path)

    assert [name for name, _ in channels.cuts] == ["c2", "y", "c2", "c2", "y", "y"]


def test_every_layer_of_a_group_has_its_values(path: Path, channels: FakeChannels) -> None:
    profile = profiled(path).profile

    first, second, third = profile.layers
    assert (first.id, second.id, third.id) == ("c1", "c2", "y")
    assert first.pruning == third.pruning == profile.groups[0].pruning
    assert second.pruning == profile.groups[1].pruning
    assert {row.status for row in profile.layers} == {"measured"}
    assert [one.kept for one in profile.groups] == [(48, 32, 16), (16, 16, 16)]
    values = first.pruning.values
    assert None not in values
    assert values == tuple(sorted(values))
    assert set(first.pruning.samples) == {16}
    assert all(low < value < high for low, value, high in zip(
        first.pruning.lows, values, first.pruning.highs, strict=True
    ))  # fmt: skip


def test_the_head_says_how_it_was_measured(path: Path, channels: FakeChannels) -> None:
    profile = profiled(path).profile

    assert (profile.method, profile.metric, profile.structure) == ("one-shot", "mse", "channel")
    assert (profile.source, profile.samples, profile.schemes) == ("d.npz", 16, ())
    assert (profile.id, profile.name, profile.created) == ("p1", "all", "today")
    assert profile.is_complete
    assert profile.is_ranking
    assert profile.request == REQUEST


def test_the_data_that_was_asked_for_is_what_is_fitted_and_judged_on(
    path: Path, channels: FakeChannels
) -> None:
    data, other = (samples(path.with_name(name), x=(3, 16, 16)) for name in ("d.npz", "c.npz"))

    profiled(path, data=data, calibration=other)

    assert channels.opened is not None
    assert channels.opened.options.data == data
    assert channels.opened.options.calibration is None


def test_the_table_gets_better_stage_by_stage(
    path: Path, channels: FakeChannels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss, "_PARTIAL_S", 0)

    found = profiled(path)

    assert found.partials[0].layers[0].reason == "not reached yet"
    assert not found.partials[0].is_ranking
    anchored = next(one for one in found.partials if one.stage == "anchors")
    first, second = (one.pruning for one in anchored.groups)
    assert (first.samples, second.samples) == ((0, 16, 0), (16, 16, 16))
    assert None not in first.values
    assert [row.status for row in anchored.layers] == ["estimated", "measured", "estimated"]
    assert first.values[1] == found.profile.groups[0].pruning.values[1]
    assert found.partials[-1].stage == "levels"


def test_anchors_only_stops_at_one_width_of_each_group(path: Path, channels: FakeChannels) -> None:
    profile = profiled(path, replace(REQUEST, anchors_only=True)).profile

    assert sorted(channels.cuts) == [("c1", 32), ("c2", 16)]
    assert profile.is_complete
    assert profile.layers[0].status == "estimated"


def test_progress_names_group_and_width_and_the_time_left(
    path: Path, channels: FakeChannels
) -> None:
    found = [one for one in profiled(path).progress if one.total > 1]

    assert [one.done for one in found] == [0, 1, 2, 3]
    assert {one.total for one in found} == {4}
    assert found[0].item.startswith("anchors c")
    assert found[2].item == "levels c1, 48 of 64 stay"
    assert found[0].left_s is None
    assert all(one.left_s is not None for one in found[1:])


def test_what_is_in_the_log_is_not_cut_again(path: Path, channels: FakeChannels) -> None:
    whole = profiled(path)
    log = path.with_suffix(".jsonl")
    kept = log.read_text().splitlines()[:3]
    log.write_text("\n".join(kept) + "\n")
    channels.cuts.clear()

    again = profiled(path)

    assert channels.cuts == [("c1", 48), ("c1", 16)]
    assert timeless(again.profile) == timeless(whole.profile)
    assert again.profile.cpu_s >= whole.lines[0]["cpu_s"]


def test_a_killed_job_keeps_the_groups_that_are_over(path: Path, channels: FakeChannels) -> None:
    class Killed(BaseException):
        pass

    cut = channels.narrowed

    def dying(removed: Any, *, repair: str) -> Any:
        if len(channels.cuts) == 2:
            raise Killed
        return cut(removed, repair=repair)

    channels.narrowed = dying
    with pytest.raises(Killed):
        profiled(path)

    channels.narrowed = cut
    profiled(path)
    assert len(channels.cuts) == len(set(channels.cuts)) == 4


def test_a_group_that_cannot_be_cut_costs_only_its_own_values(
    path: Path, channels: FakeChannels
) -> None:
    channels.refuse = ("c2",)

    rows = {row.id: row for row in profiled(path).profile.layers}

    assert rows["c2"].status == "not measured"
    assert rows["c2"].reason == "16 kept: The runtime refuses it"
    assert set(rows["c2"].pruning.values) == {None}
    assert rows["c1"].status == "measured"


def test_a_repair_that_did_not_help_is_told(path: Path, channels: FakeChannels) -> None:
    channels.repaired = False

    row = profiled(path).profile.layers[0]

    assert row.note == "48, 32, 16 kept: not surely better"


def test_a_group_without_effect_is_said_to_have_none(path: Path, channels: FakeChannels) -> None:
    channels.scale = 0.0

    row = profiled(path).profile.layers[0]

    assert set(row.pruning.values) == {0.0}
    assert "no effect" in row.note


def test_a_locked_layer_is_never_0_and_says_why(path: Path, channels: FakeChannels) -> None:
    locked = LockedChannels(layers=(LayerId("y"),), reason="y is an output of the model")
    channels.map = ChannelMap(groups=(group("c1"), group("c2", size=1)), locked=(locked,))

    rows = {row.id: row for row in profiled(path).profile.layers}

    assert rows["y"].status == "not measured"
    assert rows["y"].reason == "y is an output of the model"
    assert rows["y"].pruning.values == ()
    assert rows["c2"].reason == "no smaller number of its channels runs well"


def test_a_model_of_which_nothing_can_go_is_refused_with_the_reasons(
    path: Path, channels: FakeChannels
) -> None:
    locked = LockedChannels(layers=(LayerId("y"),), reason="y is an output of the model")
    channels.map = ChannelMap(locked=(locked,))

    with pytest.raises(ModelError, match="y is an output of the model") as caught:
        profiled(path)
    assert caught.value.hint


def test_a_real_model_loses_more_the_narrower_a_group_is_and_never_nothing(path: Path) -> None:
    levels = (0.25, 0.5, 0.75)
    model = saved(small_cnn(32), path.with_name("wide.onnx"))

    profile = profiled(model, replace(REQUEST, levels=levels)).profile

    rows = {row.id: row for row in profile.layers}
    assert [one.group.id for one in profile.groups] == ["c1", "c2"]
    assert rows["y"].status == "not measured"
    for name in ("c1", "c2"):
        values = rows[name].pruning.values
        assert rows[name].status == "measured"
        assert 0 < values[0] <= values[-1]
