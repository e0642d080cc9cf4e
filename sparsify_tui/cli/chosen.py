"""Finds the optimization that a command means."""

from __future__ import annotations

from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.project import Project
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import UsageError


def chosen_plan(project: Project, reference: str | None) -> Optimization:
    """The optimization of that id or name; the newest without one. Raises UsageError."""
    plan = project.optimization(reference)
    if plan is not None:
        return plan
    if reference is None:
        raise UsageError(
            f"{clean_text(project.name)} has no optimization.",
            "`sparsify-tui optimize PROJECT` makes one.",
        )
    known = ", ".join(clean_text(one.name) for one in project.optimizations) or "none yet"
    raise UsageError(f"There is no optimization {clean_text(reference)}.", f"Known: {known}.")
