"""The finest sets of elements that can only go together."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.onnxio.channels.units import Elements, Lock

PAIRS = st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=60)


def together(pairs: list[tuple[int, int]]) -> list[set[int]]:
    """The same, one pair at a time."""
    sets = [{at} for at in range(30)]
    for one, other in pairs:
        joined = sets[one] | sets[other]
        for at in joined:
            sets[at] = joined
    return sets


@settings(max_examples=50, deadline=None)
@given(PAIRS)
def test_elements_that_were_joined_over_any_others_are_one_unit(
    pairs: list[tuple[int, int]],
) -> None:
    elements = Elements()
    ids = elements.fresh(30)
    for one, other in pairs:
        elements.join(ids[[one]], ids[[other]])
    unit = elements.solved().unit
    for at, others in enumerate(together(pairs)):
        assert set(np.flatnonzero(unit == unit[at])) == others


def test_a_long_chain_is_one_unit() -> None:
    elements = Elements()
    ids = elements.fresh(5000)
    elements.join(ids[:-1][::-1], ids[1:][::-1])
    assert elements.solved().count == 1


def test_a_unit_is_locked_by_the_first_reason_given_for_any_of_its_elements() -> None:
    elements = Elements()
    ids = elements.fresh(6)
    elements.join(ids[:2], ids[2:4])
    elements.lock(ids[4:5], Lock(reason="last"))
    elements.lock(ids[2:3], Lock(reason="first"))
    elements.lock(ids[:1], Lock(reason="second", end="output"))
    solved = elements.solved()
    reasons = {at: solved.locks[solved.lock[solved.unit[at]]].reason for at in (0, 2, 4)}
    assert reasons == {0: "first", 2: "first", 4: "last"}
    assert solved.is_locked[solved.unit].tolist() == [True, False, True, False, True, False]
    assert solved.at_output[solved.unit].tolist() == [True, False, True, False, False, False]


def test_nothing_has_no_units() -> None:
    assert Elements().solved().count == 0
