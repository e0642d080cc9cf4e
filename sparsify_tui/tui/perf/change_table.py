"""The table of two profiles side by side."""

from __future__ import annotations

from dataclasses import replace

from sparsify_tui.core.perf_change import LayerChange, PerfChange
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_change, format_ms, format_ms_change
from sparsify_tui.tui.cells import cell, name_cell
from sparsify_tui.tui.perf.layer_table import AT, NAME, OP
from sparsify_tui.tui.symbols import SymbolSet
from sparsify_tui.tui.widgets.inline_bar import change_text
from sparsify_tui.tui.widgets.table_model import Column, Row

_BAR = 13
CHANGE_COLUMNS = (
    AT,
    NAME,
    replace(OP, priority=3),
    Column(key="a", title="A ms", width=7, justify="right"),
    Column(key="b", title="B ms", width=7, justify="right"),
    Column(key="delta_ms", title="Δ ms", width=8, justify="right"),
    Column(key="delta", title="Δ %", width=7, justify="right"),
    Column(key="bar", title="", width=_BAR, sortable=False, priority=2),
)


def change_rows(change: PerfChange, symbols: SymbolSet) -> list[Row]:
    """The layers; the longest bar is the largest change of any layer."""
    largest = max((abs(one.delta_ms or 0.0) for one in change.layers), default=0.0)
    return [_row(at, one, largest, symbols) for at, one in enumerate(change.layers)]


def _row(at: int, one: LayerChange, largest: float, symbols: SymbolSet) -> Row:
    has_change = one.delta_ms is not None and largest
    part = (one.delta_ms or 0.0) / largest if has_change else None
    only_in = f"only in {one.only_in.upper()}" if one.only_in else ""
    return Row(
        key=one.id,
        cells={
            "at": cell(str(at)),
            "name": name_cell(one.label),
            "op": cell(clean_text(one.op_type) if one.op_type else ""),
            "a": cell(format_ms(one.a_ms)),
            "b": cell(format_ms(one.b_ms)),
            "delta_ms": cell(format_ms_change(one.delta_ms)),
            "delta": cell(format_change(one.delta)),
            "bar": cell(only_in) if only_in else change_text(part, _BAR, symbols=symbols),
        },
        sort_values={
            "at": at,
            "name": one.label,
            "op": one.op_type,
            "a": one.a_ms,
            "b": one.b_ms,
            "delta_ms": one.delta_ms,
            "delta": one.delta,
        },
        search=f"{one.label} {one.op_type} {only_in}",
    )
