from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.cli.driver import Commands


def test_a_weak_calibration_set_is_told_when_it_is_attached(
    run: Commands, small: Path, tmp_path: Path
) -> None:
    np.savez(tmp_path / "few.npz", x=np.random.default_rng(0).random((3, 4)))
    np.savez(tmp_path / "good.npz", x=np.random.default_rng(0).random((64, 4)))

    weak = run.ok("data", "add", small, tmp_path / "few.npz")
    assert "as calibration it is weak: only 3 samples" in weak.err
    assert "as calibration" not in run.ok("data", "add", small, tmp_path / "good.npz").err
