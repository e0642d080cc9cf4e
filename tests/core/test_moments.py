from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.moments import moments_of, pooled, varies, without_each

sizes = st.lists(st.integers(0, 6), min_size=2, max_size=6).filter(lambda one: sum(one) > 1)


def parts_of(seed: int, counts: list[int]) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [random.normal(random.normal(0, 5), 1, count) for count in counts]


def cells_of(parts: list[np.ndarray]) -> np.ndarray:
    """One output; a fourth column holds the sum."""
    rows = [[*moments_of(part, 1)[0], part.sum()] for part in parts]
    return np.array(rows)[:, None, :]


def expected(parts: list[np.ndarray]) -> list[float]:
    joined = np.concatenate(parts)
    return [joined.size, joined.mean(), joined.var() * joined.size, joined.sum()]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1000), sizes)
def test_pooled_parts_have_the_moments_of_all_entries(seed: int, counts: list[int]) -> None:
    parts = parts_of(seed, counts)

    found = pooled(cells_of(parts))

    np.testing.assert_allclose(found[0], expected(parts), rtol=1e-9, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1000), sizes)
def test_a_part_can_be_taken_away_again(seed: int, counts: list[int]) -> None:
    parts = parts_of(seed, counts)
    cells = cells_of(parts)

    found = without_each(cells, pooled(cells))

    for at, row in enumerate(found[:, 0]):
        rest = parts[:at] + parts[at + 1 :]
        if sum(map(len, rest)):
            np.testing.assert_allclose(row, expected(rest), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("value", [0.1, -7.3, 1e30, 0.0])
def test_a_constant_scatters_by_exactly_nothing(value: float) -> None:
    moments = moments_of(np.full((3, 7), value), 3)

    assert moments[:, 2].tolist() == [0, 0, 0]
    assert pooled(moments[:, None, :])[0, 2] == 0
    assert not varies(moments).any()


def test_what_varies_by_less_than_a_float_can_tell_does_not_vary() -> None:
    count, mean = 10.0, 100.0
    scatters = [count * (share * mean) ** 2 for share in (1e-8, 1e-6)]

    moments = np.array([[count, mean, scatter] for scatter in scatters])

    assert varies(moments).tolist() == [False, True]


def test_nothing_has_no_moments() -> None:
    assert moments_of(np.zeros((2, 0)), 2).tolist() == [[0, 0, 0], [0, 0, 0]]
