from __future__ import annotations

import random
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.timing import RUNS_FOR_P99, Ratio, compare_pairs, judge, summarize_runs

RUN_TIMES = st.lists(st.floats(0.01, 1e4), min_size=1, max_size=200)


def steady(count: int, middle: float = 10.0, spread: float = 0.01) -> list[float]:
    """Run times that alternate evenly round the middle."""
    return [middle * (1 + spread * (-1) ** index) for index in range(count)]


def test_a_steady_series_is_trusted() -> None:
    timing = summarize_runs(steady(101), batch=4)

    assert timing.trusted
    assert timing.reasons == ()
    assert timing.runs == 101
    assert timing.median_ms == pytest.approx(10.1)
    assert timing.min_ms == pytest.approx(9.9)
    assert timing.items_per_s == pytest.approx(4 * 101 / (sum(steady(101)) / 1000))


def test_percentiles_are_runs_that_happened() -> None:
    timing = summarize_runs([float(ms) for ms in range(1000, 0, -1)], batch=1)

    assert timing.median_ms == 500.5
    assert timing.p90_ms == 900
    assert timing.p99_ms == 990


def test_p99_needs_as_many_runs_as_mlperf_asks() -> None:
    assert RUNS_FOR_P99 == 662
    assert summarize_runs(steady(RUNS_FOR_P99 - 1), batch=1).p99_ms is None
    assert summarize_runs(steady(RUNS_FOR_P99), batch=1).p99_ms is not None


@pytest.mark.parametrize(
    ("samples", "busy", "reason"),
    [
        (steady(19), 1.0, "only 19 runs"),
        (steady(40, spread=0.2), 1.0, "interval ±20%"),
        ([10.0] * 20 + [11.0] * 20, 1.0, "drifted +10%"),
        ([11.0] * 20 + [10.0] * 20, 1.0, "drifted -9%"),
        (steady(40), 2.6, "machine busy ×2.6"),
    ],
)
def test_each_doubt_is_named(samples: list[float], busy: float, reason: str) -> None:
    timing = summarize_runs(samples, batch=1, busy=busy)

    assert not timing.trusted
    assert reason in timing.reasons


def test_one_run_is_a_timing_that_nobody_trusts() -> None:
    timing = summarize_runs([7.0], batch=1)

    assert (timing.low_ms, timing.median_ms, timing.high_ms) == (7.0, 7.0, 7.0)
    assert timing.reasons == ("only 1 runs",)


@settings(max_examples=100, deadline=None)
@given(RUN_TIMES)
def test_the_figures_of_a_timing_are_in_order(samples: list[float]) -> None:
    timing = summarize_runs(samples, batch=1)

    assert timing.min_ms <= timing.low_ms <= timing.median_ms <= timing.high_ms <= max(samples)
    assert timing.min_ms <= timing.p90_ms <= max(samples)


@pytest.mark.parametrize("count", [20, 51, 200])
def test_the_interval_holds_the_true_median_in_95_of_100_cases(count: int) -> None:
    chance = random.Random(count)
    true_median, trials = 1.0, 4000
    hits = 0
    for _ in range(trials):
        timing = summarize_runs([chance.lognormvariate(0, 0.5) for _ in range(count)], batch=1)
        hits += timing.low_ms <= true_median <= timing.high_ms

    assert 0.945 <= hits / trials <= 0.99


def test_a_ratio_above_one_says_that_b_is_faster() -> None:
    ratio = compare_pairs([20.0] * 30, [10.0] * 30)

    assert ratio == Ratio(value=2.0, low=2.0, high=2.0)
    assert judge(ratio) == "faster"


def test_pairs_must_be_pairs() -> None:
    with pytest.raises(ValueError, match="shorter"):
        compare_pairs([1.0, 2.0], [1.0])


def test_pairing_removes_what_disturbs_both() -> None:
    load = [1 + index % 7 for index in range(70)]

    ratio = compare_pairs([12.0 * one for one in load], [10.0 * one for one in load])

    assert ratio.low == pytest.approx(1.2)
    assert ratio.high == pytest.approx(1.2)


@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [
        (Ratio(value=1.3, low=1.2, high=1.4), "faster"),
        (Ratio(value=0.7, low=0.6, high=0.8), "slower"),
        (Ratio(value=1.3, low=0.9, high=1.7), "no difference"),
        (Ratio(value=1.3, low=1.0, high=1.7), "no difference"),
        (Ratio(value=1.019, low=1.018, high=1.02), "no difference"),
        (Ratio(value=1.021, low=1.02, high=1.022), "faster"),
        (Ratio(value=0.985, low=0.98, high=0.99), "no difference"),
        (Ratio(value=0.97, low=0.96, high=0.98), "slower"),
    ],
)
def test_verdicts(ratio: Ratio, verdict: str) -> None:
    assert judge(ratio) == verdict
    assert judge(ratio, trusted=False) == "not trusted"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(1, 2), st.floats(1, 2)), min_size=1, max_size=80))
def test_changing_places_mirrors_the_ratio_and_the_verdict(
    pairs: list[tuple[float, float]],
) -> None:
    a, b = [one for one, _ in pairs], [other for _, other in pairs]
    there, back = compare_pairs(a, b), compare_pairs(b, a)

    assert back.low == pytest.approx(1 / there.high)
    assert back.high == pytest.approx(1 / there.low)
    if len(pairs) % 2:
        mirrored = {"faster": "slower", "slower": "faster", "no difference": "no difference"}
        assert judge(back) == mirrored[judge(there)]


@settings(max_examples=50, deadline=None)
@given(RUN_TIMES)
def test_a_thing_does_not_differ_from_itself(samples: list[float]) -> None:
    assert judge(compare_pairs(samples, samples)) == "no difference"
    assert summarize_runs(samples, batch=1).median_ms == median(samples)
