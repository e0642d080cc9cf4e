"""The table of a modelled sparse engine; none of its figures was measured here."""

from __future__ import annotations

from sparsify_tui.core.breakdown import TimeRow, measured_layers
from sparsify_tui.core.model import Model
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.sparse_model import MODELLED_LEVELS, SparseEngine
from sparsify_tui.core.units import format_ms, format_percent, format_ratio
from sparsify_tui.tui.cells import cell, name_cell
from sparsify_tui.tui.perf.layer_table import AT, NAME, OP
from sparsify_tui.tui.widgets.table_model import Column, Row, SortValue

CHARTED_LEVEL = 0.9
_PRIORITIES = {CHARTED_LEVEL: 0, 0.8: 1, 0.95: 3}


def _level_columns(level: float) -> tuple[Column, Column]:
    title, priority = format_percent(level, 0), _PRIORITIES.get(level, 4)
    return (
        Column(
            key=f"ms {level}", title=f"~{title} ms", width=8, justify="right", priority=priority
        ),
        Column(
            key=f"gain {level}", title=f"~{title} ×", width=6, justify="right", priority=priority
        ),
    )


SPARSE_COLUMNS = (
    AT,
    NAME,
    OP,
    Column(key="ms", title="dense ms", width=8, justify="right", priority=1),
    *(column for level in MODELLED_LEVELS for column in _level_columns(level)),
)


def sparse_rows(model: Model, profile: PerfProfile, engine: SparseEngine) -> list[Row]:
    """The prunable layers, each at the levels."""
    rows = [row for row in measured_layers(model, profile) if row.layers[0].prunable]
    return [_row(at, row, profile, engine) for at, row in enumerate(rows)]


def modelled_ms(
    row: TimeRow, profile: PerfProfile, engine: SparseEngine, level: float
) -> float | None:
    """Milliseconds of a layer's row at a level; None where the model says nothing."""
    if not row.times:
        return None
    return engine.ms(row.layers[0], row.times[0], level, profile)


def _row(at: int, row: TimeRow, profile: PerfProfile, engine: SparseEngine) -> Row:
    values: dict[str, SortValue] = {"at": at, "name": row.name, "op": row.op_type, "ms": row.ms}
    cells = {
        "at": cell(str(at)),
        "name": name_cell(row.name),
        "op": name_cell(row.op_type),
        "ms": cell(format_ms(row.ms)),
    }
    for level in MODELLED_LEVELS:
        ms = modelled_ms(row, profile, engine, level)
        gain = row.ms / ms if ms and row.ms else None
        values |= {f"ms {level}": ms, f"gain {level}": gain}
        cells |= {f"ms {level}": cell(format_ms(ms)), f"gain {level}": cell(format_ratio(gain))}
    return Row(key=row.key, cells=cells, sort_values=values, search=f"{row.name} {row.op_type}")
