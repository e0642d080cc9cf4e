"""The layers of an optimization as rows of a table."""

from __future__ import annotations

from sparsify_tui.core.model import Layer
from sparsify_tui.core.modifiers import LayerLevel
from sparsify_tui.core.optimization import Optimization, changeable_layers
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.project import Project
from sparsify_tui.core.units import format_count, format_ms, format_percent
from sparsify_tui.tui.cells import cell, name_cell
from sparsify_tui.tui.symbols import SymbolSet
from sparsify_tui.tui.widgets.inline_bar import bar_text
from sparsify_tui.tui.widgets.table_model import Column, Row

_BAR = 12
COLUMNS = (
    Column(key="at", title="#", width=4, justify="right", priority=4),
    Column(key="name", title="layer", width=18, grows=True),
    Column(key="op", title="op", width=7, priority=5),
    Column(key="params", title="params", width=6, justify="right", priority=2),
    Column(key="sparsity", title="sparsity", width=8, justify="right"),
    Column(key="int8", title="int8", width=4),
    Column(key="bar", title="", width=_BAR, sortable=False, priority=3),
    Column(key="state", title="state", width=6, priority=1),
    Column(key="ms", title="ms", width=6, justify="right", priority=4),
)


def plan_rows(
    project: Project, plan: Optimization, profile: PerfProfile | None, symbols: SymbolSet
) -> list[Row]:
    """One row for each layer that can be changed, in graph order; untouched ones are dim."""
    quantized = plan.quantized
    choices = {one.id: one for one in plan.pruning.layers}
    return [
        _row(
            at,
            layer,
            choices.get(layer.id) or LayerLevel(id=layer.id, level=0.0),
            is_int8=layer.id in quantized,
            ms=profile.layer_ms(layer.id) if profile else None,
            symbols=symbols,
        )
        for at, layer in enumerate(changeable_layers(project.model))
    ]


def _row(
    at: int,
    layer: Layer,
    choice: LayerLevel,
    *,
    is_int8: bool,
    ms: float | None,
    symbols: SymbolSet,
) -> Row:
    level = choice.effective
    state = "locked" if choice.locked else "" if choice.enabled else "off"
    style = "" if level or is_int8 else "dim"  # one style a row: each change of colour costs bytes
    texts = {
        "at": str(at),
        "op": layer.op_type,
        "params": format_count(layer.weight_params),
        "sparsity": format_percent(level) if level else "dense",
        "int8": symbols.point if is_int8 else symbols.missing if layer.quantizable else "",
        "state": state,
        "ms": format_ms(ms),
    }
    return Row(
        key=layer.id,
        cells={
            "name": name_cell(layer.label, style),
            "bar": bar_text(level, _BAR, symbols=symbols, style=style),
            **{key: cell(text, style) for key, text in texts.items()},
        },
        sort_values={
            "at": at,
            "name": layer.label,
            "op": layer.op_type,
            "params": layer.weight_params,
            "sparsity": level,
            "int8": float(is_int8),
            "state": state,
            "ms": ms,
        },
        search=f"{layer.label} {layer.op_type}",
    )
