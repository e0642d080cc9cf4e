from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.history import History
from sparsify_tui.core.optimization import Optimization
from tests.core.examples import plan_of

plans = st.integers(0, 5).map(lambda number: plan_of(name=f"plan {number}"))
steps = st.lists(st.one_of(plans, st.sampled_from(["undo", "redo"])), max_size=30)


def walked(moves: list[Optimization | str]) -> History:
    history = History(present=plan_of(name="start"))
    for move in moves:
        if isinstance(move, Optimization):
            history = history.then(move)
        else:
            history = history.undo() if move == "undo" else history.redo()
    return history


@settings(max_examples=150, deadline=None)
@given(steps, plans)
def test_undo_and_redo_are_each_others_inverse(
    moves: list[Optimization | str], plan: Optimization
) -> None:
    history = walked(moves)

    if history.past:
        assert history.undo().redo() == history
    if history.future:
        assert history.redo().undo() == history
    if plan != history.present:
        assert history.then(plan).undo().present == history.present
        assert history.then(plan).future == ()


@settings(max_examples=80, deadline=None)
@given(steps)
def test_the_ends_of_history_and_no_change_are_no_steps(moves: list[Optimization | str]) -> None:
    history = walked(moves)
    oldest = newest = history
    for _ in range(31):
        oldest, newest = oldest.undo(), newest.redo()

    assert oldest.present.name == "start"
    assert oldest.undo() is oldest
    assert newest.redo() is newest
    assert history.then(history.present) is history


def test_history_forgets_the_oldest_of_many_steps() -> None:
    history = walked([plan_of(name=str(number)) for number in range(500)])
    for _ in range(500):
        history = history.undo()

    assert history.present.name == "299"
