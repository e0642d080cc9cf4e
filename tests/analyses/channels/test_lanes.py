from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparsify_tui.analyses import clock, kernels
from sparsify_tui.analyses.channels import lanes
from sparsify_tui.analyses.channels.lanes import (
    ChannelResult,
    measure_channels,
    narrowed_to,
    random_mixes,
)
from sparsify_tui.analyses.channels.model import channel_model
from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.core.channels.groups import ChannelMap, GroupId, legal_widths
from sparsify_tui.core.channels.lanes import SHARES
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.protocols import Progress
from tests.analyses.fakes import finished, watched
from tests.analyses.models import nothing_to_prune, saved, small_cnn
from tests.core.narrowed import group

Whole = tuple[list[Progress], ChannelResult]


@pytest.fixture(scope="module", autouse=True)
def hurry() -> Iterator[None]:
    """Times shortly."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "_TURN_MS", 1.0)
        patch.setattr(lanes, "MIXES", 2)
        patch.setattr(lanes, "_WARM_UP_S", 0.01)
        patch.setattr(lanes, "measured_step", lambda _engine, _threads: 16)
        patch.setattr(kernels, "_BLANK_KERNELS", 20)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, hurry: None) -> Whole:
    """What is measured of a model of two convolutions of 64 channels each."""
    folder = tmp_path_factory.mktemp("whole")
    return watched(measure_channels(opened_cnn(folder), folder, 0.05))


@pytest.fixture
def cnn(tmp_path: Path) -> Opened:
    """The same model, not measured yet."""
    return opened_cnn(tmp_path)


def opened_cnn(folder: Path) -> Opened:
    path = saved(small_cnn(64), folder / "cnn.onnx")
    return open_model(RunOptions(path=str(path), batch=2, threads=1))


def measured(opened: Opened, folder: Path) -> ChannelResult:
    return finished(measure_channels(opened, folder, 0.05))


def test_the_lanes_are_whole_models_at_three_shares_timed_in_turn_with_the_full_one(
    whole: Whole,
) -> None:
    progress, found = whole
    result = found.lanes

    assert not result.refused
    assert [one.share for one in result.totals] == list(SHARES)
    assert [dict(one.kept) for one in result.totals] == [
        {"c1": width, "c2": width} for width in (48, 32, 16)
    ]
    assert all(one.ratio.low <= one.ratio.value <= one.ratio.high for one in result.totals)
    assert result.totals[-1].ratio.value > 1
    assert (result.step, [one.id for one in result.map.groups]) == (16, ["c1", "c2"])
    items = {one.item for one in progress}
    assert {"finding channels", "narrowing the model", "profiling channels"} <= items


def test_every_layer_has_a_time_at_every_share(whole: Whole) -> None:
    layers = whole[1].layer_ms

    assert set(layers) == {"c1", "c2", "y"}
    assert all(len(times) == len(SHARES) and all(times) for times in layers.values())
    assert layers["c2"][0] > layers["c2"][2]


def test_the_time_by_width_starts_at_the_full_model_and_is_checked_on_mixes(
    whole: Whole,
) -> None:
    found = whole[1].lanes
    model = found.model

    assert model is not None
    assert model.predict({}) == model.full_ms > 0
    assert {one for kernel in model.kernels for one in kernel.groups} == {"c1", "c2"}
    assert model.predict({GroupId("c1"): 16, GroupId("c2"): 16}) < model.full_ms
    assert len(found.mixes) == 2
    for mix in found.mixes:
        assert mix.low_ms <= mix.measured_ms <= mix.high_ms
        assert mix.predicted_ms == model.predict(dict(mix.kept))


def test_a_model_with_nothing_to_cut_is_refused_with_the_reasons(tmp_path: Path) -> None:
    opened = open_model(RunOptions(path=str(saved(nothing_to_prune(), tmp_path / "m.onnx"))))

    found = measured(opened, tmp_path)

    assert found.lanes.refused == "No channels can be removed: no layer makes any."
    assert (found.lanes.model, dict(found.layer_ms)) == (None, {})


def test_another_engine_is_refused(cnn: Opened, tmp_path: Path) -> None:
    cnn.engine.name = "other"

    assert "not for other" in measured(cnn, tmp_path).lanes.refused


def test_a_model_that_the_runtime_refuses_narrowed_is_refused_with_its_reason(
    cnn: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "write_narrowed", broken)

    assert "does not load this model" in measured(cnn, tmp_path).lanes.refused


def test_little_memory_leaves_the_checks_out(
    cnn: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "available_memory", lambda: 0)

    found = measured(cnn, tmp_path).lanes

    assert (found.mixes, found.median_error) == ((), None)
    assert found.model is not None


def test_the_last_units_that_may_go_are_cut(cnn: Opened, tmp_path: Path) -> None:
    channels = channel_model(cnn, step=16)

    file = lanes.write_narrowed(channels, {GroupId("c1"): 48}, tmp_path / "n.onnx")

    found = open_model(RunOptions(path=str(file))).model.layers
    assert [layer.shape[:2] for layer in found[:2]] == [(48, 3), (64, 48)]


def test_widths_of_lanes_and_mixes_run_well_and_full_ones_are_not_named() -> None:
    groups = ChannelMap(groups=(group("a", 64), group("b", 12, fixed=(0, 3)), group("c", 7, 1)))
    mixes = random_mixes(groups, 20, random.Random(1))

    assert narrowed_to(groups, 1.0) == {}
    assert narrowed_to(groups, 0.5) == {"a": 32, "b": 8, "c": 4}
    for mix in mixes:
        for one in groups.groups:
            assert mix.get(one.id, one.size) in legal_widths(one)
            assert mix.get(one.id) != one.size
    assert len({tuple(mix.items()) for mix in mixes}) > 5


def broken(_channels: object, _kept: object, target: Path) -> Path:
    target.write_bytes(b"no model")
    return target
