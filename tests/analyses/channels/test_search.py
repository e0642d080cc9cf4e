from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import onnx
import pytest

from sparsify_tui.analyses.channels import front, search
from sparsify_tui.analyses.channels.search import search_channels
from sparsify_tui.analyses.clock import Laps
from sparsify_tui.analyses.opened import Opened
from sparsify_tui.core.channels.front import ChannelSearch
from sparsify_tui.core.channels.groups import ChannelGroup, ChannelMap, GroupId
from sparsify_tui.core.channels.lanes import ChannelLanes
from sparsify_tui.core.protocols import Progress
from tests.analyses.fakes import options, watched
from tests.analyses.models import saved, small_cnn

A, B, C = GroupId("a"), GroupId("b"), GroupId("c")
SIZE = 64


def map_of(*names: GroupId, step: int = 16) -> ChannelMap:
    return ChannelMap(
        groups=tuple(
            ChannelGroup(id=name, kind="channel", size=SIZE, step=step, producers=(), consumers=())
            for name in names
        )
    )


MAP = map_of(A, B)


class Times:
    """A width model in which each group carries some of the 8 ms."""

    full_ms = 8.0

    def __init__(self, shares_ms: Mapping[GroupId, float]) -> None:
        self._shares_ms = shares_ms

    def predict(self, kept: Mapping[GroupId, int]) -> float:
        saved_ms = (ms * (1 - kept.get(one, SIZE) / SIZE) for one, ms in self._shares_ms.items())
        return self.full_ms - sum(saved_ms)


TIMES = Times({A: 6.0, B: 2.0})


@dataclass
class FakeChannels:
    """Loses by the square of what goes; remembers what was cut."""

    opened: Opened
    map: ChannelMap
    cuts: list[tuple[dict[GroupId, tuple[int, ...]], str]]
    quick: list[bool]
    losses: Mapping[GroupId, float]

    calibration = SimpleNamespace(
        source="some samples", is_made_up=False, fitted=40, held_out_count=20
    )

    def orders(self, selection: str) -> dict[GroupId, tuple[int, ...]]:
        assert selection == "obs"
        return {group.id: tuple(reversed(range(SIZE))) for group in self.map.groups}

    def narrowed(
        self, removed: Mapping[GroupId, Collection[int]], *, repair: str, only_next: bool = False
    ) -> Any:
        self.quick.append(only_next)
        self.cuts.append(({name: tuple(gone) for name, gone in removed.items()}, repair))
        gone = {name: len(units) / SIZE for name, units in removed.items()}
        error = sum(self.losses[one] * share**2 for one, share in gone.items())
        proto = onnx.ModelProto()
        proto.CopyFrom(onnx.load(self.opened.options.path))
        proto.doc_string = " ".join(f"{one} {len(units)}" for one, units in removed.items())
        return SimpleNamespace(proto=proto, error=error, agreement=1 - error, repaired=True)


class Bench:
    """What the search is handed, and what it did with it."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path
        self.cuts: list[tuple[dict[GroupId, tuple[int, ...]], str]] = []
        self.quick: list[bool] = []
        self.races: list[int] = []
        self.map = MAP
        self.losses = {A: 0.1, B: 1.0}
        self.lanes = SimpleNamespace(model=TIMES, refused="")
        self.factors = [1.0]
        """Measured over predicted gain, race by race; the last one stays."""
        monkeypatch.setattr(
            search,
            "channel_model",
            lambda opened, *_, **__: FakeChannels(
                opened, self.map, self.cuts, self.quick, self.losses
            ),
        )
        monkeypatch.setattr(search, "measured_step", lambda *_: 16)
        monkeypatch.setattr(search, "measure_lanes", self._lanes)
        monkeypatch.setattr(front, "race", self._race)

    def search(self, **asked: Any) -> ChannelSearch:
        return self.watch(**asked)[1]

    def watch(self, **asked: Any) -> tuple[list[Progress], ChannelSearch]:
        request: dict[str, Any] = {
            "options": options(self.path, threads=2),
            "profile": None,
            "selection": "obs",
            "repair": "auto",
            "speed_up": None,
            "max_loss": None,
            "locked": [],
            "seconds": 60.0,
        }
        return watched(search_channels(**(request | asked)))

    def _lanes(self, *_: object) -> Iterator[Progress]:
        yield Progress(done=0, total=1, item="lanes", left_s=1.0)
        return self.lanes  # type: ignore[return-value]

    def _race(
        self, _opened: Opened, files: Mapping[str, Path], _seconds: float, _item: str
    ) -> Iterator[Progress]:
        self.races.append(len(files))
        yield Progress(done=0, total=1, item="race", left_s=1.0)
        return {  # type: ignore[return-value]
            name: Laps(samples_ms=tuple(self._ms(file) + at * 1e-6 for at in range(20)))
            for name, file in files.items()
        }

    def _ms(self, file: Path) -> float:
        words = onnx.load(file).doc_string.split()
        kept = {GroupId(one): SIZE - int(gone) for one, gone in pairwise(words) if gone.isdigit()}
        factor = self.factors[min(len(self.races), len(self.factors)) - 1]
        return 8.0 - factor * (8.0 - self.lanes.model.predict(kept))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(saved(small_cnn(), tmp_path / "m.onnx"), monkeypatch)


def test_with_a_speed_up_the_least_lossy_point_that_has_it_is_chosen(bench):
    found = bench.search(speed_up=1.5).front
    fast = [one for one in found.points if one.ratio and one.ratio.value >= 1.5]
    assert found.point in fast
    assert found.point.error == min(one.error for one in fast)
    assert dict(found.point.kept) == {A: 32}  # the cheap group alone is enough
    assert found.cause


def test_with_a_largest_loss_the_fastest_point_within_it_is_chosen(bench):
    found = bench.search(max_loss=0.06).front
    good = [one for one in found.points if one.error <= 0.06]
    assert found.point in good
    assert found.point.ratio.value == max(one.ratio.value for one in good)
    assert dict(found.point.kept) == {A: 16}


def test_points_are_built_where_the_limit_lies_though_none_was_spread_there(bench):
    for limit in (0.007, 0.03, 0.06, 0.12, 0.32, 0.6):
        found = bench.search(max_loss=limit).front
        best = min(
            TIMES.predict({A: a, B: b})
            for a in (64, 48, 32, 16)
            for b in (64, 48, 32, 16)
            if 0.1 * (1 - a / SIZE) ** 2 + (1 - b / SIZE) ** 2 <= limit
        )
        assert found.point.predicted_ms == best


@pytest.mark.parametrize("factor", [0.8, 0.9, 1.1])
def test_where_predictions_are_off_points_are_added_by_what_was_measured(bench, factor):
    bench.factors = [factor]
    found = bench.search(speed_up=1.8).front

    def speed(kept: Mapping[GroupId, int]) -> float:
        return 8.0 / (8.0 - factor * (8.0 - TIMES.predict(kept)))

    errors = [
        0.1 * (1 - a / SIZE) ** 2 + (1 - b / SIZE) ** 2
        for a in (64, 48, 32, 16)
        for b in (64, 48, 32, 16)
        if speed({A: a, B: b}) >= 1.8
    ]
    assert found.point.error == pytest.approx(min(errors))


def test_a_gap_that_predictions_leave_is_closed_where_they_were_found_to_be_off(bench):
    bench.factors = [0.75]
    found = bench.search(speed_up=1.8).front
    assert dict(found.point.kept) == {A: 16, B: 48}  # predicted at 2.67, measured at 1.88
    assert found.point.name == "searched"


def test_the_best_within_a_limit_need_not_be_the_best_at_any_price(bench):
    bench.map = map_of(A, B, C, step=32)
    bench.losses = {A: 0.2, B: 0.12, C: 0.08}
    bench.lanes.model = Times({A: 4.0, B: 3.0, C: 1.2})
    found = bench.search(max_loss=0.055).front
    assert dict(found.point.kept) == {B: 32, C: 32}


def test_a_ratio_is_that_of_both_passes_and_as_unsure_as_they_differ(bench):
    bench.factors = [1.0, 0.5]
    half = next(one for one in bench.search().front.points if one.name == "uniform 50%")
    first, second = 8.0 / 4.0, 8.0 / 6.0
    assert half.ratio.value == pytest.approx((first + second) / 2, rel=1e-3)
    assert half.ratio.low == pytest.approx(second, rel=1e-3)
    assert half.ratio.high == pytest.approx(first, rel=1e-3)


def test_every_point_is_timed_in_two_passes_with_the_original(bench):
    found = bench.search().front
    assert bench.races == [len(found.points) + 1] * 2
    assert all(one.ratio is not None for one in found.points)
    speeds = [one.ratio.value for one in found.points]
    assert speeds == sorted(speeds)


def test_uniform_widths_are_measured_beside_the_searched_ones(bench):
    named = {one.name: dict(one.kept) for one in bench.search().front.points}
    assert named["uniform 75%"] == {A: 48, B: 48}
    assert named["uniform 50%"] == {A: 32, B: 32}


def test_units_go_in_the_order_in_which_they_are_missed(bench):
    bench.search(repair="none")
    assert {repair for _, repair in bench.cuts} == {"none"}
    gone = [units for cut, _ in bench.cuts for units in cut.values()]
    assert all(units == tuple(reversed(range(SIZE)))[: len(units)] for units in gone)


def test_a_locked_group_keeps_its_width_everywhere(bench):
    found = bench.search(locked=[["a", 48]]).front
    assert {dict(one.kept)[A] for one in found.points} == {48}
    alone = [cut for cut, _ in bench.cuts if len(cut) == 1 and B in cut]
    assert alone
    assert not [cut for cut, _ in bench.cuts if set(cut) == {A} and len(cut[A]) != 16]


def test_lanes_of_a_profile_are_not_measured_again(bench, monkeypatch):
    profile = SimpleNamespace(channels=bench.lanes)
    monkeypatch.setattr(search, "measure_lanes", None)
    read = search.value_from
    monkeypatch.setattr(search, "value_from", lambda one, kind: read(one, kind) if one else profile)
    assert bench.search(profile={}).front.point is not None


def test_a_model_without_channels_to_remove_gives_the_reason(bench):
    bench.lanes = ChannelLanes(refused="No channels can be removed: all are outputs.")
    found = bench.search().front
    assert (found.points, found.chosen) == ((), None)
    assert "outputs" in found.cause


def test_what_the_figures_rest_on_is_kept(bench):
    found = bench.search()
    assert (found.front.fitted_on, found.front.held_out) == (40, 20)
    assert found.analysis.calibration == "some samples"
    assert found.front.full_ms == 8.0
    assert found.analysis.map is MAP
    assert found.analysis.order(A)[0] == SIZE - 1


def test_the_time_left_is_told_from_the_start(bench):
    seen, _ = bench.watch()
    assert all(one.left_s is not None for one in seen)


def test_with_hardly_any_time_a_few_points_are_built_and_measured(bench):
    found = bench.search(seconds=0.0).front
    assert len(found.points) == 3
    assert all(one.ratio is not None for one in found.points)


def test_the_same_widths_are_built_once_however_they_were_found(bench):
    bench.search(locked=[["a", 32]])
    built = [tuple(sorted(cut.items())) for cut, _ in bench.cuts if len(cut) == 2]
    assert len(set(built)) == len(built)
    points = bench.search(locked=[["a", 32]]).front.points
    assert len({one.kept for one in points}) == len(points)


def test_groups_are_judged_by_a_quick_repair_and_points_by_a_whole_one(bench):
    points = bench.search().front.points
    assert sum(bench.quick) == len(bench.cuts) - len(points)
    assert not any(bench.quick[-len(points) :])
