from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.ranks import ranks, spearman

values = st.lists(st.integers(-5, 5).map(float), min_size=2, max_size=20)


def test_ties_share_the_mean_of_their_ranks() -> None:
    assert ranks([30.0, 10.0, 20.0, 10.0]) == (4.0, 1.5, 3.0, 1.5)


def test_without_ties_it_is_the_textbook_formula() -> None:
    xs, ys = [1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 1.0, 4.0, 3.0, 5.0]

    assert spearman(xs, ys) == pytest.approx(1 - 6 * 4 / (5 * 24))


def test_with_ties_it_is_the_correlation_of_the_ranks() -> None:
    # ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4: covariance 4.5 of 4.5 and 5
    assert spearman([1.0, 2.0, 2.0, 9.0], [1.0, 2.0, 3.0, 4.0]) == pytest.approx(
        4.5 / math.sqrt(4.5 * 5)
    )


@settings(max_examples=50, deadline=None)
@given(values)
def test_only_the_order_counts(xs: list[float]) -> None:
    found = spearman(xs, [math.exp(x) for x in xs])

    if len(set(xs)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(1)
        assert spearman(xs, [-x for x in xs]) == pytest.approx(-1)


def test_places_where_one_is_unknown_do_not_count() -> None:
    assert spearman([1.0, None, 2.0, 3.0], [1.0, 9.0, 2.0, None]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("xs", "ys"),
    [([], []), ([1.0], [2.0]), ([1.0, 1.0], [1.0, 2.0]), ([1.0, None], [1.0, 2.0])],
)
def test_too_little_to_rank_has_no_correlation(
    xs: list[float | None], ys: list[float | None]
) -> None:
    assert spearman(xs, ys) is None


def test_lists_of_different_layers_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="argument 2"):
        spearman([1.0], [1.0, 2.0])
