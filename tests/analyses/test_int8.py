from __future__ import annotations

from pathlib import Path

import pytest

from sparsify_tui.analyses import int8 as lanes
from sparsify_tui.analyses import kernels
from sparsify_tui.analyses.int8 import Int8Result, measure_int8
from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.core.options import RunOptions
from tests.analyses.fakes import watched
from tests.analyses.models import nothing_to_prune, saved, small_cnn


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "_PROFILED_S", 0.05)
    monkeypatch.setattr("sparsify_tui.analyses.race._WARM_UP_S", 0.01)


def opened(tmp_path: Path, proto) -> Opened:
    return open_model(RunOptions(path=str(saved(proto, tmp_path / "m.onnx")), threads=1))


def measured(subject: Opened, tmp_path: Path) -> Int8Result:
    folder = tmp_path / "forms"
    folder.mkdir()
    return watched(measure_int8(subject, folder, 0.1))[1]


def test_the_lane_has_a_time_for_every_layer_and_for_a_few_mixes(tmp_path: Path):
    subject = opened(tmp_path, small_cnn())
    result = measured(subject, tmp_path)
    lane = result.lane
    assert not lane.refused
    assert set(lane.layers) == {layer.id for layer in subject.model.prunable}
    assert all(result.rows[layer].ms is not None for layer in lane.layers)
    assert all(result.rows[layer].kernel for layer in lane.layers)
    assert lane.total is not None
    assert lane.total.median_ms > 0
    assert lane.mixes[0].layers == lane.layers
    assert len({mix.layers for mix in lane.mixes}) == len(lane.mixes) >= 3
    assert all(mix.low_ms <= mix.measured_ms <= mix.high_ms for mix in lane.mixes)
    assert "made" in lane.calibration or "random" in lane.calibration


def test_the_fit_predicts_what_it_was_fitted_on_no_worse_than_without(tmp_path: Path):
    result = measured(opened(tmp_path, small_cnn()), tmp_path)
    model = result.model
    assert model is not None
    plain = lanes.MixModel(
        float_ms=model.float_ms, gains_ms=model.gains_ms, edges=model.edges, scale=model.scale
    )
    weights = [3.0 if len(mix.layers) == len(model.gains_ms) else 1.0 for mix in result.lane.mixes]

    def misfit(one: lanes.MixModel) -> float:
        return sum(
            weight * (one.predict(mix.layers) - mix.measured_ms) ** 2
            for weight, mix in zip(weights, result.lane.mixes, strict=True)
        )

    assert misfit(model) <= misfit(plain) + 1e-12


def test_a_model_with_nothing_to_quantise_gives_a_lane_that_says_why(tmp_path: Path):
    result = measured(opened(tmp_path, nothing_to_prune()), tmp_path)
    assert "No layer can be int8" in result.lane.refused
    assert result.rows == {}


def test_no_integer_kernel_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lanes, "INTEGER_KERNELS", frozenset())
    assert "no integer kernel" in measured(opened(tmp_path, small_cnn()), tmp_path).lane.refused


def test_little_memory_means_fewer_mixes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    subject = opened(tmp_path, small_cnn())
    monkeypatch.setattr(lanes, "available_memory", lambda: 4 * 3 * subject.model.bytes)
    assert len(measured(subject, tmp_path).lane.mixes) == 2
