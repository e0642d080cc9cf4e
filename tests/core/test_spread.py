from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.spread import mean_ends, share_ends


def independent(share: float, samples: int) -> float:
    """The jackknife's variance of a share of samples."""
    return share * (1 - share) / (samples - 1)


@pytest.mark.parametrize(
    ("hits", "samples", "low", "high"),
    [(0, 8, 0.0, 0.3244), (1, 10, 0.0179, 0.4042), (5, 10, 0.2366, 0.7634), (8, 8, 0.6756, 1.0)],
)
def test_shares_have_the_interval_of_wilson(
    hits: int, samples: int, low: float, high: float
) -> None:
    share = hits / samples
    found = share_ends(share, independent(share, samples), samples)
    assert found == pytest.approx((low, high), abs=1e-4)


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.integers(2, 100))
def test_a_share_lies_in_its_interval_and_that_among_shares(
    share: float, variance: float, samples: int
) -> None:
    low, high = share_ends(share, variance, samples)
    assert 0 <= low <= share <= high <= 1 + 1e-12


def test_positions_count_as_far_as_they_are_independent() -> None:
    many = share_ends(0.2, independent(0.2, 1000), 10)
    assert many == pytest.approx(share_ends(0.2, independent(0.2, 1000), 1000), abs=1e-3)
    alike = share_ends(0.2, independent(0.2, 10) * 3, 10)
    assert alike == share_ends(0.2, independent(0.2, 10), 10)


def test_means_have_the_interval_of_student() -> None:
    assert mean_ends(10.0, 1.0, 5) == pytest.approx((10 - 2.776, 10 + 2.776), rel=1e-2)
    assert mean_ends(1.0, 1.0, 5)[0] == 0
