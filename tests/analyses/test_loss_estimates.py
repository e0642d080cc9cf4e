from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sparsify_tui.analyses.evaluate import Evaluator
from sparsify_tui.analyses.loss_estimates import Estimates
from sparsify_tui.core.loss_profile import LayerLoss, Losses
from sparsify_tui.onnxio.weights import Constants
from tests.analyses.losses import evaluator
from tests.analyses.models import saved, two_layers

LEVELS = (0.25, 0.5, 0.75)


@pytest.fixture
def found(tmp_path: Path) -> Evaluator:
    return evaluator(saved(two_layers(), tmp_path / "m.onnx"))


@pytest.mark.parametrize("structure", ["unstructured", "block4"])
def test_without_measurements_a_curve_is_the_energy_removed(
    found: Evaluator, structure: str
) -> None:
    estimates = Estimates(found, LEVELS, structure)

    for layer in found.layers:
        losses = estimates.scaled(Losses(), layer.id, (1.0, 2.0, 1.0))
        energies = found.replacements(layer).energies(LEVELS, structure)
        assert losses is not None
        assert losses.values == pytest.approx(energies * [1, 2, 1], rel=1e-6)


def test_a_structure_that_does_not_fit_has_no_estimate(found: Evaluator) -> None:
    estimates, layer = Estimates(found, LEVELS, "8:16"), found.layers[0]

    assert "fewer than the 16" in estimates.problem(layer)
    assert estimates.scaled(Losses(), layer.id, (1.0,) * 3) is None
    assert estimates.between(layer.id, {0.5: 0.1}) == (None, 0.1, None)
    assert estimates.scales([]) == (1.0,) * 3


def test_the_unit_is_that_of_the_median_layer_that_is_measured(found: Evaluator) -> None:
    estimates = Estimates(found, LEVELS, "unstructured")
    energies = [found.replacements(one).energies(LEVELS, "unstructured") for one in found.layers]
    rows = [
        LayerLoss(
            id=layer.id,
            weight=layer.weight,
            status="measured",
            pruning=Losses(values=tuple(factor * removed), samples=(6, 6, 0)),
        )
        for layer, factor, removed in zip(found.layers, (2, 4), energies, strict=True)
    ]

    assert estimates.scales(rows) == pytest.approx((3, 3, 1))


def test_each_weight_is_read_once(found: Evaluator, monkeypatch: pytest.MonkeyPatch) -> None:
    read, numbers = [], Constants.numbers
    monkeypatch.setattr(
        Constants, "numbers", lambda self, name: (read.append(name), numbers(self, name))[1]
    )
    estimates = Estimates(found, LEVELS, "unstructured")

    for layer in found.layers:
        magnitudes = estimates.magnitudes(layer.id)
        assert len(magnitudes) == 101
        weights = numbers(found.opened.loaded.constants, layer.weight)
        assert magnitudes[-1] == pytest.approx(np.abs(weights).max(), rel=0.01)
        estimates.between(layer.id, {0.5: 0.1})

    assert sorted(read) == ["fc1.weight", "fc2.weight"]
