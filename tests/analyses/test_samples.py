from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.analyses.samples import FEWEST_SAMPLES, Samples, load_samples, samples_for
from sparsify_tui.core.images import ImageOptions
from sparsify_tui.core.model import TensorSpec
from sparsify_tui.errors import DataError
from tests.analyses.pictures import picture

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


def test_a_value_fills_its_input() -> None:
    feeds = made_up(X, STATE, RATE, batch=2, rate=16000, state=0.5).batch(2)

    assert feeds["rate"] == 16000
    assert feeds["rate"].dtype == np.int64
    assert np.array_equal(feeds["state"], np.full((2, 2, 3), 0.5, np.float32))


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
    assert samples.batch(1)["rate"].shape == ()
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


def saved_arrays(folder: Path, **arrays: object) -> str:
    np.savez(folder / "d.npz", **arrays)  # type: ignore[arg-type]
    return str(folder / "d.npz")


def test_a_value_comes_before_the_file_and_the_file_before_what_was_found(tmp_path: Path) -> None:
    with_rate = saved_arrays(tmp_path, x=np.ones((3, 4), np.float32), rate=np.int64(7))

    def rate(data: str, **values: float) -> int:
        samples = samples_for(
            (X, RATE), data=data, dims={}, values=values, batch=1, found={"rate": 9.0}
        )
        return int(samples.batch(1)["rate"])

    assert rate(with_rate) == 7
    assert rate(with_rate, rate=8.0) == 8
    without = saved_arrays(tmp_path, x=np.ones((3, 4), np.float32))
    assert rate(without) == 9
    assert rate(without, rate=8.0) == 8


def test_made_up_samples_take_what_was_found() -> None:
    samples = samples_for((X, RATE), data=None, dims={}, values={}, batch=1, found={"rate": 9.0})

    assert samples.is_made_up
    assert samples.batch(1)["rate"] == 9


IDS = TensorSpec(name="ids", dtype="int64", shape=("n", "t"))


@pytest.mark.parametrize("worst", [-21, 20])
def test_indices_beyond_their_table_are_refused(tmp_path: Path, worst: int) -> None:
    def read(number: int) -> Samples:
        data = saved_arrays(tmp_path, ids=np.full((2, 3), number))
        return samples_for((IDS,), data=data, dims={}, values={}, batch=1, rows={"ids": 20})

    assert read(19).count == read(-20).count == 2
    with pytest.raises(DataError, match=f"ids looks up a table of 20 rows.*{worst}"):
        read(worst)


@pytest.mark.parametrize(("shape", "kept"), [((3,), (3,)), ((3, 1), (3,)), ((3, 2, 1), (3, 2))])
def test_labels_keep_their_axes_but_for_trailing_ones(
    tmp_path: Path, shape: tuple[int, ...], kept: tuple[int, ...]
) -> None:
    path = saved_arrays(tmp_path, x=np.ones((3, 4)), labels=np.zeros(shape, int))

    labels = load_samples(Path(path), (X,), {}).labels
    assert labels is not None
    assert labels.shape == kept


def rows_of(*values: float, count: int = FEWEST_SAMPLES) -> np.ndarray:
    return np.resize(np.array(values, np.float32), (count, 4))


def problems(*, count: int = FEWEST_SAMPLES, **arrays: np.ndarray) -> tuple[str, ...]:
    return Samples(source="", arrays=arrays, constants={}, fixed={}).problems()


def test_varied_samples_have_no_problem() -> None:
    assert problems(x=rows_of(1, 2, 3, 4, 5)) == ()


def test_made_up_samples_are_a_problem_of_their_own() -> None:
    assert made_up(X).problems() == ("the inputs are made up, no data is attached",)


def test_few_samples_are_counted() -> None:
    few = FEWEST_SAMPLES - 1

    assert problems(x=rows_of(1, 2, 3, 4, 5, count=few)) == (
        f"only {few} samples, fewer than {FEWEST_SAMPLES}",
    )
    assert problems(x=rows_of(1, 2, 3, 4, count=1))[0].startswith("only 1 sample,")


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (rows_of(0.5), "the input y is 0.5 everywhere"),
        (rows_of(1, 2, 3, 4), "the input y is the same in all samples"),
        (rows_of(1, 2, 3, 4, np.nan), "the input y holds NaN or infinity"),
        (rows_of(1, np.inf), "the input y holds NaN or infinity"),
    ],
)
def test_an_input_that_never_varies_is_named(array: np.ndarray, says: str) -> None:
    assert problems(x=rows_of(1, 2, 3, 4, 5), y=array) == (says,)


def test_a_full_mask_is_no_problem_unless_nothing_varies() -> None:
    mask = np.ones((FEWEST_SAMPLES, 4), np.int64)

    assert problems(ids=np.resize(np.arange(5), (FEWEST_SAMPLES, 4)), mask=mask) == ()
    assert problems(mask=mask) == ("all samples are the same",)


def test_words_are_handed_on_as_they_are(tmp_path: Path) -> None:
    words = TensorSpec(name="words", dtype="str", shape=("n",))
    path = saved_arrays(tmp_path, words=np.array(["one", "three"]))

    assert load_samples(Path(path), (words,), {}).batch(2)["words"].tolist() == ["one", "three"]


PICTURE = TensorSpec(name="picture", dtype="float32", shape=("n", 3, "h", "w"))


def images(folder: Path, *inputs: TensorSpec, **given: Any) -> Samples:
    for seed in range(5):
        picture(folder / "cat" / f"{seed}.png", seed)
    picture(folder / "dog" / "5.png", 5)
    return samples_for(inputs, data=str(folder), dims={}, **{"values": {}, "batch": 1, **given})


def test_a_folder_of_images_feeds_the_input_at_its_assumed_size(tmp_path: Path) -> None:
    samples = images(tmp_path, PICTURE, RATE, values={"rate": 3.0})

    assert samples.count == len(samples.files) == 6
    assert not samples.is_made_up
    assert samples.confidence == ""
    assert samples.labels is not None
    assert samples.labels.tolist() == [0, 1, 0, 0, 0, 0]
    feeds = samples.batch(4, start=4)
    assert feeds["rate"] == 3
    assert feeds["picture"].shape == (4, 3, 224, 224)
    assert np.array_equal(feeds["picture"][2], samples.batch(1)["picture"][0])
    assert samples.problems() == (f"only 6 samples, fewer than {FEWEST_SAMPLES}",)


def test_images_fill_a_batch_that_the_model_fixes(tmp_path: Path) -> None:
    fixed = replace(PICTURE, shape=(2, 3, 8, 8))

    assert images(tmp_path, fixed, batch=5).batch(5)["picture"].shape == (2, 3, 8, 8)


def test_images_take_constants_that_were_found(tmp_path: Path) -> None:
    samples = images(tmp_path, PICTURE, RATE, found={"rate": 9.0})

    assert samples.batch(1)["rate"] == 9


def test_images_are_read_as_asked(tmp_path: Path) -> None:
    samples = images(tmp_path, PICTURE, images=ImageOptions(mean=(7.0,)))

    assert samples.batch(1)["picture"].max() < -5
    assert "mean 7" in samples.reading


def test_images_that_no_input_takes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no input could take them: x is float32 1x4"):
        images(tmp_path, X)


def test_made_up_samples_say_what_they_are_good_for(tmp_path: Path) -> None:
    tokens = samples_for((IDS,), data=None, dims={}, values={}, batch=1, rows={"ids": 20})

    assert tokens.confidence == "random token ids: a usable ranking"
    assert made_up(X).confidence == "ranking only, low confidence"
    data = saved_arrays(tmp_path, x=np.ones((3, 4), np.float32))
    assert samples_for((X,), data=data, dims={}, values={}, batch=1).confidence == ""
