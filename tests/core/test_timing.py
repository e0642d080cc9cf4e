from __future__ import annotations

import math
import random
from statistics import median
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.timing import (
    RUNS_FOR_P90,
    RUNS_FOR_P99,
    Gauge,
    Ratio,
    compare_pairs,
    is_settled,
    judge,
    summarize_runs,
    trust_label,
)
from tests.core.examples import timing as timing_of

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


def test_p90_is_the_slowest_run_until_there_are_as_many_as_mlperf_asks() -> None:
    rising = [float(ms) for ms in range(1, RUNS_FOR_P90 + 1)]

    assert summarize_runs(rising[:-1], batch=1).p90_ms == RUNS_FOR_P90 - 1
    assert summarize_runs(rising, batch=1).p90_ms == 58


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (steady(19), "only 19 runs"),
        (steady(40, spread=0.2), "interval ±20%"),
        ([10.0] * 20 + [11.0] * 20, "drifted +10%"),
        ([11.0] * 20 + [10.0] * 20, "drifted -9%"),
        ([*steady(94), *[30.0] * 6], "6% outliers"),
        ([*steady(980), *[30.0] * 20], "p99 3.0× the median"),
    ],
)
def test_each_doubt_about_the_runs_is_named(samples: list[float], reason: str) -> None:
    timing = summarize_runs(samples, batch=1)

    assert not timing.trusted
    assert reason in timing.reasons


@pytest.mark.parametrize(
    ("gauge", "doubts"),
    [
        (Gauge(wall_over_cpu=1.09), ()),
        (Gauge(wall_over_cpu=2.6), ("machine busy ×2.6",)),
        (Gauge(wall_over_cpu=2.6, calibration=2.0, slowdown=3.0), ("machine busy ×2.6",)),
        (Gauge(wall_over_cpu=1.0, slowdown=1.8), ("machine busy ×1.8",)),
        (Gauge(wall_over_cpu=1.0, slowdown=1.8, foreign=0.0), ()),
        (Gauge(wall_over_cpu=1.0, calibration=1.25), ("machine speed moved -20%",)),
        (Gauge(wall_over_cpu=1.0, calibration=0.8), ("machine speed moved +25%",)),
        (Gauge(wall_over_cpu=1.0, calibration=1.08), ()),
        (Gauge(wall_over_cpu=1.0, cores=2, foreign=1.3), ("others used 1.3 of 2 cores",)),
        (Gauge(wall_over_cpu=1.0, cores=8, foreign=1.3), ()),
        (Gauge(wall_over_cpu=1.0, cores=2, load=3.2), ("load 3.2 on 2 cores",)),
        (Gauge(wall_over_cpu=1.0, cores=2, load=3.2, foreign=0.1), ()),
        (Gauge(wall_over_cpu=1.0, steal=0.05), ("the hypervisor took 5.0%",)),
        (Gauge(wall_over_cpu=1.0, throttled=3), ("throttled 3 times",)),
        (Gauge(wall_over_cpu=1.0, steal=0.01, throttled=0, switches_per_s=9.0), ()),
    ],
)
def test_each_doubt_about_the_machine_is_named(gauge: Gauge, doubts: tuple[str, ...]) -> None:
    timing = summarize_runs(steady(100), batch=1, gauge=gauge)

    assert gauge.doubts == timing.reasons == doubts
    assert timing.trusted == (not doubts)
    assert timing.gauge is gauge


def test_outliers_are_counted_and_kept() -> None:
    timing = summarize_runs([*steady(97), 30.0, 40.0, 1.0], batch=1)

    assert timing.trusted
    assert timing.outliers == 3
    assert timing.runs == 100
    assert timing.min_ms == 1.0


def test_the_dots_are_at_most_forty_medians_in_the_order_of_the_runs() -> None:
    few = summarize_runs([3.0, 1.0, 2.0], batch=1)
    many = summarize_runs([float(ms) for ms in range(1, 1001)], batch=1)

    assert few.samples_ms == (3.0, 1.0, 2.0)
    assert many.samples_ms == tuple(25 * part + 13.0 for part in range(40))


@pytest.mark.parametrize(
    ("figures", "label"),
    [
        ({"median_ms": 4.81, "low_ms": 4.75, "high_ms": 4.87}, "4.81 ms ± 0.06, trusted"),
        ({"median_ms": 98.24, "low_ms": 97.0, "high_ms": 99.0}, "98.2 ms ± 1.0, trusted"),
        ({"median_ms": 213.4, "low_ms": 213.2, "high_ms": 213.6}, "213 ms ± 0.200, trusted"),
        ({"median_ms": 0.0421, "low_ms": 0.04, "high_ms": 0.044}, "0.042 ms ± 0.002, trusted"),
        (
            {
                "median_ms": 4.81,
                "low_ms": 4.0,
                "high_ms": 6.0,
                "trusted": False,
                "reasons": ("machine busy ×2.6", "interval ±21%"),
            },
            "4.81 ms ± 1.00, not trusted: machine busy ×2.6, interval ±21%",
        ),
    ],
)
def test_the_label_says_how_sure_a_latency_is(figures: dict[str, Any], label: str) -> None:
    assert trust_label(timing_of(**figures)) == label


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
        (Ratio(value=1.014, low=1.013, high=1.016), "no difference"),
        (Ratio(value=1.016, low=1.014, high=1.018), "faster"),
        (Ratio(value=0.987, low=0.98, high=0.99), "no difference"),
        (Ratio(value=0.97, low=0.96, high=0.98), "slower"),
    ],
)
def test_verdicts(ratio: Ratio, verdict: str) -> None:
    assert judge(ratio) == verdict
    assert judge(ratio, trusted=False) == "not trusted"


@pytest.mark.parametrize(
    ("ratio", "settled"),
    [
        (Ratio(value=1.3, low=1.2, high=1.4), True),
        (Ratio(value=0.97, low=0.96, high=0.98), True),
        (Ratio(value=1.0, low=0.99, high=1.01), True),
        (Ratio(value=1.01, low=0.99, high=1.02), False),
        (Ratio(value=1.3, low=1.01, high=1.4), False),
        (Ratio(value=0.98, low=0.97, high=0.99), False),
    ],
)
def test_a_comparison_is_settled_when_more_pairs_would_not_change_it(
    ratio: Ratio, *, settled: bool
) -> None:
    assert is_settled(ratio) == settled


def test_runs_that_resemble_their_neighbours_do_not_narrow_the_interval() -> None:
    """The same 40 states of a machine, met by one run each or by 50 in a row."""
    chance = random.Random(5)
    states = [chance.gauss(10, 0.3) for _ in range(40)]
    alone = summarize_runs(states, batch=1)
    in_a_row = summarize_runs([state for state in states for _ in range(50)], batch=1)

    assert (in_a_row.low_ms, in_a_row.high_ms) == (alone.low_ms, alone.high_ms)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(1, 2), st.floats(1, 2)), min_size=1, max_size=80))
def test_changing_places_mirrors_the_ratio_and_the_verdict(
    pairs: list[tuple[float, float]],
) -> None:
    a, b = [one for one, _ in pairs], [other for _, other in pairs]
    there, back = compare_pairs(a, b), compare_pairs(b, a)

    assert back.low == pytest.approx(1 / there.high)
    assert back.high == pytest.approx(1 / there.low)
    assert back.value == pytest.approx(1 / there.value)
    mirrored = {"faster": "slower", "slower": "faster", "no difference": "no difference"}
    if not any(math.isclose(end, 1) for end in (there.low, there.high)):
        assert judge(back) == mirrored[judge(there)]


@settings(max_examples=50, deadline=None)
@given(RUN_TIMES)
def test_a_thing_does_not_differ_from_itself(samples: list[float]) -> None:
    assert judge(compare_pairs(samples, samples)) == "no difference"
    assert summarize_runs(samples, batch=1).median_ms == median(samples)
