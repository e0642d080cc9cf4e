from __future__ import annotations

from dataclasses import replace

import pytest

from sparsify_tui.core.best import best_compression, best_speed_up, int8_speed_up
from sparsify_tui.core.estimate import UNKNOWN, Basis, Estimate, Outlook
from sparsify_tui.core.lane import Int8Lane, Mix
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.modifiers import Pruning
from sparsify_tui.core.project import Comparison, Project, Run
from tests.core import examples


def project(**changes: object) -> Project:
    """No measurement, and one optimization without a search."""
    bare = replace(
        examples.full_project(), benchmarks=(), optimizations=(examples.plan_of(Pruning()),)
    )
    return replace(bare, **changes)


def outlook(
    speed_up: float | None = 1.5, compression: float = 3.0, basis: Basis = "predicted"
) -> Outlook:
    return Outlook(
        params=10, remaining_params=5, sparsity=0.5, flops=10, remaining_flops=5.0,
        compression=Estimate(value=compression, basis="predicted"),
        speed_up=UNKNOWN if speed_up is None else Estimate(value=speed_up, basis=basis),
        loss=UNKNOWN, recovery=UNKNOWN, int8_layers=0,
    )  # fmt: skip


def benchmark(verdict: str, ratio: float, optimization: str = "half", **changes: object):
    timing = examples.timing()
    runs = tuple(
        Run(label=label, optimization=plan, engine="onnxruntime", batch=1, threads=1, timing=timing)
        for label, plan in (("original", ""), ("b1", optimization))
    )
    found = Estimate(value=ratio, low=ratio, high=ratio, basis="measured")
    pair = Comparison(a="original", b="b1", ratio=found, verdict=verdict)
    return replace(examples.benchmark_run(), runs=runs, comparisons=(pair,), **changes)


def test_a_benchmark_that_found_it_faster_is_measured_and_names_the_optimization() -> None:
    best = best_speed_up(project(benchmarks=(benchmark("faster", 1.2),)), {})

    assert best is not None
    assert (best.gain.value, best.gain.basis, best.optimization) == (1.2, "measured", "half")


def test_a_measured_speed_up_comes_before_a_larger_predicted_one() -> None:
    best = best_speed_up(project(benchmarks=(benchmark("faster", 1.2),)), {"o1": outlook(4.0)})

    assert best is not None
    assert best.gain.basis == "measured"


@pytest.mark.parametrize("verdict", ["slower", "no difference", "not trusted"])
def test_only_what_was_found_faster_counts_as_measured(verdict: str) -> None:
    assert best_speed_up(project(benchmarks=(benchmark(verdict, 1.2),)), {}) is None


def test_measurements_of_another_file_do_not_count() -> None:
    stale = benchmark("faster", 1.2, model_digest="cd" * 32)

    assert best_speed_up(project(benchmarks=(stale,)), {}) is None


def test_the_largest_of_the_measured_ones_is_the_best() -> None:
    placed = outlook(2.0, basis="measured")

    best = best_speed_up(project(benchmarks=(benchmark("faster", 1.2, "b"),)), {"o1": placed})

    assert best is not None
    assert (best.gain.value, best.optimization) == (2.0, "half")


def test_without_a_measurement_an_estimate_is_the_best_known() -> None:
    best = best_speed_up(project(), {"o1": outlook(1.5)})

    assert best is not None
    assert (best.gain.value, best.gain.basis) == (1.5, "predicted")


@pytest.mark.parametrize("speed_up", [None, 1.0])
def test_no_gain_is_no_speed_up(speed_up: float | None) -> None:
    assert best_speed_up(project(), {"o1": outlook(speed_up)}) is None


def test_compression_is_measured_on_the_compressed_files() -> None:
    best = best_compression(
        project(benchmarks=(benchmark("slower", 0.9),)), {"o1": outlook(compression=9.0)}
    )

    assert best is not None
    assert (best.gain.value, best.gain.basis) == (1.5, "measured")


def test_int8_gains_what_its_pairs_with_the_float_form_say() -> None:
    layers = (LayerId("a"),)
    mix = Mix(name="all", layers=layers, predicted_ms=5.0, measured_ms=5.0, low_ms=4.0, high_ms=8.0)
    lane = Int8Lane(total=examples.timing(median_ms=5.5), float_ms=10.0, layers=layers)

    paired = int8_speed_up(examples.perf_profile(int8=replace(lane, mixes=(mix,))))
    alone = int8_speed_up(examples.perf_profile(int8=lane))

    assert paired is not None
    assert (paired.value, paired.low, paired.high) == (2.0, 1.25, 2.5)
    assert alone is not None
    assert alone.value == pytest.approx(10 / 5.5)
    assert alone.low < alone.value
    assert alone.high == pytest.approx(10 / 9.9)


def test_a_lane_that_was_refused_has_no_speed_up() -> None:
    assert int8_speed_up(examples.perf_profile(int8=Int8Lane(refused="no kernel"))) is None
    assert int8_speed_up(examples.perf_profile()) is None
