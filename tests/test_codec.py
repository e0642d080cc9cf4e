from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.codec import document_from, value_from
from sparsify_tui.core.modifiers import MODIFIERS, Epochs, LearningRate, Pruning
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.project import Project
from sparsify_tui.core.protocols import Progress
from sparsify_tui.errors import SparsifyError
from tests.core.examples import full_project, level, plan_of

PROJECT = full_project()

JUNK: Any = st.sampled_from(
    [None, True, -1, 1e999, "x", "\x1b[2J", [], [1], {}, {"kind": "Pruning"}, 10**400, "Epochs"]
)


def through_json(value: object) -> Any:
    return json.loads(json.dumps(document_from(value)))


def paths_of(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where every node of a document is."""
    found = [path] if path else []
    nodes = document.items() if isinstance(document, dict) else enumerate(document)
    for key, node in nodes:
        found += paths_of(node, (*path, key)) if isinstance(node, dict | list) else [(*path, key)]
    return found


def test_a_whole_project_survives_json() -> None:
    assert value_from(through_json(PROJECT), Project) == PROJECT


def test_every_kind_of_modifier_is_in_that_project() -> None:
    kinds = {type(one) for plan in PROJECT.optimizations for one in plan.modifiers}

    assert kinds == set(MODIFIERS)


def test_a_modifier_is_told_by_its_kind() -> None:
    document = through_json(plan_of(Pruning(), Epochs(), LearningRate()))

    assert [one["kind"] for one in document["modifiers"]] == ["Pruning", "Epochs", "LearningRate"]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=8), st.floats(0, 1), st.booleans()), max_size=5),
    st.text(max_size=20),
    st.none() | st.floats(0, 100),
)
def test_every_optimization_survives_json(
    layers: list[tuple[str, float, bool]], name: str, decay: float | None
) -> None:
    pruning = Pruning(layers=tuple(level(one, value, locked=on) for one, value, on in layers))
    plan = plan_of(pruning, LearningRate(decay_epoch=decay), name=name)

    assert value_from(through_json(plan), Optimization) == plan


def test_shapes_keep_names_and_sizes_apart() -> None:
    assert value_from(through_json(PROJECT), Project).model.inputs[0].shape == ("batch", 3, 8, 8)


def test_a_field_that_is_not_in_the_document_has_its_default() -> None:
    assert value_from({"path": "net.onnx"}, RunOptions) == RunOptions(path="net.onnx")


def test_a_field_that_nobody_knows_is_passed_over() -> None:
    document = {**document_from(PROJECT), "later": 1}

    assert value_from(document, Project) == PROJECT


def test_whole_numbers_become_floats_where_floats_belong() -> None:
    found = value_from({"done": 1, "total": 2, "item": "a", "left_s": 3}, Progress)

    assert isinstance(found.left_s, float)


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "text",
        {},
        {**document_from(PROJECT), "dims": 5},
        {**document_from(PROJECT), "stamp": {"size": float("inf"), "mtime_ns": 0}},
        {**document_from(PROJECT), "data": [{"role": "spy"}]},
        {**document_from(PROJECT), "optimizations": [{**document_from(plan_of()), "modifiers": 1}]},
        {
            **document_from(PROJECT),
            "optimizations": [{**document_from(plan_of()), "modifiers": [{"kind": "Magic"}]}],
        },
    ],
)
def test_a_document_that_does_not_fit_is_explained(document: object) -> None:
    with pytest.raises(
        SparsifyError, match=r"A stored Project cannot be understood: \w+"
    ) as caught:
        value_from(document, Project)

    assert caught.value.hint


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_junk_in_a_document_does_worse_than_be_explained(data: st.DataObject) -> None:
    document = through_json(PROJECT)
    *parents, last = data.draw(st.sampled_from(paths_of(document)))
    node = document
    for key in parents:
        node = node[key]
    node[last] = data.draw(JUNK)

    with contextlib.suppress(SparsifyError):
        assert isinstance(value_from(document, Project), Project)


def test_what_a_document_says_of_itself_cannot_reach_the_terminal() -> None:
    document = document_from(replace(PROJECT.stamp)) | {"size": "\x1b[2J" * 10_000}

    with pytest.raises(SparsifyError) as caught:
        value_from(document, type(PROJECT.stamp))

    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 400
