from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sparsify_tui.core.loss_profile import DISTANCES, SCHEMES, LossRequest
from sparsify_tui.core.model import TensorSpec
from sparsify_tui.errors import MissingEngineError, UsageError
from sparsify_tui.workbench import loss_requests
from sparsify_tui.workbench.loss_requests import (
    STRUCTURES,
    checked_levels,
    checked_request,
    levels_from,
    schemes_from,
    standard_request,
)
from tests.workbench.fakes import model

NET = replace(
    model(Path("net.onnx")),
    outputs=tuple(TensorSpec(name=name, dtype="float32", shape=(1,)) for name in ("y", "z")),
)


def test_levels_are_sorted_and_told_once() -> None:
    assert levels_from("0.9, 0.5,0.9,") == (0.5, 0.9)


@pytest.mark.parametrize("text", ["", ",", "0", "0.5,1", "half", "nan", "0.5;0.9"])
def test_levels_lie_between_none_and_all(text: str) -> None:
    with pytest.raises(UsageError, match="Levels"):
        levels_from(text)
    with pytest.raises(UsageError, match="Levels"):
        checked_levels(())


@pytest.mark.parametrize(
    ("text", "schemes"),
    [
        ("int4,int8", ("int8", "int4")),
        (" int8-w8a8 ,int8-w8a8", ("int8-w8a8",)),
        ("none", ()),
        ("", ()),
    ],
)
def test_schemes_are_in_the_order_of_all_and_told_once(text: str, schemes: tuple[str, ...]) -> None:
    assert schemes_from(text) == schemes


def test_an_unknown_scheme_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no quantization fp8.*int8-tensor"):
        schemes_from("int8,fp8")


def test_a_standard_request_fits_every_model() -> None:
    assert checked_request(NET, LossRequest()) == LossRequest()


@pytest.mark.parametrize("structure", [*STRUCTURES, "1:4", "4:8"])
def test_each_structure_that_is_offered_and_any_n_of_m_may_be_asked_for(structure: str) -> None:
    assert checked_request(NET, standard_request(structure)).structure == structure


def test_channels_are_measured_at_fewer_levels_and_in_no_scheme() -> None:
    asked = checked_request(NET, replace(standard_request("channel"), metric="mse"))

    assert (asked.levels, asked.schemes) == ((0.25, 0.5, 0.75), ())


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"schemes": ("int8",)}, "no quantization"),
        ({"metric": "kl"}, "no metric but mse"),
        ({"outputs": (("y", 1.0),)}, "no choice of outputs"),
        ({"score": "score.py:f1"}, "no score"),
        ({"samples": 8}, "no number of samples"),
        ({"workers": 2}, "no number of workers"),
        ({"scheduler": "tcp://host:8786"}, "no scheduler"),
        ({"memory_bytes": 10**9}, "no memory limit"),
    ],
)
def test_what_has_no_part_in_a_channel_profile_is_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=f"channel profile takes {says}") as caught:
        checked_request(NET, replace(standard_request("channel"), **wrong))

    assert caught.value.hint


def test_n_of_m_has_the_one_level_that_it_has() -> None:
    asked = LossRequest(structure="1:4", levels=(0.5, 0.9))

    assert checked_request(NET, asked).levels == (0.75,)


def test_the_file_of_a_score_is_named_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    checked = checked_request(NET, LossRequest(score="score.py:f1"))

    assert checked.score == f"{tmp_path}/score.py:f1"


def test_several_outputs_may_count_with_weights_of_their_own() -> None:
    outputs = (("z", 2.0), ("y", 0.5))

    assert checked_request(NET, LossRequest(outputs=outputs)).outputs == outputs


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"metric": "l1"}, f"no metric l1. Known: auto, {', '.join(DISTANCES)}"),
        ({"structure": "4:4"}, "no structure 4:4"),
        ({"structure": "rows\x1b"}, "no structure rows␛"),
        ({"schemes": ("int2",)}, f"Known: {', '.join(SCHEMES)}"),
        ({"levels": (0.5, 1.0)}, "between 0 and 1"),
        ({"samples": 0}, "Samples are 1 or more"),
        ({"workers": 0}, "Workers are 1"),
        ({"workers": 10_000}, "Workers are 1"),
        ({"memory_bytes": 0}, "memory"),
        ({"outputs": (("x", 1.0),)}, "no output x. Known: y, z"),
        ({"outputs": (("y", 0.0),)}, "weight of output y"),
        ({"outputs": (("y", float("inf")),)}, "weight of output y"),
        ({"outputs": (("y", 1.0), ("y", 2.0))}, "named twice"),
        ({"score": "score.py"}, "FILE.py:FUNCTION"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_cure(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked_request(NET, LossRequest(**wrong))

    assert says in str(caught.value)
    assert caught.value.hint


def test_a_scheduler_without_the_extra_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss_requests, "find_spec", lambda _: None)

    with pytest.raises(MissingEngineError, match=r"pip install sparsify-tui\[dask\]") as caught:
        checked_request(NET, LossRequest(scheduler="tcp://host:8786"))

    assert caught.value.exit_code == 3
