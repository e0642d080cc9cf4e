"""Starts the search for where int8 pays, and hands on what it found."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.placement import Placement
from sparsify_tui.tui.dialogs.form import Form
from sparsify_tui.tui.outlook import search_result
from sparsify_tui.tui.plan_forms import search_fields

if TYPE_CHECKING:
    from sparsify_tui.tui.app import SparsifyApp

SECTION = "3"
Adopt: TypeAlias = Callable[[str, str, Placement], None]
"""Takes a placement over into the plan of a project, both by id; the plan may be gone."""


def ask_and_search(app: SparsifyApp, plan: Optimization, adopt: Adopt) -> None:
    """Asks for what setup int8 has to pay, then searches."""

    def answered(answers: dict[str, str] | None) -> None:
        if answers is not None:
            batch, threads = int(answers["batch"]), int(answers["threads"])
            search_int8(app, plan, adopt, batch=batch, threads=threads)

    fields = search_fields(app.desk.bench.measure.cores)
    app.push_screen(Form(f"Search where int8 pays: {plan.name}", fields, accept="search"), answered)


def search_int8(
    app: SparsifyApp, plan: Optimization, adopt: Adopt, *, batch: int, threads: int
) -> None:
    """Searches the open project's model."""
    project, measure = app.desk.project, app.desk.bench.measure
    assert project is not None
    project_id = project.id

    def found(placement: Placement) -> None:
        adopt(project_id, plan.id, placement)
        app.confirm(f"{plan.name}: {search_result(placement)}")

    app.start_job(
        "int8 search",
        SECTION,
        lambda progress: measure.place(
            project_id, batch=batch, threads=threads, on_progress=progress
        ),
        found,
    )
