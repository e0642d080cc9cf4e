from __future__ import annotations

from dataclasses import replace

import pytest

from sparsify_tui.core.cases import Case
from sparsify_tui.core.project import AppliedModel
from sparsify_tui.core.timing import Verdict
from sparsify_tui.core.verdicts import (
    ZEROS_BRING_NO_SPEED,
    against_original,
    applied_verdict,
    cases_note,
    comparison_of,
    gap_lines,
    verdict_lines,
    why_not_optimized,
)
from tests.core.examples import benchmark_run, compared, run_of

SAME = compared("o", "same")
FASTER = compared("o", "fast", 1.72, 0.03, "faster")
SLOWER = compared("o", "slow", 0.9, 0.02, "slower")
DOUBTFUL = compared("o", "odd", 2.0, 0.5, "not trusted")


def test_what_was_faster_in_every_case_needs_no_excuse() -> None:
    assert why_not_optimized([FASTER, FASTER], is_pruned_only=False) == ""


@pytest.mark.parametrize("other", [SAME, SLOWER, DOUBTFUL])
def test_one_case_that_is_not_faster_is_enough(other) -> None:
    assert why_not_optimized([FASTER, other], is_pruned_only=False)


def test_zeros_alone_are_explained() -> None:
    assert why_not_optimized([SAME], is_pruned_only=True) == ZEROS_BRING_NO_SPEED
    assert "0.90×" in why_not_optimized([SAME, SLOWER], is_pruned_only=True)


def test_the_worst_case_is_named() -> None:
    said = why_not_optimized([SAME, SLOWER, DOUBTFUL], is_pruned_only=False)

    assert said == "not faster: 0.90× [0.88×, 0.92×] in slow"


def test_what_is_not_trusted_shows_nothing() -> None:
    assert "not trusted" in why_not_optimized([DOUBTFUL], is_pruned_only=False)
    assert why_not_optimized([], is_pruned_only=False)


def test_engines_beside_each_other_are_no_speed_up_of_an_optimization() -> None:
    runs = (run_of("a"), run_of("b", engine="openvino"), run_of("c", optimization="half"))
    run = benchmark_run(
        runs=runs, comparisons=(compared("a", "b"), compared("a", "c"), compared("a", "gone"))
    )

    assert [b.label for _, b, _ in against_original(run)] == ["c"]
    assert comparison_of(run, "b") is None
    assert comparison_of(run, "c") == compared("a", "c")


def test_a_benchmark_says_of_each_model_whether_it_is_optimized() -> None:
    run = benchmark_run()
    (model,) = run.models
    ratio = compared("original b1 t1", "half b1 t1", 1.72, 0.03, "faster")
    better = replace(run, models=(replace(model, note=""),), comparisons=(ratio,))

    assert verdict_lines(run) == [f"half: NOT optimized: {ZEROS_BRING_NO_SPEED}"]
    assert verdict_lines(better) == ["half: optimized: 1.72× [1.69×, 1.75×] in half b1 t1"]


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("faster", "optimized: 1.72× [1.69×, 1.75×]"),
        ("no difference", "NOT optimized: 1.72× [1.69×, 1.75×], no difference"),
        ("not trusted", "NOT optimized: 1.72× [1.69×, 1.75×], not trusted"),
    ],
)
def test_a_written_model_is_called_optimized_only_when_it_was_faster(
    verdict: Verdict, said: str
) -> None:
    comparison = compared("o", "x", 1.72, 0.03, verdict)
    applied = AppliedModel(
        file="o.onnx", bytes=1, layers=(), output_error=0.0, source="", comparison=comparison
    )

    assert applied_verdict(applied).startswith(said)
    assert "NOT optimized" in applied_verdict(replace(applied, comparison=None))


CASES = tuple(Case(batch=batch, threads=1) for batch in (1, 2, 4, 8))


def test_a_benchmark_that_lacks_cases_says_how_many_it_has() -> None:
    run = benchmark_run(cases=CASES, cases_done=3)

    assert cases_note(run) == "stopped after 3 of 4 cases"
    assert cases_note(run, is_running=True) == "3 of 4 cases so far"
    assert gap_lines(run) == ["stopped after 3 of 4 cases"]


@pytest.mark.parametrize("whole", [{"cases": CASES, "cases_done": 4}, {}])
def test_a_whole_benchmark_and_one_of_before_lack_nothing(whole) -> None:
    run = benchmark_run(**whole, problems=("b2 t1: It is too large.",))

    assert cases_note(run) == cases_note(run, is_running=True) == ""
    assert gap_lines(run) == ["not measured: b2 t1: It is too large."]
