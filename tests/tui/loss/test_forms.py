from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sparsify_tui.core.loss_profile import LossRequest
from sparsify_tui.tui.loss.forms import (
    empty_steps,
    is_magnitude,
    request_fields,
    request_from,
)
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.loss import ExpectedTime
from tests.core import examples

UNKNOWN = ExpectedTime(magnitude=1.1, anchors=None, full=None, basis="unknown")


@pytest.fixture
def losses(tmp_path: Path):
    return Workbench(tmp_path).loss


def fields_of(losses, project=None):
    found = request_fields(project or examples.full_project(), losses)
    return {field.name: field for field in found}


def answers_of(fields, **changes):
    return {name: field.value for name, field in fields.items()} | changes


def test_each_method_is_offered_with_the_time_it_takes(losses):
    method = fields_of(losses)["method"]
    assert [one.split(":")[0] for one in method.choices] == [
        "one-shot",
        "one-shot, anchors only",
        "weight magnitude",
    ]
    assert all("~" in one for one in method.choices)
    assert "no data, no ranking" in method.choices[2]
    assert "the performance profile perf" in method.help


def test_what_feeds_the_model_is_named_and_missing_data_is_said(losses):
    assert "397 samples of digits.npz" in fields_of(losses)["method"].help
    bare = fields_of(losses, replace(examples.full_project(), data=()))
    assert "no data is attached" in bare["method"].help


def test_the_standard_answers_make_the_standard_request(losses):
    fields = fields_of(losses)
    assert request_from(losses, answers_of(fields)) == LossRequest()
    assert not is_magnitude(answers_of(fields))


def test_channels_have_levels_of_their_own_and_no_schemes_unless_asked_otherwise(losses):
    answers = answers_of(fields_of(losses), structure="channel")
    assert request_from(losses, answers) == losses.standard("channel")
    asked = request_from(losses, answers | {"levels": "0.5"})
    assert (asked.levels, asked.schemes) == ((0.5,), ())


def test_answers_become_the_request(losses):
    fields = fields_of(losses)
    choices = fields["method"].choices
    asked = request_from(
        losses,
        answers_of(
            fields,
            method=choices[1],
            levels="0.9,0.5",
            schemes="none",
            structure="2:4",
            samples="8",
            metric="kl",
        ),
    )
    assert asked == LossRequest(
        metric="kl",
        levels=(0.5, 0.9),
        schemes=(),
        structure="2:4",
        samples=8,
        anchors_only=True,
    )
    assert is_magnitude(answers_of(fields, method=choices[2]))


@pytest.mark.parametrize(
    ("name", "text"), [("samples", "0"), ("levels", "0.5,7"), ("schemes", "int9")]
)
def test_what_makes_no_sense_is_refused_in_the_form(losses, name, text):
    assert fields_of(losses)[name].problem(text)


def test_an_empty_section_offers_both_ways_with_their_times():
    known = ExpectedTime(magnitude=1.1, anchors=12.0, full=130.0, basis="perf")
    (r, one_shot), (m, magnitude) = empty_steps(known)
    assert (r, m) == ("r", "m")
    assert one_shot == "make one by running the model: ~2m10s, first table ~12 s"
    assert magnitude.endswith("no ranking: ~1.1 s")
    assert "time unknown" in empty_steps(UNKNOWN)[0][1]
