from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from sparsify_tui.onnxio.hints import Hints, input_hints
from sparsify_tui.onnxio.load import load_model
from tests.analyses.models import INT, branches_at, model, on_tokens, saved, tensor, weight


def hints(path: Path, nodes: Sequence[NodeProto], *constants: TensorProto) -> Hints:
    """Of a model whose input is ids [n, t]."""
    proto = model(nodes, [tensor("ids", "n", "t", dtype=INT)], [tensor("y")], constants)
    return input_hints(load_model(saved(proto, path / "m.onnx")))


def constant(name: str, values: object) -> TensorProto:
    return numpy_helper.from_array(np.array(values), name)


def node(kind: str, *inputs: str, **attributes: object) -> NodeProto:
    return helper.make_node(kind, list(inputs), ["y"], **attributes)


def test_an_input_that_looks_up_a_table_has_as_many_values_as_rows(tmp_path: Path) -> None:
    found = input_hints(load_model(saved(on_tokens(90), tmp_path / "m.onnx")))

    assert found == Hints(rows={"ids": 90}, compared={})


def test_the_smallest_of_several_tables_counts(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Gather", [name, "ids"], [f"of {name}"]) for name in ("large", "small")
    ]
    tables = (weight("large", 50, 4), weight("small", 20, 4))

    for order in (nodes, nodes[::-1]):
        found = hints(tmp_path, [*order, node("Add", "of large", "of small")], *tables)
        assert found.rows == {"ids": 20}


def test_rows_are_counted_along_the_axis_that_is_looked_up(tmp_path: Path) -> None:
    found = hints(tmp_path, [node("Gather", "table", "ids", axis=-1)], weight("table", 50, 4))

    assert found.rows == {"ids": 4}


def test_form_changes_between_input_and_table_do_not_hide_it(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Cast", ["ids"], ["a"], to=TensorProto.INT32),
        helper.make_node("Unsqueeze", ["a", "axis"], ["b"]),
        node("Gather", "table", "b"),
    ]

    assert hints(tmp_path, nodes, weight("table", 9, 4), constant("axis", [1])).rows == {"ids": 9}


def test_a_sum_before_the_table_hides_it(tmp_path: Path) -> None:
    nodes = [helper.make_node("Add", ["ids", "two"], ["a"]), node("Gather", "table", "a")]

    assert hints(tmp_path, nodes, weight("table", 9, 4), constant("two", 2)).rows == {}


def test_one_hot_codes_tell_their_number_however_they_are_spelled(tmp_path: Path) -> None:
    plain = [node("OneHot", "ids", "depth", "values")]
    spelled = [
        helper.make_node("Unsqueeze", ["ids", "axis"], ["a"]),
        helper.make_node("Expand", ["codes", "shape"], ["b"]),
        node("Equal", "b", "a"),
    ]
    constants = (
        constant("depth", 7),
        constant("values", [0.0, 1.0]),
        constant("axis", [2]),
        constant("codes", list(range(7))),
        constant("shape", [1, 1, 7]),
    )

    for nodes in (plain, spelled):
        assert hints(tmp_path, nodes, *constants).rows == {"ids": 7}


def test_a_constant_that_an_input_is_compared_with_is_found_before_a_branch(
    tmp_path: Path,
) -> None:
    found = input_hints(load_model(saved(branches_at(22050), tmp_path / "m.onnx")))

    assert found == Hints(rows={}, compared={"sr": 22050.0})


def test_a_comparison_with_one_element_of_an_input_counts(tmp_path: Path) -> None:
    nodes = [helper.make_node("Gather", ["ids", "first"], ["a"]), node("Equal", "five", "a")]

    found = hints(tmp_path, nodes, constant("first", 0), constant("five", 5))
    assert found.compared == {"ids": 5.0}
