from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from sparsify_tui.analyses import gate
from sparsify_tui.analyses.clock import Laps
from sparsify_tui.analyses.gate import PASSES, Gate, pass_gate, pooled
from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.timing import Ratio
from tests.analyses.fakes import watched
from tests.analyses.models import saved, two_layers

SAMPLES = 40


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    return open_model(RunOptions(path=str(saved(two_layers(), tmp_path / "m.onnx")), threads=2))


def laps(ms: float, noise: float = 0.001) -> Laps:
    return Laps(samples_ms=tuple(ms * (1 + noise * (at % 5 - 2)) for at in range(SAMPLES)))


def runs(
    monkeypatch: pytest.MonkeyPatch, opened: Opened, *passes: Mapping[str, float]
) -> tuple[Gate, list[str]]:
    """What the gate finds when its passes measure these milliseconds."""
    left = iter(passes)
    monkeypatch.setattr(gate, "APART_S", 0.02)

    def race(_opened: Opened, files: Mapping[str, Path], _seconds: float, item: str):
        times = next(left)
        yield from ()
        assert set(files) == set(times)
        return {name: laps(times[name]) for name in files}

    monkeypatch.setattr(gate, "race", race)
    original = Path("original.onnx")
    fastest = Path("float.onnx") if "float" in passes[0] else original
    seen, found = watched(pass_gate(opened, original, fastest, Path("chosen.onnx"), 0.1))
    return found, [one.item for one in seen]


def test_three_passes_that_are_all_faster_pass(monkeypatch, opened):
    found, said = runs(monkeypatch, opened, *[{"original": 2.0, "chosen": 1.0}] * PASSES)
    assert found.is_passed
    assert found.ratio.value == pytest.approx(2.0, rel=0.01)
    assert sum("waiting" in one for one in said) >= PASSES - 1


def test_the_fastest_float_form_counts_and_not_only_the_original(monkeypatch, opened):
    times = {"original": 2.0, "float": 1.0, "chosen": 0.9}
    found, _ = runs(monkeypatch, opened, *[times] * PASSES)
    assert found.is_passed
    assert found.ratio.value == pytest.approx(1 / 0.9, rel=0.01)
    assert found.speed_up.value == pytest.approx(2 / 0.9, rel=0.01)


def test_one_slower_pass_ends_it(monkeypatch, opened):
    faster, slower = {"original": 2.0, "chosen": 1.0}, {"original": 1.0, "chosen": 1.1}
    found, _ = runs(monkeypatch, opened, faster, slower, faster)
    assert not found.is_passed
    assert len(found.passes) == 2


def test_a_gain_too_small_to_be_worth_it_does_not_pass(monkeypatch, opened):
    found, _ = runs(monkeypatch, opened, *[{"original": 1.01, "chosen": 1.0}] * PASSES)
    assert len(found.passes) == PASSES
    assert not found.is_passed


def test_passes_together_keep_the_widest_interval():
    parts = (Ratio(value=1.2, low=1.1, high=1.3), Ratio(value=1.4, low=1.0, high=1.5))
    assert pooled((*parts, parts[0])) == Ratio(value=1.2, low=1.0, high=1.5)
