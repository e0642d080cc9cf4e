"""The groups of channels of an optimization as rows of a table, each above its layers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sparsify_tui.core.channels.groups import ChannelGroup, LockedChannels
from sparsify_tui.core.model import Layer
from sparsify_tui.core.modifiers import GroupLevel, LayerLevel
from sparsify_tui.core.units import NOT_MEASURED, format_ms, format_percent
from sparsify_tui.tui.cells import cell, name_cell
from sparsify_tui.tui.channel_view import ChannelView
from sparsify_tui.tui.plan_entries import Entry, entries_in_sight
from sparsify_tui.tui.symbols import SymbolSet
from sparsify_tui.tui.widgets.inline_bar import bar_text
from sparsify_tui.tui.widgets.table_model import Column, Row

_BAR = 8
CHANNEL_COLUMNS = (
    Column(key="fold", title="", width=1, sortable=False, is_anchor=True),
    Column(key="at", title="#", width=3, justify="right", priority=6),
    Column(key="name", title="group", width=18, grows=True),
    Column(key="kind", title="kind", width=7, priority=4),
    Column(key="size", title="size", width=5, justify="right", priority=2),
    Column(key="kept", title="kept", width=5, justify="right"),
    Column(key="level", title="gone", width=6, justify="right"),
    Column(key="bar", title="", width=_BAR, sortable=False, priority=3),
    Column(key="int8", title="int8", width=5, justify="right", priority=5),
    Column(key="zeros", title="zeros", width=6, justify="right", priority=7),
    Column(key="state", title="state", width=6, priority=1),
    Column(key="ms", title="ms", width=6, justify="right", priority=8),
    Column(key="saves", title="ms less", width=7, justify="right", priority=1),
)
_KINDS = {"hidden unit": "hidden"}
FIXED = "fixed"
"""Of channels that can never go; `locked` is what the user has locked."""


def channel_rows(
    view: ChannelView, entries: Sequence[Entry], unfolded: Collection[str], symbols: SymbolSet
) -> list[Row]:
    """One row for each group, for what is locked, and for the layers of what is unfolded.

    A layer sorts as its group does, so that it stays below it.
    """
    rows: dict[str, Row] = {}
    places = {one.key: at for at, one in enumerate(one for one in entries if not one.parent)}
    for entry in entries_in_sight(entries, unfolded):
        row = _row(view, entry, places.get(entry.key), unfolded, symbols)
        parent = rows.get(entry.parent)
        rows[entry.key] = replace(row, sort_values=parent.sort_values) if parent else row
    return list(rows.values())


def _row(
    view: ChannelView, entry: Entry, at: int | None, unfolded: Collection[str], symbols: SymbolSet
) -> Row:
    if entry.group is not None:
        row = _group_row(view, entry, entry.group, symbols)
    elif entry.locked is not None:
        row = _locked_row(view, entry, entry.locked)
    else:
        assert entry.layer is not None
        row = _layer_row(view, entry, entry.layer, symbols)
    style = str(row.cells["name"].style)
    fold = symbols.down if entry.key in unfolded else symbols.right
    own = {
        "fold": cell(fold if entry.unfolds else "", style),
        "at": cell("" if at is None else str(at), style),
    }
    return replace(row, cells={**own, **row.cells}, sort_values={"at": at, **row.sort_values})


def _group_row(view: ChannelView, entry: Entry, group: ChannelGroup, symbols: SymbolSet) -> Row:
    level, choice, name = view.level(group), view.choices.get(group.id), view.name(entry)
    int8 = sum(1 for one in group.producers if one in view.plan.quantized)
    style = "" if level or int8 else "dim"  # one style a row: each change of colour costs bytes
    kept, saved_ms = view.kept_of(group), view.saved_ms.get(group.id)
    ms, state = view.layers_ms(group.producers), _state(choice)
    texts = {
        "kind": _KINDS.get(group.kind, group.kind),
        "size": str(group.size),
        "kept": str(kept),
        "level": format_percent(level) if level else "none",
        "int8": f"{int8}/{len(group.producers)}" if int8 else "",
        "state": state,
        "ms": format_ms(ms),
        "saves": format_ms(saved_ms) if level else "",
    }
    return Row(
        key=entry.key,
        cells={
            "name": name_cell(name, style),
            "bar": bar_text(level, _BAR, symbols=symbols, style=style),
            **{column: cell(text, style) for column, text in texts.items()},
        },
        sort_values={
            "name": name,
            "kind": group.kind,
            "size": group.size,
            "kept": kept,
            "level": level,
            "int8": int8,
            "state": state,
            "ms": ms,
            "saves": saved_ms,
        },
        search=f"{name} {group.kind}",
    )


def _locked_row(view: ChannelView, entry: Entry, locked: LockedChannels) -> Row:
    name, style, ms = view.name(entry), "dim", view.layers_ms(locked.layers)
    return Row(
        key=entry.key,
        cells={
            "name": name_cell(name, style),
            "state": cell(FIXED, style),
            "ms": cell(format_ms(ms) if locked.layers else "", style),
        },
        sort_values={"name": name, "state": FIXED, "ms": ms},
        search=f"{name} {FIXED} {locked.reason}",
    )


def _layer_row(view: ChannelView, entry: Entry, layer: Layer, symbols: SymbolSet) -> Row:
    widths, zeros = view.layers.get(layer.id), view.plan.levels.get(layer.id, 0.0)
    gone = None if widths is None else 1 - widths.share(view.kept)
    is_int8 = layer.id in view.plan.quantized
    style = "" if gone or zeros or is_int8 else "dim"
    choice = next((one for one in view.plan.pruning.layers if one.id == layer.id), None)
    ms = view.layers_ms((layer.id,))
    texts = {
        "kind": layer.op_type,
        "size": "" if widths is None else str(widths.outputs.full),
        "kept": "" if widths is None else str(widths.outputs.at(view.kept)),
        "level": NOT_MEASURED if gone is None else format_percent(gone) if gone else "none",
        "int8": symbols.point if is_int8 else symbols.missing if layer.quantizable else "",
        "zeros": format_percent(zeros) if zeros else "",
        "state": _state(choice),
        "ms": format_ms(ms),
    }
    indent = "  " if entry.parent else ""
    return Row(
        key=entry.key,
        cells={
            "name": cell(indent, style) + name_cell(layer.label, style),
            "bar": bar_text(gone, _BAR, symbols=symbols, style=style),
            **{column: cell(text, style) for column, text in texts.items()},
        },
        sort_values={"name": layer.label, "kind": layer.op_type, "ms": ms, "level": gone},
        search=f"{layer.label} {layer.op_type}",
    )


def _state(choice: GroupLevel | LayerLevel | None) -> str:
    if choice is None:
        return ""
    return "locked" if choice.locked else "" if choice.enabled else "off"
