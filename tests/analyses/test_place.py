from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnx
import pytest

from sparsify_tui.analyses import gate, kernels, place
from sparsify_tui.analyses.clock import Laps
from sparsify_tui.analyses.opened import Opened
from sparsify_tui.analyses.place import place_int8
from sparsify_tui.core.placement import Placement
from tests.analyses.fakes import options, watched
from tests.analyses.models import nothing_to_prune, saved, small_cnn

ROWS = np.random.default_rng(0).standard_normal((40, 3, 16, 16)).astype(np.float32)
Times = Callable[[int], float]
"""From the number of int8 weights in a file to milliseconds."""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kernels, "_PROFILED_S", 0.02)
    monkeypatch.setattr(gate, "APART_S", 0.01)
    monkeypatch.setattr("sparsify_tui.analyses.race._WARM_UP_S", 0.01)
    return saved(small_cnn(), tmp_path / "m.onnx")


def int8_weights(file: Path) -> int:
    kinds = [one for one in onnx.load(file).graph.initializer if len(one.dims) > 1]
    return sum(one.data_type == onnx.TensorProto.INT8 for one in kinds)


def placed(path: Path, monkeypatch: pytest.MonkeyPatch, times: Times, **more: object) -> Placement:
    """What is found on a machine where forms take these times."""

    def race(_opened: Opened, files: Mapping[str, Path], _seconds: float, _item: str):
        yield from ()
        return {
            name: Laps(samples_ms=tuple(times(int8_weights(file)) + at * 1e-4 for at in range(30)))
            for name, file in files.items()
        }

    monkeypatch.setattr(place, "race", race)
    monkeypatch.setattr(gate, "race", race)
    request = options(path, threads=2, **more)
    return watched(place_int8(options=request, profile=None, seconds=0.05))[1]


def test_the_mix_that_is_fastest_and_passes_the_gate_is_chosen(path, monkeypatch):
    found = placed(path, monkeypatch, lambda count: 3.0 - 0.5 * count)
    assert len(found.changes.int8) == 3
    assert found.cause == ""
    assert found.ratio is not None
    assert found.ratio.value == pytest.approx(2.0, rel=0.01)
    assert len(found.passes) == 3
    assert found.raced[0].ratio.value > 1
    assert any("BatchNorm" in repair for repair in found.repairs)


def test_where_int8_is_slower_the_original_stays_and_the_cause_is_said(path, monkeypatch):
    found = placed(path, monkeypatch, lambda count: 1.0 + 0.5 * count)
    assert found.changes.int8 == ()
    assert not found.changes.respelled
    assert "int8 was not faster" in found.cause
    assert found.passes == ()
    assert (found.ratio, found.speed_up, found.metric) == (None, None, "")


def test_what_fails_at_the_gate_is_not_chosen(path, monkeypatch):
    def race(_opened, files, _seconds, _item):
        yield from ()
        return {
            name: Laps(samples_ms=(1.0 + (int8_weights(file) == 0),) * 30)
            for name, file in files.items()
        }

    def worse(_opened, files, _seconds, _item):
        yield from ()
        return {name: Laps(samples_ms=(1.0 + (name == "chosen"),) * 30) for name in files}

    monkeypatch.setattr(place, "race", race)
    monkeypatch.setattr(gate, "race", worse)
    request = options(path, threads=2)
    found = watched(place_int8(options=request, profile=None, seconds=0.05))[1]
    assert found.changes.int8 == ()
    assert "at the gate" in found.cause


def test_what_ruins_the_outputs_is_not_chosen(path, monkeypatch, tmp_path: Path):
    data = tmp_path / "data.npz"
    np.savez(data, x=ROWS)
    monkeypatch.setattr("sparsify_tui.analyses.guard.LEAST_AGREEMENT", 1.1)
    monkeypatch.setattr("sparsify_tui.analyses.guard.SMALL_ERROR", -1.0)
    found = placed(path, monkeypatch, lambda count: 3.0 - 0.5 * count, data=str(data))
    assert found.changes.int8 == ()
    assert "changes the outputs too much" in found.cause


def test_outputs_are_guarded_only_of_the_mixes_that_come_to_the_gate(path, monkeypatch):
    checked: list[Path] = []
    check = place.Guard.check

    def counting(guard: place.Guard, form: Path):
        checked.append(form)
        return check(guard, form)

    monkeypatch.setattr(place.Guard, "check", counting)
    found = placed(path, monkeypatch, lambda count: 3.0 - 0.5 * count)
    assert sum(one.ratio.value > 1.05 for one in found.raced) > 1
    assert len(set(checked)) == 1


def test_a_race_lasts_half_a_second_for_each_form_and_no_longer_than_asked(path, monkeypatch):
    lasted: list[tuple[float, int]] = []

    def race(_opened, files, seconds, _item):
        yield from ()
        lasted.append((seconds, len(files)))
        return {name: Laps(samples_ms=(1.0,) * 30) for name in files}

    monkeypatch.setattr(place, "race", race)
    for asked in (3.0, 0.25):
        watched(place_int8(options=options(path, threads=2), profile=None, seconds=asked))
    (long, forms), (short, _) = lasted
    assert (long, short) == (0.5 * forms, 0.25)


def test_a_model_that_cannot_be_int8_stays_as_it_is(tmp_path: Path):
    path = saved(nothing_to_prune(), tmp_path / "none.onnx")
    found = watched(place_int8(options=options(path), profile=None, seconds=0.05))[1]
    assert "No layer can be int8" in found.cause
    assert not found.changes.needs_preparation
