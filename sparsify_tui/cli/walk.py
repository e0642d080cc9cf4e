"""The whole path on the bundled model, for `demo --headless`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sparsify_tui.cli.documents import comparison_document
from sparsify_tui.cli.output import Narrator
from sparsify_tui.codec import document_from
from sparsify_tui.core.cases import BenchmarkRequest
from sparsify_tui.core.channels.front import ChannelSearch
from sparsify_tui.core.project import BenchmarkRun
from sparsify_tui.core.verdicts import verdict_lines
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.benchmarks import COMPARISON_S
from sparsify_tui.workbench.measure import NARROWING_S, PERFORMANCE_S
from sparsify_tui.workbench.plan_requests import CHANNEL, PlanRequest

DEMO_LOSS = 0.04
"""Largest output error: the digit classifier then keeps all but a point of its accuracy."""
DEMO_BATCH = 64
_SEARCH_MEASUREMENTS = 20
"""A search takes about that many times as long as one measurement."""


async def walk_the_path(
    bench: Workbench, output: Path, seconds: float | None = None
) -> dict[str, Any]:
    """Profile, loss, optimize, benchmark, export; the answer of `demo`."""
    project = await bench.inputs.sample(Narrator("reading"))
    await bench.measure.perf(
        project.id,
        batch=DEMO_BATCH,
        seconds=seconds or PERFORMANCE_S,
        on_progress=Narrator("performance"),
    )
    await bench.loss.one_shot(project.id, on_progress=Narrator("loss"))
    search = await bench.measure.narrow(
        project.id,
        batch=DEMO_BATCH,
        max_loss=DEMO_LOSS,
        seconds=_SEARCH_MEASUREMENTS * seconds if seconds else NARROWING_S,
        on_progress=Narrator("narrowing"),
    )
    wanted = PlanRequest(sparsity=None, structure=CHANNEL, channels=search)
    plan = bench.plans.create(project.id, wanted)
    request = BenchmarkRequest(
        optimizations=(plan.id,), batches=(DEMO_BATCH,), seconds=seconds or COMPARISON_S
    )
    run = await bench.benchmarks.run(project.id, request, on_progress=Narrator("benchmark"))
    project = bench.projects.load(project.id)
    outlook = bench.plans.outlook(project, plan)
    files = [
        str(
            bench.exports.save(
                bench.exports.preview(project, plan, target),
                bench.exports.default_path(target, output),
            )
        )
        for target, _ in bench.exports.targets()
    ]
    return {
        "project": project.id,
        "optimization": plan.id,
        "benchmark": run.id,
        "speed_up": run.comparisons[0].ratio.value,
        "comparison": comparison_document(run.comparisons[0]),
        "compression": outlook.compression.value,
        "verdict": verdict_lines(run)[0],
        "widths": _widths(search),
        "metric": _metric(run),
        "files": files,
    }


def _metric(run: BenchmarkRun) -> dict[str, Any] | None:
    metric = run.models[0].metric
    return None if metric is None else document_from(metric)


def _widths(search: ChannelSearch) -> list[dict[str, Any]]:
    """Units that stay of each group that loses some, by the point that was chosen."""
    sizes = {group.id: group.size for group in search.analysis.map.groups}
    kept = search.front.point.kept if search.front.point else ()
    return [{"group": group, "kept": units, "of": sizes[group]} for group, units in kept]
