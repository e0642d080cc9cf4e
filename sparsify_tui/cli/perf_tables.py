"""Performance as tables of text: broken down, side by side, and modelled with zeros skipped."""

from __future__ import annotations

import csv
import io

from sparsify_tui.cli.report import Table
from sparsify_tui.core.breakdown import GROUPINGS, TimeRow
from sparsify_tui.core.channels.lanes import SHARES
from sparsify_tui.core.perf_change import PerfChange
from sparsify_tui.core.profile import Peak, PerfProfile
from sparsify_tui.core.project import Project
from sparsify_tui.core.sparse_model import MODELLED_LEVELS, SparseEngine
from sparsify_tui.core.units import (
    format_change,
    format_count,
    format_ms,
    format_ms_change,
    format_number,
    format_percent,
    format_ratio,
)

_SIZES = ("layer", "op", "params", "FLOPs", "ms", "share")
_ROOF = ("GFLOP/s", "% of peak", "FLOPs/byte")
_INT8 = ("int8 ms", "gain", "int8 note")
_CHANNELS = tuple(f"{format_percent(share, 0)} ms" for share in SHARES)


def perf_rows(project: Project, profile: PerfProfile, grouping: str = "kernels") -> Table:
    """Rows of a breakdown, with roofline, int8 and channel widths where the profile has them."""
    rows = GROUPINGS[grouping](project.model, profile)
    has_roof = any(row.gflops is not None for row in rows)
    has_int8 = profile.int8 is not None
    has_channels = any(row.channel_ms for row in rows)
    titles = (
        *_SIZES,
        *(_ROOF if has_roof else ()),
        *(_INT8 if has_int8 else ()),
        *(_CHANNELS if has_channels else ()),
    )
    return titles, [
        (
            *_sizes(row, profile.total.min_ms),
            *(_roof(row, profile.peak) if has_roof else ()),
            *(_int8(row) if has_int8 else ()),
            *(_channels(row) if has_channels else ()),
        )
        for row in rows
    ]


def change_rows(change: PerfChange) -> Table:
    """Two profiles side by side."""
    return ("layer", "op", "A ms", "B ms", "Δ ms", "Δ %", ""), [
        (
            one.label,
            one.op_type,
            format_ms(one.a_ms),
            format_ms(one.b_ms),
            format_ms_change(one.delta_ms),
            format_change(one.delta),
            f"only in {one.only_in.upper()}" if one.only_in else "",
        )
        for one in change.layers
    ]


def sparse_rows(project: Project, profile: PerfProfile, engine: SparseEngine) -> Table:
    """Prunable layers at the levels, as an engine's model has them."""
    times = {time.id: time for time in profile.layers}
    titles = [f"~{format_percent(level, 0)} ms" for level in MODELLED_LEVELS]
    found = [(layer, times[layer.id]) for layer in project.model.prunable if layer.id in times]
    return ("layer", "op", "dense ms", *titles), [
        (
            layer.label,
            layer.op_type,
            format_ms(time.ms),
            *(format_ms(engine.ms(layer, time, level, profile)) for level in MODELLED_LEVELS),
        )
        for layer, time in found
    ]


def csv_text(table: Table) -> str:
    """Titles and rows as comma-separated values."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([table[0], *table[1]])
    return out.getvalue()


def markdown_text(table: Table) -> str:
    """Titles and rows as a Markdown table; a bar in a name is escaped."""
    titles, rows = table
    rule = ["---", *("---:" for _ in titles[1:])]
    return "".join(
        f"| {' | '.join(text.replace('|', chr(92) + '|') for text in line)} |\n"
        for line in (titles, rule, *rows)
    )


def _sizes(row: TimeRow, whole: float) -> tuple[str, ...]:
    has_layers = bool(row.layers)
    return (
        row.name,
        row.op_type,
        format_count(row.params) if has_layers else "",
        format_count(row.flops) if has_layers else "",
        format_ms(row.ms),
        format_percent(None if row.ms is None or not whole else row.ms / whole),
    )


def _roof(row: TimeRow, peak: Peak | None) -> tuple[str, ...]:
    if not row.layers:
        return "", "", ""
    of_peak = None if peak is None or row.gflops is None else row.gflops / peak.gflops
    return format_number(row.gflops), format_percent(of_peak, 0), format_number(row.intensity)


def _int8(row: TimeRow) -> tuple[str, ...]:
    if not row.layers:
        return "", "", ""
    return format_ms(row.int8_ms), format_ratio(row.int8_gain), row.int8_note


def _channels(row: TimeRow) -> tuple[str, ...]:
    if not row.channel_ms:
        return ("",) * len(_CHANNELS)
    return tuple(format_ms(ms) for ms in row.channel_ms)
