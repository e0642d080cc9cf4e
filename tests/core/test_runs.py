from __future__ import annotations

import pytest

from sparsify_tui.core.cases import Case
from sparsify_tui.core.runs import (
    ChosenRun,
    beside_first,
    only_in_one,
    scaling_over,
    shared_labels,
    untrusted,
    warnings_between,
    without_case,
)
from sparsify_tui.errors import UsageError
from tests.core.examples import benchmark_run, compared, environment, run_of, timing

FIRST = benchmark_run()
SECOND = benchmark_run(
    id="b2",
    name="later",
    runs=(run_of("original b1 t1", timing=timing(median_ms=5.0, low_ms=4.9, high_ms=5.1)),),
    comparisons=(),
)


def chosen(benchmark=FIRST, at: int = 0) -> ChosenRun:
    return ChosenRun(benchmark=benchmark, run=benchmark.runs[at])


def test_runs_of_one_case_keep_the_ratio_that_was_measured_in_turn() -> None:
    base, other = beside_first([chosen(), chosen(at=1)])

    assert base.ratio.value is None
    assert other.ratio == FIRST.comparisons[0].ratio
    assert other.is_in_turn


def test_the_other_way_round_the_ratio_is_turned_over() -> None:
    _, other = beside_first([chosen(at=1), chosen()])
    measured = FIRST.comparisons[0].ratio

    assert other.ratio.value == pytest.approx(1 / measured.value)
    assert (other.ratio.low, other.ratio.high) == (
        pytest.approx(1 / measured.high),
        pytest.approx(1 / measured.low),
    )


def test_runs_of_two_benchmarks_are_not_in_turn_and_as_wide_as_both_intervals_allow() -> None:
    _, other = beside_first([chosen(), chosen(SECOND)])

    assert not other.is_in_turn
    assert other.ratio.value == pytest.approx(2.0)
    assert other.ratio.low == pytest.approx(9.9 / 5.1)
    assert other.ratio.high == pytest.approx(10.1 / 4.9)


def test_other_batches_are_compared_by_the_item() -> None:
    eight = benchmark_run(id="b3", runs=(run_of("original b8 t1", batch=8),), comparisons=())
    _, other = beside_first([chosen(), chosen(eight)])

    assert other.ratio.value == pytest.approx(8.0)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_two_to_four_can_be_compared(count: int) -> None:
    with pytest.raises(UsageError, match=f"{count} runs"):
        beside_first([chosen()] * count)


def test_every_difference_of_the_conditions_is_told_once() -> None:
    elsewhere = benchmark_run(
        id="b3", model_digest="cd", inputs="noise",
        runs=tuple(run_of(f"half b8 t{t}", batch=8, threads=t,
                          environment=environment(cpu="M1", threads=t)) for t in (2, 2)),
        comparisons=(),
    )  # fmt: skip
    said = warnings_between([chosen(), chosen(elsewhere), chosen(elsewhere, 1)])

    assert said == (
        "cpu EPYC and M1", "threads 1 and 2", "another content of the model file",
        "fed with digits.npz and noise", "batch 1 and 8",
    )  # fmt: skip
    assert warnings_between([chosen(), chosen(at=1)]) == ()


def test_an_old_run_without_an_environment_has_that_of_its_benchmark() -> None:
    old = benchmark_run(
        id="b3", environment=environment(isa="avx2"), comparisons=(),
        runs=(run_of("original b1 t1", environment=None),),
    )  # fmt: skip

    assert warnings_between([chosen(), chosen(old)]) == ("isa avx512_vnni and avx2",)


def test_runs_that_may_not_be_believed_are_named() -> None:
    doubtful = benchmark_run(id="b3", runs=(run_of("x", timing=timing(trusted=False)),))

    assert untrusted([chosen(), chosen(doubtful)]) == ("benchmark: x",)


def test_benchmarks_are_joined_by_label_and_the_rest_is_told() -> None:
    (group,) = shared_labels([FIRST, SECOND])

    assert [one.name for one in group] == ["benchmark: original b1 t1", "later: original b1 t1"]
    assert [one.name for one in only_in_one([FIRST, SECOND])] == ["benchmark: half b1 t1"]


def test_scaling_groups_what_differs_in_one_thing_alone() -> None:
    runs = tuple(
        run_of(f"{name}{batch}{threads}", optimization=name, batch=batch, threads=threads)
        for name in ("", "half") for threads in (4, 1) for batch in (1, 8)
    )  # fmt: skip
    run = benchmark_run(runs=runs, comparisons=(compared("11", "half11"),))

    assert [one.label for one in scaling_over(run, "threads")] == [
        "original b1", "original b8", "half b1", "half b8",
    ]  # fmt: skip
    assert scaling_over(run, "threads")[0].values("threads") == (1.0, 4.0)
    assert scaling_over(run, "batch")[0].values("batch") == (1.0, 8.0)
    assert scaling_over(FIRST, "batch") == ()


def test_a_case_that_failed_counts_as_tried_and_is_named() -> None:
    cases = tuple(Case(batch=batch, threads=2) for batch in (1, 8))
    run = without_case(benchmark_run(cases=cases, cases_done=1), "It crashed.")

    assert run.problems == ("b8 t2: It crashed.",)
    assert run.is_complete
    assert run.runs == FIRST.runs
