from __future__ import annotations

from dataclasses import replace

from sparsify_tui.core.model import LayerId
from sparsify_tui.core.modifiers import Pruning, Quantization
from sparsify_tui.tui.plan_table import plan_rows
from sparsify_tui.tui.symbols import ASCII, UNICODE
from tests.core.examples import full_project, layer, level, model_of, plan_of

PROJECT = replace(
    full_project(),
    model=model_of(
        layer("a"),
        layer("b", quantizable=False),
        layer("c", prunable=False),
        layer("norm", prunable=False, quantizable=False),
    ),
)
PLAN = plan_of(Pruning(layers=(level("b", 0.5),)), Quantization(layers=(LayerId("c"),)))


def test_a_mark_says_what_is_int8_what_is_not_and_what_cannot_be() -> None:
    for symbols in (UNICODE, ASCII):
        rows = plan_rows(PROJECT, PLAN, None, symbols)
        marks = {row.key: row.cells["int8"].plain for row in rows}
        assert marks == {"a": symbols.missing, "b": "", "c": symbols.point}


def test_a_layer_that_nothing_is_done_to_is_dim() -> None:
    styles = {row.key: row.cells["op"].style for row in plan_rows(PROJECT, PLAN, None, UNICODE)}

    assert styles == {"a": "dim", "b": "", "c": ""}


def test_int8_can_be_sorted_by() -> None:
    values = [row.sort_values["int8"] for row in plan_rows(PROJECT, PLAN, None, UNICODE)]

    assert values == [0.0, 0.0, 1.0]
