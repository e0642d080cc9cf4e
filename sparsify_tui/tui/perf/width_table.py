"""The table of the channel lanes: every layer in the model as it is, and narrowed."""

from __future__ import annotations

from sparsify_tui.core.breakdown import TimeRow, measured_layers
from sparsify_tui.core.channels.groups import ChannelGroup
from sparsify_tui.core.channels.lanes import HALF, SHARES, ChannelLanes
from sparsify_tui.core.model import Model
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.units import format_count, format_ms, format_percent, format_ratio
from sparsify_tui.tui.cells import cell, name_cell
from sparsify_tui.tui.perf.layer_table import AT, NAME, OP
from sparsify_tui.tui.symbols import SymbolSet
from sparsify_tui.tui.widgets.inline_bar import sparkline_text
from sparsify_tui.tui.widgets.table_model import Column, Row, SortValue

CHARTED = SHARES.index(HALF)
_CURVE = len(SHARES) + 1


def _share_columns(at: int) -> tuple[Column, Column]:
    title, is_charted = format_percent(SHARES[at], 0), at == CHARTED
    return (
        Column(
            key=f"ms {at}",
            title=f"{title} ms",
            width=7,
            justify="right",
            priority=0 if is_charted else 2,
        ),
        Column(
            key=f"gain {at}",
            title=f"{title} ×",
            width=6,
            justify="right",
            priority=0 if is_charted else 4,
        ),
    )


WIDTH_COLUMNS = (
    AT,
    NAME,
    OP,
    Column(key="ms", title="full ms", width=7, justify="right"),
    *(column for at in range(len(SHARES)) for column in _share_columns(at)),
    Column(key="curve", title="", width=_CURVE, sortable=False, priority=3),
    Column(key="units", title="units", width=6, justify="right", priority=5),
    Column(key="group", title="goes with", width=22, priority=6),
)


def width_rows(
    model: Model, profile: PerfProfile, lanes: ChannelLanes, symbols: SymbolSet
) -> list[Row]:
    """The layers in graph order, each with the group that its channels belong to."""
    own = {layer: group for group in reversed(lanes.map.groups) for layer in group.producers}
    rows = [row for row in measured_layers(model, profile) if row.channel_ms]
    return [_row(at, row, own.get(row.layers[0].id), symbols) for at, row in enumerate(rows)]


def partners_text(group: ChannelGroup | None) -> str:
    """What else a layer's channels go with; empty where they cannot go."""
    if group is None:
        return ""
    others = len(group.producers) - 1
    kind = group.kind if group.kind != "channel" else "channels"
    return f"{kind} of {others} more" if others else f"{kind}, alone"


def _row(at: int, row: TimeRow, group: ChannelGroup | None, symbols: SymbolSet) -> Row:
    units = None if group is None else group.size
    values: dict[str, SortValue] = {
        "at": at,
        "name": row.name,
        "op": row.op_type,
        "ms": row.ms,
        "units": units,
        "group": group.id if group else None,
    }
    cells = {
        "at": cell(str(at)),
        "name": name_cell(row.name),
        "op": name_cell(row.op_type),
        "ms": cell(format_ms(row.ms)),
        "curve": sparkline_text((row.ms, *row.channel_ms), _CURVE, symbols=symbols),
        "units": cell("locked" if units is None else format_count(units)),
        "group": name_cell(partners_text(group)) if group else cell(""),
    }
    gains = row.channel_gains or (None,) * len(SHARES)
    for share, (ms, gain) in enumerate(zip(row.channel_ms, gains, strict=True)):
        values |= {f"ms {share}": ms, f"gain {share}": gain}
        cells |= {f"ms {share}": cell(format_ms(ms)), f"gain {share}": cell(format_ratio(gain))}
    return Row(key=row.key, cells=cells, sort_values=values, search=f"{row.name} {row.op_type}")
