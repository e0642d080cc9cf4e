from __future__ import annotations

from dataclasses import replace

from sparsify_tui.core.modifiers import Epochs
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.tui.plan_editor import PlanEditor
from tests.core.examples import plan_of

PLAN = plan_of(Epochs(end_epoch=1.0))


def longer(plan: Optimization) -> Optimization:
    return plan.with_modifier(Epochs(end_epoch=(plan.find(Epochs) or Epochs()).end_epoch + 1))


def looking_at(plan: Optimization | None) -> PlanEditor:
    editor = PlanEditor()
    editor.look_at(plan)
    return editor


def test_with_nothing_open_nothing_can_be_done() -> None:
    editor = looking_at(None)

    assert not editor.edit(longer)
    assert not editor.undo()
    assert (editor.plan, editor.steps, editor.take_unsaved()) == (None, (0, 0), None)


def test_an_edit_is_stored_once() -> None:
    editor = looking_at(PLAN)

    assert editor.edit(longer)
    assert editor.take_unsaved() == longer(PLAN)
    assert editor.take_unsaved() is None
    assert editor.undo()
    assert editor.take_unsaved() == PLAN


def test_no_change_is_no_step_and_nothing_to_store() -> None:
    editor = looking_at(PLAN)

    assert not editor.edit(lambda plan: plan)
    assert not editor.undo()
    assert not editor.redo()
    assert editor.take_unsaved() is None


def test_the_past_stays_when_the_plan_comes_back_from_the_store() -> None:
    editor = looking_at(PLAN)
    editor.edit(longer)
    stored = editor.take_unsaved()
    assert stored is not None
    editor.look_at(replace(stored, modified="later"))

    assert editor.steps == (1, 0)
    assert editor.plan is not None
    assert editor.plan.modified == "later"


def test_unsaved_edits_are_not_undone_by_what_is_stored() -> None:
    editor = looking_at(PLAN)
    editor.edit(longer)
    editor.look_at(PLAN)

    assert editor.plan == longer(PLAN)


def test_another_plan_has_no_past_and_nothing_unsaved() -> None:
    editor = looking_at(PLAN)
    editor.edit(longer)
    other = plan_of(Epochs(), key="o2")
    editor.look_at(other)

    assert (editor.plan, editor.steps, editor.take_unsaved()) == (other, (0, 0), None)
