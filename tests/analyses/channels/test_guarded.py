from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.analyses.channels.guarded import Judged

ERRORS = st.lists(st.floats(1e-6, 1e3), min_size=2, max_size=12)


def judged(*errors: float, error: float | None = None) -> Judged:
    mean = float(np.mean(errors)) if error is None else error
    return Judged(error=mean, agreement=None, terms=np.zeros((1, 3)), errors=np.array(errors))


def test_a_gain_that_every_sample_shows_is_sure_however_their_errors_differ() -> None:
    cut = judged(1e-4, 2e-4, 5e-4, 1e-3, 2e-2, 1.5)

    assert judged(1e-5, 2e-5, 4e-5, 1e-4, 2e-3, 0.2).is_surely_below(cut)


def test_a_gain_in_most_samples_is_sure_where_the_others_are_lost_either_way() -> None:
    cut = judged(1.0, 1.1, 0.9, 1.0, 1.2, 1.0, 1.1, 1.0, 0.001, 0.002)

    assert judged(0.1, 0.2, 0.1, 0.1, 0.2, 0.3, 0.1, 0.2, 0.5, 0.6).is_surely_below(cut)


def test_a_gain_of_one_sample_out_of_many_is_chance() -> None:
    assert not judged(0.1, 0.1, 0.1, 0.1, 0.1).is_surely_below(judged(0.1, 0.1, 0.1, 0.1, 9.0))


def test_what_helps_most_samples_and_ruins_the_sum_is_not_better() -> None:
    assert not judged(0.01, 0.01, 0.01, 0.01, 9.0).is_surely_below(judged(0.1, 0.1, 0.1, 0.1, 0.1))


@pytest.mark.parametrize(("error", "is_below"), [(0.95, False), (0.85, True)])
def test_without_a_spread_a_clear_gain_is_asked_for(error: float, *, is_below: bool) -> None:
    assert judged(error).is_surely_below(judged(1.0)) is is_below


def test_what_is_no_number_is_never_better_and_always_bettered() -> None:
    broken = judged(1.0, 1.0, error=float("nan"))

    assert not broken.is_surely_below(judged(1.0, 1.0))
    assert judged(1.0, 1.0).is_surely_below(broken)


@settings(max_examples=50, deadline=None)
@given(ERRORS, st.floats(0.01, 0.5))
def test_the_same_gain_in_every_sample_is_sure_one_way_and_never_the_other(
    errors: list[float], factor: float
) -> None:
    cut, repaired = judged(*errors), judged(*(factor * one for one in errors))

    assert repaired.is_surely_below(cut)
    assert not cut.is_surely_below(repaired)
