from __future__ import annotations

import io
import os
import random
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from sparsify_tui.analyses import archives
from sparsify_tui.analyses.archives import read_arrays
from sparsify_tui.errors import DataError


def test_the_files_of_a_folder_are_joined_in_order_of_their_names(tmp_path: Path) -> None:
    for name, value in (("b", 2.0), ("a", 1.0)):
        np.savez(tmp_path / f"{name}.npz", x=np.full((2, 3), value))

    assert read_arrays(tmp_path)["x"][:, 0].tolist() == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ({"y": np.zeros(2)}, "b.npz holds y, but a.npz holds x"),
        ({"x": np.zeros((2, 9))}, "b.npz has 2x9 for x, but a.npz has 2x3"),
        ({"x": np.zeros(2)}, "b.npz has 2 for x, but a.npz has 2x3"),
        ({"x": np.zeros(())}, "b.npz has scalar for x, but a.npz has 2x3"),
    ],
)
def test_files_that_do_not_go_together_are_refused(
    tmp_path: Path, second: dict[str, np.ndarray], says: str
) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((2, 3)))
    np.savez(tmp_path / "b.npz", **second)

    with pytest.raises(DataError, match=says):
        read_arrays(tmp_path)


def test_a_single_array_is_refused_with_the_way_to_save_it(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(3))

    with pytest.raises(DataError, match="single array") as caught:
        read_arrays(tmp_path / "x.npy")

    assert "numpy.savez" in caught.value.hint


def test_python_objects_are_never_loaded(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=np.array([{"a": 1}], dtype=object))

    with pytest.raises(DataError, match="cannot be read"):
        read_arrays(tmp_path / "x.npz")


def test_a_pipe_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.npz")

    with pytest.raises(DataError, match="not a plain file"):
        read_arrays(tmp_path / "x.npz")


def test_damage_of_any_kind_is_a_sentence(tmp_path: Path) -> None:
    dice, path, buffer = random.Random(0), tmp_path / "x.npz", io.BytesIO()
    np.savez_compressed(buffer, x=np.arange(200.0), labels=np.arange(9))

    for _ in range(300):
        raw = bytearray(buffer.getvalue())
        for _ in range(dice.choice([1, 3, 30])):
            raw[dice.randrange(len(raw))] = dice.randrange(256)
        path.write_bytes(raw[: dice.choice([len(raw), dice.randrange(len(raw))])])
        with suppress(DataError):
            read_arrays(path)


def test_a_folder_without_samples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither \.npz files nor images"):
        read_arrays(tmp_path)


def test_a_scalar_of_all_files_is_one(tmp_path: Path) -> None:
    for name, rate in (("a", 7), ("b", 7), ("c", 8)):
        np.savez(tmp_path / f"{name}.npz", x=np.zeros((2, 3)), rate=np.int64(rate))

    with pytest.raises(DataError, match=r"c\.npz has 8 for the scalar rate, but a\.npz has 7"):
        read_arrays(tmp_path)
    (tmp_path / "c.npz").unlink()
    assert read_arrays(tmp_path)["rate"] == 7


def test_an_archive_that_unpacks_beyond_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez_compressed(tmp_path / "x.npz", x=np.zeros(100_000))
    monkeypatch.setattr(archives, "available_memory", lambda: 500_000)

    with pytest.raises(DataError, match=r"x\.npz holds 800 kB, but this machine has 500 kB"):
        read_arrays(tmp_path / "x.npz")
