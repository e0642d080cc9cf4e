from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sparsify_tui.analyses import chunks
from sparsify_tui.analyses.loss_warnings import data_warnings
from tests.analyses.losses import evaluator, samples
from tests.analyses.models import saved, two_layers
from tests.analyses.test_evaluate import counts_hits


@pytest.fixture(params=[1, 1e9], ids=["one by one", "together"], autouse=True)
def a_run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said is the same however many samples are run together."""
    monkeypatch.setattr(chunks, "_FLOPS_A_RUN", request.param)


def test_channels_that_never_change_on_any_sample_are_told(tmp_path: Path) -> None:
    path = saved(two_layers(), tmp_path / "m.onnx")
    shown = np.load(samples(tmp_path / "d.npz"))["x"]
    near = shown[:1] + shown * 1e-9  # what is off, stays off
    near[0] = shown[0]
    np.savez(tmp_path / "near.npz", x=near)

    assert not [one for one in warned(path, str(tmp_path / "d.npz")) if "channels" in one]
    (told,) = [one for one in warned(path, str(tmp_path / "near.npz")) if "channels" in one]
    assert "never change on the 6 samples looked at, most in b" in told


def test_outputs_whose_size_depends_on_the_sample_are_left_out(tmp_path: Path) -> None:
    path = saved(counts_hits(), tmp_path / "m.onnx")

    assert not [one for one in warned(path, samples(tmp_path / "d.npz")) if "hits" in one]


def warned(path: Path, data: str) -> tuple[str, ...]:
    return data_warnings(evaluator(path, data=data))
