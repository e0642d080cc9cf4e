from __future__ import annotations

from pathlib import Path

import pytest

from sparsify_tui.analyses import ANALYSES, analysis_of
from sparsify_tui.analyses.inspect import inspect_model
from sparsify_tui.errors import UsageError
from tests.analyses.fakes import finished, options
from tests.analyses.models import nothing_to_prune, saved, two_layers, with_state


def test_every_analysis_is_found_by_its_name() -> None:
    assert all(callable(analysis_of(kind)) for kind in ANALYSES)
    with pytest.raises(UsageError, match="no analysis 'dance'"):
        analysis_of("dance")


def test_layers_come_with_flops_at_the_given_sizes(tmp_path: Path) -> None:
    path = saved(two_layers(), tmp_path / "m.onnx")

    model = finished(inspect_model(options=options(path, dims=(("n", 3),))))

    assert [layer.label for layer in model.layers] == ["fc1", "fc2"]
    assert model.flops == 2 * 3 * (8 * 4 + 3 * 8)


def test_a_model_without_prunable_layers_is_told_as_a_warning(tmp_path: Path) -> None:
    model = finished(inspect_model(options=options(saved(nothing_to_prune(), tmp_path / "m.onnx"))))

    assert model.prunable == ()
    assert any("No layer can be pruned" in warning for warning in model.warnings)


def test_a_value_for_no_input_is_refused_before_it_is_remembered(tmp_path: Path) -> None:
    path = saved(with_state(), tmp_path / "m.onnx")

    assert finished(inspect_model(options=options(path, values=(("rate", 2.0),)))).layers
    with pytest.raises(UsageError, match="other, which is no input") as caught:
        finished(inspect_model(options=options(path, values=(("other", 2.0),))))
    assert "x, state, rate" in caught.value.hint
