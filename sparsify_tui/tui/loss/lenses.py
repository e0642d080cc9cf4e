"""What the section can show: one profile, or several side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sparsify_tui.core.loss_change import LossComparison
from sparsify_tui.tui.jobs import JobState
from sparsify_tui.tui.loss.compare import compared_view
from sparsify_tui.tui.loss.compare_table import (
    compared_columns,
    compared_detail,
    compared_lines,
    compared_rows,
)
from sparsify_tui.tui.loss.detail import entry_detail
from sparsify_tui.tui.loss.drawing import Drawing, ProfileDrawing
from sparsify_tui.tui.loss.entries import LossView
from sparsify_tui.tui.loss.rows import LossRows, loss_columns
from sparsify_tui.tui.loss.summary import Line, summary_lines
from sparsify_tui.tui.symbols import SymbolSet
from sparsify_tui.tui.widgets.table_model import Column, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """One way to look at loss profiles."""

    lines: Sequence[Line]
    columns: Sequence[Column]
    rows: Sequence[Row]
    drawing: Drawing
    detail: Callable[[str], tuple[str, list[str]]]
    """Title and lines of the layer with a key."""


def profile_lens(
    view: LossView, rows: LossRows, symbols: SymbolSet, *, job: JobState | None, is_stale: bool
) -> Lens:
    """One profile; `rows` keeps what does not change while a job makes it grow."""
    return Lens(
        lines=summary_lines(view, job=job, is_stale=is_stale),
        columns=loss_columns(view),
        rows=rows.rows(view, symbols),
        drawing=ProfileDrawing(view=view),
        detail=partial(entry_detail, view),
    )


def compared_lens(comparison: LossComparison, views: Sequence[LossView]) -> Lens:
    """Two to four profiles, seen at the first one's level or scheme."""
    compared = compared_view(comparison, views)
    return Lens(
        lines=compared_lines(compared),
        columns=compared_columns(len(views)),
        rows=compared_rows(compared),
        drawing=compared,
        detail=partial(compared_detail, compared),
    )
