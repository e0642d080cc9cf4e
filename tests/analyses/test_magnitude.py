from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import numpy_helper

from sparsify_tui.analyses.magnitude import profile_magnitude
from sparsify_tui.errors import ModelError
from tests.analyses.fakes import options, watched
from tests.analyses.models import nothing_to_prune, saved, two_layers

LEVELS = [0.25, 0.5, 0.75]


def test_a_curve_is_the_share_of_energy_that_magnitude_pruning_removes(tmp_path: Path) -> None:
    proto = two_layers()
    path = saved(proto, tmp_path / "m.onnx")

    seen, loss = watched(profile_magnitude(options=options(path), name="all", levels=LEVELS))

    assert [progress.item for progress in seen] == ["fc1", "fc2"]
    assert (loss.method, loss.samples, loss.levels) == ("magnitude", 0, tuple(LEVELS))
    for row, tensor in zip(loss.layers, proto.graph.initializer, strict=True):
        squares = np.sort(np.square(numpy_helper.to_array(tensor).ravel(), dtype=np.float64))
        wanted = [squares[: round(s * squares.size)].sum() / squares.sum() for s in LEVELS]
        assert row.status == "estimated"
        assert row.pruning.values == pytest.approx(wanted, rel=0.02)
        assert row.pruning.samples == (0, 0, 0)
        assert row.magnitudes[-1] == pytest.approx(np.sqrt(squares[-1]), rel=0.01)


def test_a_weight_that_is_not_finite_is_not_measured(tmp_path: Path) -> None:
    proto = two_layers()
    broken = numpy_helper.to_array(proto.graph.initializer[0]).copy()
    broken[0, 0] = np.nan
    proto.graph.initializer[0].CopyFrom(numpy_helper.from_array(broken, "fc1.weight"))

    _, loss = watched(
        profile_magnitude(
            options=options(saved(proto, tmp_path / "m.onnx")), name="all", levels=LEVELS
        )
    )

    first, second = loss.layers
    assert (first.status, first.pruning.values, first.magnitudes) == ("not measured", (), ())
    assert "NaN" in first.reason
    assert second.status == "estimated"


def test_nothing_to_prune_is_an_error(tmp_path: Path) -> None:
    path = saved(nothing_to_prune(), tmp_path / "m.onnx")

    with pytest.raises(ModelError, match="no prunable layer"):
        watched(profile_magnitude(options=options(path), name="all", levels=LEVELS))
