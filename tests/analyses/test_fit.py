from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import pytest

from sparsify_tui.analyses import fit
from sparsify_tui.analyses.fit import fit_inputs
from sparsify_tui.analyses.opened import open_model
from sparsify_tui.core.model import Found, Model
from sparsify_tui.core.options import RunOptions
from tests.analyses.fakes import finished, options
from tests.analyses.models import (
    at_a_length,
    at_a_rate,
    branches_at,
    of_a_height,
    on_tokens,
    saved,
    two_layers,
)


def fitted(proto: onnx.ModelProto, folder: Path, **more: Any) -> Model:
    return finished(fit_inputs(options=options(saved(proto, folder / "m.onnx"), **more)))


@pytest.mark.parametrize(
    ("proto", "found"),
    [
        (of_a_height(48), Found(dims=(("h", 48),))),
        (at_a_length(128), Found(dims=(("t", 512),))),
        (at_a_rate(8000), Found(values=(("sr", 8000.0),))),
        (branches_at(22050), Found(values=(("sr", 22050.0),))),
    ],
)
def test_what_makes_a_model_run_is_found_told_and_enough_for_later_jobs(
    proto: onnx.ModelProto, found: Found, tmp_path: Path
) -> None:
    model = fitted(proto, tmp_path)

    assert model.found == found
    for name, size in (*found.dims, *found.values):
        assert f"{name}={size:g}" in " ".join(model.warnings)
    opened = open_model(RunOptions(path=model.path, found=model.found))
    assert opened.engine.open(Path(model.path), threads=1).run(opened.feeds(1))


def test_layers_are_counted_at_the_sizes_that_were_found(tmp_path: Path) -> None:
    model = fitted(of_a_height(48), tmp_path)

    assert model.assumed[0].shape == (1, 3, 48, 320)
    assert model.flops == 2 * 3 * 48 * 2


def test_a_model_that_runs_on_the_guesses_needs_no_words(tmp_path: Path) -> None:
    for proto in (two_layers(), on_tokens(40)):
        model = fitted(proto, tmp_path)
        assert model.found == Found()
        assert model.warnings == ()


def test_a_length_of_one_that_runs_is_told(tmp_path: Path) -> None:
    model = fitted(at_a_length(1), tmp_path)

    assert model.found == Found()
    assert any("Times are for --dim t=1" in warning for warning in model.warnings)


def test_what_is_given_is_not_tried_again(tmp_path: Path) -> None:
    model = fitted(at_a_length(97), tmp_path, dims=(("t", 97),))

    assert model.found == Found()
    assert model.warnings == ()


def test_where_nothing_runs_the_options_to_give_are_named(tmp_path: Path) -> None:
    model = fitted(at_a_length(97), tmp_path)

    assert model.found == Found()
    (asked,) = (one for one in model.warnings if "runs on none of" in one)
    assert "x float32 [n, t]" in asked
    assert "--dim n=1 --dim t=1" in asked
    assert "--data FILE" in asked


def test_trials_end_when_their_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "LONGEST_S", 0.0)

    assert any("none of 1 guesses" in one for one in fitted(at_a_length(97), tmp_path).warnings)


def test_a_large_model_is_not_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "MOST_BYTES", 10)

    model = fitted(of_a_height(48), tmp_path)
    assert model.found == Found()
    assert any("was not tried" in one for one in model.warnings)


def test_a_model_that_the_runtime_refuses_is_described_with_its_reason(tmp_path: Path) -> None:
    proto = at_a_length(4)
    proto.graph.node[1].op_type = "Frobnicate"
    proto.graph.node[1].domain = "org.example"
    proto.opset_import.append(onnx.helper.make_opsetid("org.example", 1))

    assert any("does not load" in one for one in fitted(proto, tmp_path).warnings)
