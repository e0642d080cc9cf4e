from __future__ import annotations

from itertools import chain, combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.mincut import source_side

WORTHS = st.lists(st.integers(-9, 9), min_size=1, max_size=6)
LINKS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 9)), max_size=8)


def value(worth: dict[int, float], links: list[tuple[int, int, float]], chosen: set[int]) -> float:
    split = sum(cost for one, other, cost in links if (one in chosen) != (other in chosen))
    return sum(worth[member] for member in chosen) - split


@given(WORTHS, LINKS)
@settings(max_examples=150, deadline=None)
def test_no_other_subset_is_worth_more(values: list[int], drawn: list[tuple[int, int, int]]):
    worth = {at: float(one) for at, one in enumerate(values)}
    links = [(a, b, float(c)) for a, b, c in drawn if a in worth and b in worth and a != b]
    best = max(
        value(worth, links, set(some))
        for some in chain.from_iterable(combinations(worth, size) for size in range(len(worth) + 1))
    )
    assert value(worth, links, source_side(worth, links)) == best


def test_a_costly_link_keeps_neighbours_together():
    assert source_side({"a": 5.0, "b": -3.0}, [("a", "b", 4.0)]) == {"a", "b"}
    assert source_side({"a": 2.0, "b": -3.0}, [("a", "b", 4.0)]) == set()
    assert source_side({"a": 5.0, "b": -3.0}, [("a", "b", 1.0)]) == {"a"}
