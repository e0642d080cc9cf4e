"""The table without a measurement: FLOPs and parameters, and what a plan would leave of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rich.text import Text

from sparsify_tui.core.model import Layer, LayerId, Model
from sparsify_tui.core.units import format_count, format_percent
from sparsify_tui.tui.cells import cell, name_cell
from sparsify_tui.tui.perf.layer_table import (
    AT,
    FLOPS,
    NAME,
    OP,
    PARAMS,
    SHARE,
    SHARE_BAR,
    bar_texts,
)
from sparsify_tui.tui.symbols import SymbolSet
from sparsify_tui.tui.widgets.table_model import Column, Row

_SIZES = (replace(PARAMS, priority=0), replace(FLOPS, priority=0), SHARE_BAR, SHARE)
_AFTER = (
    Column(key="level", title="zeros", width=6, justify="right", priority=3),
    Column(key="params_left", title="params left", width=11, justify="right", priority=2),
    Column(key="flops_left", title="FLOPs left", width=10, justify="right", priority=1),
)


def flops_columns(*, has_plan: bool) -> tuple[Column, ...]:
    """Sizes, and those after the plan where there is one."""
    return (AT, NAME, replace(OP, priority=4), *_SIZES, *(_AFTER if has_plan else ()))


def flops_rows(model: Model, levels: Mapping[LayerId, float], symbols: SymbolSet) -> list[Row]:
    """The layers in graph order; the share is of all FLOPs."""
    whole = model.flops
    shares = [
        layer.flops / whole if layer.flops is not None and whole else None for layer in model.layers
    ]
    bars = bar_texts(shares, symbols)
    return [
        _row(at, layer, levels.get(layer.id, 0.0), share, bar)
        for at, (layer, share, bar) in enumerate(zip(model.layers, shares, bars, strict=True))
    ]


def _row(at: int, layer: Layer, level: float, share: float | None, bar: Text) -> Row:
    kept = min(1 - level, layer.density)
    flops_left = None if layer.flops is None else layer.flops * kept
    params_left = layer.params - layer.weight_params * (1 - kept)
    return Row(
        key=layer.id,
        cells={
            "at": cell(str(at)),
            "name": name_cell(layer.label),
            "op": name_cell(layer.op_type),
            "params": cell(format_count(layer.params)),
            "flops": cell(format_count(layer.flops)),
            "bar": bar,
            "share": cell(format_percent(share)),
            "level": cell(format_percent(1 - kept)),
            "params_left": cell(format_count(round(params_left))),
            "flops_left": cell(format_count(flops_left)),
        },
        sort_values={
            "at": at,
            "name": layer.label,
            "op": layer.op_type,
            "params": layer.params,
            "flops": layer.flops,
            "share": share,
            "level": 1 - kept,
            "params_left": params_left,
            "flops_left": flops_left,
        },
        search=f"{layer.label} {layer.op_type}",
    )
