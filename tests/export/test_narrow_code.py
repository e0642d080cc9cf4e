from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import Any

import pytest

from sparsify_tui.core.channels.edits import set_width, with_channels
from sparsify_tui.core.channels.groups import AxisWidth, GroupId, GroupPart
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.modifiers import ChannelPruning, Epochs, Quantization
from sparsify_tui.export.pytorch_code import integration_code
from sparsify_tui.export.recipe_yml import recipe_text
from tests.core.channel_examples import NET, STEM, analysis, net_map, whole, widths
from tests.core.examples import layer, model_of, plan_of
from tests.export.hostile import HOSTILE_NAMES

PLAN = with_channels(plan_of(Epochs(), ChannelPruning()), analysis(), 0.5)


def groups_of(code: str) -> tuple[dict[str, Any], ...]:
    (table,) = (
        node.value
        for node in ast.parse(code).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "GROUPS"
    )
    found: tuple[dict[str, Any], ...] = ast.literal_eval(table)
    return found


def functions_of(code: str) -> set[str]:
    return {node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)}


def test_the_table_says_what_stays_and_where_it_lies() -> None:
    stem, one = groups_of(integration_code(NET, set_width(PLAN, [STEM], 13)))

    assert stem == {
        "units": 16,
        "kept": "0-12",
        "outputs": {"stem": ((0, 0, 16, 1),), "two": ((0, 0, 16, 1),)},
        "inputs": {"one": ((0, 0, 16, 1),), "head": ((0, 0, 16, 4),)},
    }
    assert (one["kept"], one["inputs"]) == ("0-3", {"two": ((0, 0, 8, 1),)})


def test_gaps_part_the_units_that_stay() -> None:
    found = analysis(orders=((STEM, (2, 3, 5, 15)), *analysis().orders[1:]))

    code = integration_code(NET, set_width(with_channels(PLAN, found), [STEM], 12))

    assert groups_of(code)[0]["kept"] == "0-1 4 6-14"


def test_a_plan_that_cuts_nothing_brings_no_such_code() -> None:
    code = integration_code(NET, with_channels(plan_of(Epochs()), analysis()))

    assert functions_of(code) == {"train"}
    assert "silence" not in code
    assert "narrow" not in code


def test_both_ways_to_a_smaller_model_are_told() -> None:
    code = integration_code(NET, PLAN)

    assert {"train", "narrow", "kept_after_training", "narrow_recipe"} <= functions_of(code)
    assert "silence(model, inputs.to(device))" in code
    assert "kept_after_training" in (ast.get_docstring(ast.parse(code)) or "")


def test_with_int8_the_cut_comes_first() -> None:
    code = integration_code(NET, plan_of(*PLAN.modifiers, Quantization(layers=(LayerId("one"),))))

    assert "Cut the channels of the optimization first" in code
    assert "            silence(model" not in code


def test_the_recipe_of_the_narrow_model_drops_exactly_the_masks() -> None:
    code, text = integration_code(NET, PLAN), recipe_text(NET, PLAN)
    scope: dict[str, Any] = {"re": re, "RECIPE": _Text(text)}
    function = next(
        node
        for node in ast.parse(code).body
        if isinstance(node, ast.FunctionDef) and node.name == "narrow_recipe"
    )
    exec(compile(ast.Module(body=[function], type_ignores=[]), "code", "exec"), scope)

    left = scope["narrow_recipe"]()

    assert "Structured" in text
    assert "Structured" not in left
    assert left.startswith(text[: text.index("  - !Structured")])
    assert "!EpochRangeModifier" in left


class _Text:
    def __init__(self, text: str) -> None:
        self._text = text

    def read_text(self) -> str:
        return self._text


def test_a_group_with_a_layer_that_has_no_pytorch_name_is_left_whole_and_named() -> None:
    stem, one, two, _ = NET.layers
    model = model_of(stem, one, two, layer("head", module_path=None))

    code = integration_code(model, PLAN)

    assert [entry["units"] for entry in groups_of(code)] == [8]
    assert "# Left whole" in code
    assert "#     stem\n" in code


def test_a_group_whose_places_are_not_known_is_left_whole() -> None:
    vague = AxisWidth(parts=(GroupPart(id=STEM, size=16, elements=16),))
    layers = (widths("stem", AxisWidth(fixed=3), vague), *net_map().layers[1:])
    plan = with_channels(plan_of(Epochs()), analysis(net_map(layers=layers)), 0.5)

    assert [entry["units"] for entry in groups_of(integration_code(NET, plan))] == [8]


def test_a_layer_that_shares_an_axis_keeps_its_place_on_it() -> None:
    second = whole(STEM, 16).parts[0]
    assert second.positions([1]) == (1,)
    assert whole(STEM, 16, 4).parts[0].positions([0, 15]) == (0, 1, 2, 3, 60, 61, 62, 63)


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=ascii)
def test_hostile_names_stay_in_comments_and_strings(name: str) -> None:
    foreign = model_of(layer("stem", id=LayerId(name), module_path=None), *NET.layers[1:])
    stem, one = net_map().groups
    groups = (replace(stem, id=GroupId(name), producers=(LayerId(name), LayerId("two"))), one)
    plan = with_channels(plan_of(Epochs()), analysis(net_map(groups=groups)), 0.5)

    code = integration_code(foreign, plan)

    assert functions_of(code) == functions_of(integration_code(NET, PLAN))
    assert code.replace("\n", "").isprintable()
