"""What a benchmark is asked for in."""

from __future__ import annotations

from sparsify_tui.core.cases import BenchmarkRequest
from sparsify_tui.core.project import Project
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import UsageError
from sparsify_tui.tui.dialogs.field import Field
from sparsify_tui.workbench.benchmarks import Benchmarks

ALL = "all"


def request_fields(
    project: Project, benchmarks: Benchmarks, *, chosen: str, cores: int
) -> tuple[Field, ...]:
    """Optimizations, batches, threads, streams, engines, metric, name."""
    names = ", ".join(clean_text(one.name) for one in project.optimizations) or "none yet"

    def check_plans(text: str) -> str | None:
        try:
            plans_from(project, text)
        except UsageError as error:
            return str(error)
        return None

    return (
        Field(
            name="plans",
            label="Optimizations",
            value=chosen,
            help=f"{names}. Commas between several; {ALL}; empty: the original alone.",
            check=check_plans,
        ),
        Field(
            name="batches",
            label="Batch sizes",
            value="1",
            help="Such as 1,8: each is measured.",
            check=benchmarks.check_counts,
        ),
        Field(
            name="threads",
            label="Threads",
            value=str(cores),
            help=f"Such as 1,2; cores allowed: {cores}.",
            check=benchmarks.check_counts,
        ),
        Field(
            name="streams",
            label="Streams",
            value="1",
            help="Sessions at the same time, such as 1,2: for throughput.",
            check=benchmarks.check_counts,
        ),
        Field(
            name="engines",
            label="Engines",
            value=benchmarks.engines[0],
            help=f"Of {', '.join(benchmarks.engines)}.",
            check=benchmarks.check_engines,
        ),
        Field(
            name="metric",
            label="Metric",
            help="FILE.py:FUNCTION of your own; empty: by labels, or by the original's outputs.",
        ),
        Field(name="name", label="Name", help="Empty: that of the optimizations."),
    )


def plans_from(project: Project, text: str) -> tuple[str, ...]:
    """Ids of the optimizations named, newest of each name. Raises UsageError."""
    if text.strip() == ALL:
        return tuple(one.id for one in project.optimizations)
    whole = project.optimization(text.strip()) if text.strip() else None
    if whole is not None:
        return (whole.id,)
    found = []
    for name in filter(None, map(str.strip, text.split(","))):
        plan = project.optimization(name)
        if plan is None:
            raise UsageError(f"There is no optimization {clean_text(name)}.")
        found.append(plan.id)
    return tuple(dict.fromkeys(found))


def request_from(
    project: Project, benchmarks: Benchmarks, answers: dict[str, str]
) -> BenchmarkRequest:
    """The request of a form's answers, which were checked. Raises UsageError."""
    return BenchmarkRequest(
        optimizations=plans_from(project, answers["plans"]),
        batches=benchmarks.counts_from(answers["batches"]),
        threads=benchmarks.counts_from(answers["threads"]),
        streams=benchmarks.counts_from(answers["streams"]),
        engines=benchmarks.engines_from(answers["engines"]),
        metric=answers["metric"],
    )
