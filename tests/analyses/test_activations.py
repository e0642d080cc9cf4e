from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.analyses.activations import Activations

STEPS = st.lists(st.tuples(st.booleans(), st.integers(0, 4), st.integers(0, 40)), max_size=30)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, budget=st.sampled_from([0, 100, 1 << 20]))
def test_it_gives_back_what_was_put_last_whatever_the_budget(
    steps: list[tuple[bool, int, int]], budget: int
) -> None:
    kept, wanted = Activations(budget), {}
    for is_put, key, size in steps:
        if is_put:
            wanted[key] = np.arange(size, dtype=np.float32) + size
            kept.put(key, {"a": wanted[key], "b": wanted[key].T})
            continue
        found = kept.get(key)
        if key in wanted:
            assert found is not None
            np.testing.assert_array_equal(found["a"], wanted[key])
        else:
            assert found is None


def test_what_fits_stays_in_memory() -> None:
    kept = Activations(400)
    for key in range(10):
        kept.put(key, {"a": np.zeros(10, np.float32)})

    assert kept.spilled == 0
    kept.put(10, {"a": np.zeros(1, np.float32)})
    assert kept.spilled == 1


def test_what_was_not_used_for_longest_goes_first() -> None:
    kept = Activations(80)
    first = np.zeros(10, np.float32)
    kept.put("first", {"a": first})
    kept.put("second", {"a": np.ones(10, np.float32)})
    kept.get("first")
    kept.put("third", {"a": np.ones(10, np.float32)})

    assert kept.get("first")["a"] is first


def test_a_group_larger_than_the_budget_is_kept_as_long_as_it_is_the_newest() -> None:
    kept = Activations(1)
    kept.put("a", {"x": np.zeros(10)})

    assert kept.spilled == 0


@pytest.mark.parametrize("name", ["file", "allow_pickle", "/layer.1/Conv:0", "a.npy", "arr_0", ""])
def test_tensors_may_have_any_name(name: str) -> None:
    kept = Activations(0)
    kept.put("one", {name: np.ones(3), "other": np.zeros(2)})
    kept.put("two", {})

    assert kept.spilled == 1
    assert kept.get("one")[name].tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "array",
    [np.array(["a", "bc"], object), np.array(3.5), np.zeros((0, 4), np.int64), np.array([True])],
)
def test_arrays_of_any_type_and_shape_come_back_from_files(array: np.ndarray) -> None:
    kept = Activations(0)
    kept.put("one", {"x": array})
    kept.put("two", {})

    found = kept.get("one")["x"]
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert np.array_equal(found, array)


def test_threads_may_share_it() -> None:
    kept = Activations(100)

    def use(turn: int) -> bool:
        key = turn % 7
        kept.put(key, {"x": np.full(20, key)})
        return all((found := kept.get(one)) is None or found["x"][0] == one for one in range(7))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(use, range(200)))
