from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.analyses.samples import Samples, check_values, load_samples, samples_for
from sparsify_tui.core.model import TensorSpec
from sparsify_tui.errors import DataError, UsageError

X = TensorSpec(name="x", dtype="float32", shape=("n", 4))
STATE = TensorSpec(name="state", dtype="float32", shape=(2, "n", 3))
RATE = TensorSpec(name="rate", dtype="int64", shape=())


def made_up(*inputs: TensorSpec, batch: int = 1, **given: float) -> Samples:
    return samples_for(inputs, data=None, dims={}, values=given, batch=batch)


def numbered(count: int) -> Samples:
    rows = np.arange(count, dtype=np.float32)[:, None].repeat(4, axis=1)
    return Samples(source="", arrays={"x": rows}, constants={}, fixed={})


def test_made_up_samples_are_the_same_each_time_and_shaped_for_the_batch() -> None:
    first, again = (made_up(X, STATE, RATE, batch=5).batch(5) for _ in range(2))

    assert {name: array.shape for name, array in first.items()} == {
        "x": (5, 4),
        "state": (2, 5, 3),
        "rate": (),
    }
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert first["x"].std() > 0.5


def test_made_up_integers_are_zero_or_one() -> None:
    tokens = TensorSpec(name="ids", dtype="int64", shape=(1, 50))

    assert set(np.unique(made_up(tokens).batch(1)["ids"])) == {0, 1}


def test_a_value_fills_its_input() -> None:
    feeds = made_up(X, STATE, RATE, batch=2, rate=16000, state=0.5).batch(2)

    assert feeds["rate"] == 16000
    assert feeds["rate"].dtype == np.int64
    assert np.array_equal(feeds["state"], np.full((2, 2, 3), 0.5, np.float32))


@pytest.mark.parametrize(("name", "value"), [("z", 1.0), ("rate", 0.5), ("rate", 1e30)])
def test_a_value_must_fit_an_input(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=name):
        check_values((X, RATE), {name: value})


def test_an_input_that_cannot_be_made_up_is_named() -> None:
    with pytest.raises(DataError, match="words is of type str") as caught:
        made_up(TensorSpec(name="words", dtype="str", shape=(1,)))

    assert "--data" in caught.value.hint


@given(count=st.integers(1, 9), size=st.integers(1, 7))
@settings(max_examples=30, deadline=None)
def test_batches_hold_each_sample_once_and_are_all_full(count: int, size: int) -> None:
    batches = list(numbered(count).batches(size))

    assert [row for _, rows in batches for row in rows] == list(range(count))
    for feeds, rows in batches:
        assert feeds["x"].shape == (size, 4)
        assert np.array_equal(feeds["x"][: len(rows), 0], rows)


def test_samples_start_again_when_they_run_out() -> None:
    assert numbered(3).batch(5, start=1)["x"][:, 0].tolist() == [1, 2, 0, 1, 2]


def test_a_fixed_first_axis_stays_whatever_the_batch(tmp_path: Path) -> None:
    fixed = TensorSpec(name="x", dtype="float32", shape=(2, 4))
    np.savez(tmp_path / "d.npz", x=np.zeros((7, 4), np.float32))

    samples = load_samples(tmp_path / "d.npz", (fixed,), {})

    assert samples.count == 7
    assert samples.batch(5)["x"].shape == (2, 4)


def test_a_file_is_read_as_the_types_of_the_model(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "d.npz", x=np.ones((3, 4)), rate=np.int32(7), labels=[0, 1, 1], unused=[1, 2]
    )

    samples = load_samples(tmp_path / "d.npz", (X, RATE), {})

    assert samples.source == "d.npz"
    assert samples.arrays["x"].dtype == np.float32
    assert samples.batch(1)["rate"] == 7
    assert samples.labels is not None
    assert samples.labels.tolist() == [0, 1, 1]
    assert samples.arrays.keys() == {"x"}


def test_an_input_with_a_value_needs_no_array(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=np.ones((3, 4), np.float32))

    samples = samples_for(
        (X, RATE), data=str(tmp_path / "d.npz"), dims={}, values={"rate": 2}, batch=1
    )

    assert samples.batch(1)["rate"] == 2


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros((2, 5), np.float32), "x is nx4, but the file has 2x5"),
        (np.zeros((2,), np.float32), "x is nx4, but the file has 2"),
        (np.zeros((2, 4), complex), "wants float32, but the file has complex128"),
        (np.zeros((0, 4), np.float32), "no samples"),
    ],
)
def test_an_array_that_does_not_fit_is_told_with_both_sides(
    tmp_path: Path, array: np.ndarray, says: str
) -> None:
    np.savez(tmp_path / "d.npz", x=array)

    with pytest.raises(DataError, match=says) as caught:
        load_samples(tmp_path / "d.npz", (X,), {})

    assert caught.value.hint


def test_whole_numbers_are_not_made_of_fractions(tmp_path: Path) -> None:
    ids = TensorSpec(name="ids", dtype="int64", shape=("n", 2))
    np.savez(tmp_path / "d.npz", ids=np.zeros((3, 2)))

    with pytest.raises(DataError, match="wants int64, but the file has float64"):
        load_samples(tmp_path / "d.npz", (ids,), {})
