from __future__ import annotations

import pytest

from sparsify_tui.tui.loss.about import about_lines
from sparsify_tui.tui.loss.summary import progress_text, summary_lines
from tests.core import examples
from tests.tui.loss.profiles import estimated, measured, one_shot, unmeasured, view_of

ROWS = (measured("stem", 100.0), *(measured(f"conv{at}", 0.1) for at in range(9)))


def told(profile, *, key="", job=None, is_stale=False):
    lines = summary_lines(view_of(profile, key=key), job=job, is_stale=is_stale)
    return "\n".join("  ".join(text for text, _ in line if text) for line in lines)


def test_the_diagnosis_stands_first_and_names_the_layers():
    first = told(one_shot(*ROWS)).splitlines()[0]
    assert "1 of 10 layers carries" in first
    assert "stem" in first
    assert "Leave it dense" in first
    assert "in float" in told(one_shot(*ROWS), key="int8").splitlines()[0]


def test_method_metric_data_samples_and_confidence_are_named():
    text = told(one_shot(*ROWS, confidence="ranking only, low confidence", structure="2:4"))
    assert "one-shot 2:4: KL divergence" in text
    assert "64 samples of digits.npz" in text
    assert "ranking only, low confidence" in text


def test_the_first_warning_is_told_and_the_others_are_counted():
    text = told(one_shot(*ROWS, warnings=("one class only", "dead units", "few samples")))
    assert "! one class only (+2 more: i)" in text


def test_the_metric_of_labelled_data_and_weighted_outputs_are_told():
    text = told(one_shot(*ROWS, score="top-1", score_before=0.979, outputs=(("y", 2.0),)))
    assert "top-1 97.9% unchanged" in text
    assert "outputs y ×2" in text


def test_magnitude_says_that_it_is_no_ranking():
    text = told(examples.loss_profile(examples.layer_loss("a")))
    assert "removed weight energy  each layer's own curve, not a ranking across layers" in text
    assert "carries" not in text


def test_before_anything_is_measured_a_profile_claims_no_ranking():
    profile = one_shot(estimated("a"), stage="magnitude")
    assert told(profile).startswith("Not a ranking yet")
    assert any("Not a ranking yet" in line for line in about_lines(view_of(profile)))


def test_gaps_and_unsettled_layers_are_counted():
    text = told(one_shot(measured("a"), measured("b", settled=False), unmeasured("c")))
    assert "1 not measured: Enter says why" in text
    assert "1 not settled" in text


@pytest.mark.parametrize(
    ("stage", "what", "done"),
    [("magnitude", "anchors", 2), ("anchors", "all levels", 1), ("levels", "settling", 1)],
)
def test_an_unfinished_profile_says_where_it_is_and_which_key_goes_on(stage, what, done):
    profile = one_shot(measured("a"), estimated("b"), unmeasured("c"), stage=stage)
    assert progress_text(profile) == f"{done} of 3 layers"
    assert f"not complete: {what}, {done} of 3 layers measured, C continues" in told(profile)
    assert f"waiting: {what}, " in told(profile, job="waiting")
    assert f"running: {what}, {done} of 3 layers" in told(profile, job="running")


def test_a_stale_profile_is_called_so_and_cannot_go_on():
    text = told(one_shot(estimated("a"), stage="anchors"), is_stale=True)
    assert "STALE: the model file has changed" in text
    assert "C continues" not in text
    assert "r makes another" in text


def test_all_about_a_profile_has_every_warning_and_every_diagnosis():
    profile = one_shot(*ROWS, warnings=("one class only", "dead units"), notes="calm machine")
    text = "\n".join(about_lines(view_of(profile)))
    for words in ("one class only", "dead units", "calm machine", "at 50.0%", "in int8-w8a8"):
        assert words in text


def test_all_about_a_magnitude_profile_says_what_it_cannot():
    text = "\n".join(about_lines(view_of(examples.loss_profile(examples.layer_loss("a")))))
    assert "not a ranking across layers: the outputs were not looked at" in text


def test_all_about_an_unfinished_profile_says_how_far_it_is():
    profile = one_shot(
        measured("a"), stage="levels", score="top-1", score_before=0.5, confidence="low"
    )
    text = "\n".join(about_lines(view_of(profile)))
    assert "no: stage levels, 1 of 1 layers" in text
    assert "top-1 0.50 unchanged" in text
    assert "confidence  low" in text
