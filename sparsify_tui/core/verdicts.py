"""What may be said of an optimization after it was measured: it must not be called one too soon."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sparsify_tui.core.project import AppliedModel, BenchmarkRun, Comparison, MeasuredModel, Run
from sparsify_tui.core.units import format_interval

ZEROS_BRING_NO_SPEED = "smaller when compressed, not faster: onnxruntime multiplies zeros too"


def against_original(run: BenchmarkRun) -> Iterator[tuple[Run, Run, Comparison]]:
    """Each optimization's run beside the original's in the same engine, with their comparison."""
    known = {one.label: one for one in run.runs}
    for comparison in run.comparisons:
        a, b = known.get(comparison.a), known.get(comparison.b)
        if a and b and b.optimization and not a.optimization:
            yield a, b, comparison


def comparison_of(run: BenchmarkRun, label: str) -> Comparison | None:
    """An optimization's run against the original; None for the original itself."""
    found = (comparison for _, b, comparison in against_original(run) if b.label == label)
    return next(found, None)


def interval_text(comparison: Comparison) -> str:
    """A ratio as people read it: 1.72× [1.69×, 1.75×]."""
    ratio = comparison.ratio
    return format_interval(ratio.value, ratio.low, ratio.high)


def why_not_optimized(comparisons: Sequence[Comparison], *, is_pruned_only: bool) -> str:
    """Why a model may not be called optimized; empty where it was faster in every case.

    Args:
        comparisons: With the original, one for each case.
        is_pruned_only: Whether zeros among the weights are all that was changed.
    """
    behind = [one for one in comparisons if one.verdict != "faster"]
    if not behind:
        return "" if comparisons else "not faster: it was not measured beside the original"
    if all(one.verdict == "not trusted" for one in behind):
        return "not shown to be faster: the measurement is not trusted"
    worst = min(
        (one for one in behind if one.verdict != "not trusted"),
        key=lambda one: one.ratio.value or 0.0,
    )
    if is_pruned_only and worst.verdict == "no difference":
        return ZEROS_BRING_NO_SPEED
    return f"not faster: {interval_text(worst)} in {worst.b}"


def verdict_lines(run: BenchmarkRun) -> list[str]:
    """One sentence an optimization: optimized, or why it may not be called so."""
    return [f"{model.optimization}: {_verdict(run, model)}" for model in run.models]


def _verdict(run: BenchmarkRun, model: MeasuredModel) -> str:
    if model.note:
        return f"NOT optimized: {model.note}"
    ratios = [
        comparison
        for _, b, comparison in against_original(run)
        if b.optimization == model.optimization
    ]
    least = min(ratios, key=lambda one: one.ratio.value or 0.0, default=None)
    return "optimized" if least is None else f"optimized: {interval_text(least)} in {least.b}"


def cases_note(run: BenchmarkRun, *, is_running: bool = False) -> str:
    """How many of its cases a benchmark has; empty where it has them all."""
    if run.is_complete:
        return ""
    far = f"{run.cases_done} of {len(run.cases)} cases"
    return f"{far} so far" if is_running else f"stopped after {far}"


def gap_lines(run: BenchmarkRun) -> list[str]:
    """What is missing of all that was to be measured, and why; one sentence each."""
    return [*filter(None, [cases_note(run)]), *(f"not measured: {one}" for one in run.problems)]


def applied_verdict(applied: AppliedModel) -> str:
    """Optimized only where it was measured to be faster."""
    comparison = applied.comparison
    if comparison is None:
        return "NOT optimized: it was not measured; the file is written"
    if applied.is_optimized:
        return f"optimized: {interval_text(comparison)} as fast as the original"
    advice = (
        "compare again on a quiet machine"
        if comparison.verdict == "not trusted"
        else "use it only if its size is what counts"
    )
    return (
        f"NOT optimized: {interval_text(comparison)}, {comparison.verdict}: "
        f"the file is written, {advice}"
    )
