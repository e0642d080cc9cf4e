from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sparsify_tui.analyses.channels.calibration import Calibration, calibration_of
from sparsify_tui.analyses.opened import open_model
from sparsify_tui.core.options import RunOptions
from tests.analyses.models import saved, two_layers


def calibration(folder: Path, count: int, most: int = 10**6) -> Calibration:
    random = np.random.default_rng(0)
    np.savez(folder / "d.npz", x=random.standard_normal((count, 4)).astype(np.float32))
    path = saved(two_layers(), folder / "m.onnx")
    return calibration_of(open_model(RunOptions(path=str(path), data=str(folder / "d.npz"))), most)


@pytest.mark.parametrize("count", [9, 44, 64, 200, 400])
def test_the_samples_that_are_told_are_those_that_are_used(count: int, tmp_path: Path) -> None:
    found = calibration(tmp_path, count)

    fit, held_out = found.fit["x"], found.held_out["x"]
    assert (len(fit), len(held_out)) == (found.fitted, found.held_out_count)
    assert len(np.unique(np.concatenate([fit, held_out]), axis=0)) == len(fit) + len(held_out)


def test_a_quarter_is_held_out_and_there_is_an_end_to_what_is_used(tmp_path: Path) -> None:
    small, large = calibration(tmp_path, 64), calibration(tmp_path, 400)

    assert (small.fitted, small.held_out_count) == (48, 16)
    assert (large.fitted, large.held_out_count) == (128, 48)


def test_memory_may_allow_fewer(tmp_path: Path) -> None:
    found = calibration(tmp_path, 400, most=20)

    assert found.fitted + found.held_out_count <= 20
