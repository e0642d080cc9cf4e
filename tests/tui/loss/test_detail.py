from __future__ import annotations

from sparsify_tui.tui.loss.detail import entry_detail
from tests.core import examples
from tests.tui.loss.profiles import estimated, measured, one_shot, unmeasured, view_of


def detail(row, **changes):
    title, lines = entry_detail(view_of(one_shot(row, **changes)), row.id)
    assert title == row.id
    return "\n".join(lines)


def test_every_value_stands_with_its_interval_and_drop():
    text = detail(measured("a"), score="top-1")
    assert "measured on 64 samples, settled" in text
    assert "KL divergence [95 %], drop of top-1" in text
    assert "   80%   0.400  [0.320, 0.480]  0.040" in text
    assert "w8a8: int8 weights and inputs" in text


def test_an_estimate_says_on_what_it_rests():
    assert "~ estimated; 1 of 3 levels measured" in detail(estimated("a"))


def test_what_was_not_measured_says_why():
    text = detail(unmeasured("a"))
    assert "reason: it is in the branch If_0.then_branch" in text
    assert "   80%  not measured" in text


def test_notes_and_shared_weights_are_told():
    assert "no effect on this data" in detail(measured("a", note="no effect on this data"))


def test_a_layer_that_is_nowhere_has_no_detail():
    assert entry_detail(view_of(one_shot(measured("a"))), "b") == ("", [])


def test_a_profile_of_the_weights_alone_has_no_intervals():
    profile = examples.loss_profile(examples.layer_loss("a"))
    text = "\n".join(entry_detail(view_of(profile), "a")[1])
    assert "computed from the weights" in text
    assert "~" not in text
    assert "[95 %]" not in text
