from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sparsify_tui.analyses.samples import Samples
from sparsify_tui.analyses.splits import fingerprints, shared_samples, split_warnings
from sparsify_tui.core.options import RunOptions
from sparsify_tui.errors import DataError
from tests.analyses.pictures import picture


def numbers(*values: int, source: str = "d.npz", **more: float) -> Samples:
    arrays = {"x": np.array(values)[:, None].repeat(3, axis=1)}
    arrays |= {name: np.full(len(values), value) for name, value in more.items()}
    return Samples(source=source, arrays=arrays, constants={}, fixed={})


def test_samples_are_told_apart_by_all_their_inputs() -> None:
    assert fingerprints(numbers(1, 2)) == fingerprints(numbers(2, 1))
    assert fingerprints(numbers(1, 2)) != fingerprints(numbers(1, 3))
    assert fingerprints(numbers(1, 2, y=0)) != fingerprints(numbers(1, 2, y=1))


def test_sets_of_other_samples_go_together() -> None:
    assert shared_samples(numbers(*range(20)), numbers(*range(20, 30)), "test") == ""


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (range(20), range(20)),
        (range(5), range(100)),
        (range(100), range(5)),
        (range(10), range(5, 99)),
    ],
)
def test_half_of_either_set_makes_them_one(mine: range, theirs: range) -> None:
    with pytest.raises(
        DataError, match=r"samples of mine\.npz, .* are in the test set theirs\.npz"
    ) as caught:
        shared_samples(
            numbers(*mine, source="mine.npz"), numbers(*theirs, source="theirs.npz"), "test"
        )

    assert "data remove PROJECT test" in caught.value.hint


def test_a_few_shared_samples_are_counted() -> None:
    found = shared_samples(numbers(*range(20)), numbers(*range(17, 40)), "calibration")

    assert found == "3 of its 20 samples are in the calibration set, too"


def test_images_are_the_same_by_their_files(tmp_path: Path) -> None:
    def folder(name: str, *seeds: int) -> Samples:
        files = tuple(picture(tmp_path / name / f"{seed}.png", seed) for seed in seeds)
        return Samples(source=name, arrays={}, constants={}, fixed={}, files=files)

    first = folder("one", 1, 2, 3)
    assert fingerprints(first) == fingerprints(folder("two", 1, 2, 3))
    assert not fingerprints(first).keys() & fingerprints(folder("three", 4)).keys()
    first.files[0].unlink()
    with pytest.raises(DataError, match=r"1\.png cannot be read: no such file"):
        fingerprints(first)


def test_a_measurement_on_the_test_set_says_so() -> None:
    assert split_warnings(RunOptions(path="m", data="a", calibration="a")) == ()
    assert split_warnings(RunOptions(path="m")) == ()
    assert split_warnings(RunOptions(path="m", data="other", calibration="a", test="b")) == ()
    (warning,) = split_warnings(RunOptions(path="m", data="b", calibration="a", test="b"))
    assert "on the test set" in warning
