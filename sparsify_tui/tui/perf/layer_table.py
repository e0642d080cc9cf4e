"""The measured table: layers or sums of them, with roofline, int8 and half the channels."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from sparsify_tui.core.breakdown import TimeRow
from sparsify_tui.core.channels.lanes import HALF, SHARES
from sparsify_tui.core.profile import Peak, PerfProfile
from sparsify_tui.core.units import (
    format_count,
    format_ms,
    format_number,
    format_percent,
    format_ratio,
)
from sparsify_tui.tui.cells import cell, name_cell
from sparsify_tui.tui.symbols import SymbolSet
from sparsify_tui.tui.widgets.inline_bar import bar_text
from sparsify_tui.tui.widgets.table_model import Column, Row, SortValue

BAR = 10
AT = Column(key="at", title="#", width=4, justify="right", priority=5)
NAME = Column(key="name", title="layer", width=20, grows=True)
OP = Column(key="op", title="op", width=9, priority=1)
PARAMS = Column(key="params", title="params", width=6, justify="right", priority=6)
FLOPS = Column(key="flops", title="FLOPs", width=6, justify="right", priority=6)
MS = Column(key="ms", title="ms", width=7, justify="right")
SHARE = Column(key="share", title="share", width=6, justify="right")
SHARE_BAR = Column(key="bar", title="", width=BAR, sortable=False, priority=8)
_ROOF = (
    Column(key="gflops", title="GFLOP/s", width=7, justify="right", priority=7),
    Column(key="of_peak", title="%peak", width=6, justify="right", priority=7),
    Column(key="intensity", title="FLOP/B", width=6, justify="right", priority=9),
)
_INT8 = (
    Column(key="int8", title="int8 ms", width=7, justify="right"),
    Column(key="gain", title="gain", width=6, justify="right", priority=2),
    Column(key="note", title="int8 note", width=22, priority=10),
)
_CHANNELS = (
    Column(
        key="narrow", title=f"{format_percent(HALF, 0)}ch ms", width=8, justify="right", priority=8
    ),
)


def measured_columns(profile: PerfProfile) -> tuple[Column, ...]:
    """Those that the profile has something for."""
    has_roof = any(row.gflops is not None for row in profile.layers)
    roof = _ROOF if has_roof else ()
    int8 = _INT8 if profile.int8 is not None else ()
    channels = _CHANNELS if any(row.channel_ms for row in profile.layers) else ()
    return (AT, NAME, OP, PARAMS, FLOPS, MS, SHARE_BAR, SHARE, *roof, *int8, *channels)


def measured_rows(rows: Sequence[TimeRow], profile: PerfProfile, symbols: SymbolSet) -> list[Row]:
    """The rows of a breakdown; the share is of the fastest run."""
    whole = profile.total.min_ms
    shares = [_share(row.ms, whole) for row in rows]
    bars = bar_texts(shares, symbols)
    return [
        _row(at, row, share, profile.peak, bar)
        for at, (row, share, bar) in enumerate(zip(rows, shares, bars, strict=True))
    ]


def bar_texts(shares: Sequence[float | None], symbols: SymbolSet) -> list[Text]:
    """A bar for each share, the largest of which is full; below 0 there is none."""
    largest = max((share for share in shares if share is not None), default=0.0)
    return [
        bar_text(
            share and max(0.0, share / largest) if largest > 0 else share, BAR, symbols=symbols
        )
        for share in shares
    ]


def share_bar_amounts(rows: Sequence[TimeRow]) -> list[tuple[str, float]]:
    """Time by operator, for one bar of shares."""
    return [(row.op_type or row.name, row.ms or 0.0) for row in rows]


def _row(at: int, row: TimeRow, share: float | None, peak: Peak | None, bar: Text) -> Row:
    style = "" if row.layers else "dim"  # one style a row: each change of colour costs bytes
    of_peak = None if peak is None or row.gflops is None else row.gflops / peak.gflops
    texts = {
        "at": str(at),
        "params": format_count(row.params) if row.layers else "",
        "flops": format_count(row.flops) if row.layers else "",
        "ms": format_ms(row.ms),
        "share": format_percent(share),
        "gflops": format_number(row.gflops) if row.layers else "",
        "of_peak": format_percent(of_peak, 0) if row.layers else "",
        "intensity": format_number(row.intensity) if row.layers else "",
        "int8": format_ms(row.int8_ms) if row.layers else "",
        "narrow": format_ms(_narrow_ms(row)) if row.layers else "",
        "gain": format_ratio(row.int8_gain) if row.layers else "",
    }
    return Row(
        key=row.key,
        cells={
            **{key: cell(text, style) for key, text in texts.items()},
            "name": name_cell(row.name, style),
            "op": _name_or_empty(row.op_type, style),
            "note": _name_or_empty(row.int8_note, style),
            "bar": bar,
        },
        sort_values=_sort_values(at, row, share, of_peak),
        search=f"{row.name} {row.op_type} {row.int8_note}",
    )


def _sort_values(
    at: int, row: TimeRow, share: float | None, of_peak: float | None
) -> dict[str, SortValue]:
    return {
        "at": at,
        "name": row.name,
        "op": row.op_type,
        "params": row.params,
        "flops": row.flops,
        "ms": row.ms,
        "share": share,
        "gflops": row.gflops,
        "of_peak": of_peak,
        "intensity": row.intensity,
        "int8": row.int8_ms,
        "narrow": _narrow_ms(row),
        "gain": row.int8_gain,
        "note": row.int8_note or None,
    }


def _narrow_ms(row: TimeRow) -> float | None:
    """With about half of the channels."""
    return row.channel_ms[SHARES.index(HALF)] if row.channel_ms else None


def _name_or_empty(name: str, style: str) -> Text:
    return name_cell(name, style) if name else cell("")


def _share(amount: float | None, whole: float) -> float | None:
    return amount / whole if amount is not None and whole else None
