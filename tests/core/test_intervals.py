from __future__ import annotations

from itertools import product
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.intervals import (
    MOST_PARTS,
    drift,
    median_interval,
    part_medians,
    percentile,
    severe_outliers,
)

SERIES = st.lists(st.floats(0.01, 1e4), min_size=1, max_size=300)


@pytest.mark.parametrize("count", [1, 3, 5, 7])
def test_the_interval_is_that_of_all_resamples(count: int) -> None:
    series = [float(one) for one in range(count)]
    medians = sorted(sorted(drawn)[count // 2] for drawn in product(series, repeat=count))
    cut = int(0.025 * len(medians))

    assert median_interval(series) == (medians[cut], medians[-cut - 1])


@settings(max_examples=100, deadline=None)
@given(SERIES)
def test_the_interval_mirrors_the_series_and_holds_its_median(series: list[float]) -> None:
    low, high = median_interval(series)
    mirrored = median_interval([-one for one in series])

    assert low <= median(series) <= high
    assert mirrored == (-high, -low)


def test_the_interval_holds_the_median_of_runs_that_cluster() -> None:
    """Most parts have a median of 5, although most runs are below."""
    series = [0.0, 1.0, 1.0] * 12 + [0.5, 5.0, 5.0] * 28

    assert median_interval(series) == (median(series), 5.0) == (1.0, 5.0)


@settings(max_examples=100, deadline=None)
@given(SERIES)
def test_parts_are_consecutive_and_of_one_size(series: list[float]) -> None:
    ordered = sorted(series)
    medians = part_medians(ordered)

    assert len(medians) == min(len(series), MOST_PARTS)
    assert list(medians) == sorted(medians)
    assert ordered[0] <= medians[0]
    assert medians[-1] <= ordered[-1]


def test_a_percentile_is_a_sample_that_was_measured() -> None:
    assert [percentile([1.0, 2.0, 3.0, 4.0], share) for share in (0.0, 0.25, 0.26, 1.0)] == [
        1.0,
        1.0,
        2.0,
        4.0,
    ]


def test_only_what_lies_far_outside_is_an_outlier() -> None:
    """The quartiles of 1 to 100 are 25 and 75; three times their distance is 150."""
    series = [float(one) for one in range(1, 101)]

    assert severe_outliers(series) == 0
    assert severe_outliers([*series[:-1], 225.0]) == 0
    assert severe_outliers([*series[:-1], 226.0]) == 1
    assert severe_outliers([-126.0, *series[1:]]) == 1


def test_drift_is_the_last_third_over_the_first() -> None:
    assert drift([10.0, 10.0, 99.0, 99.0, 12.0, 12.0]) == pytest.approx(0.2)
    assert drift([10.0]) == 0
