from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sparsify_tui.analyses.data import check_data
from sparsify_tui.codec import document_from
from sparsify_tui.core.images import ImageOptions
from sparsify_tui.core.project import DataSet
from sparsify_tui.errors import DataError, UsageError
from tests.analyses.fakes import finished, options
from tests.analyses.models import saved, two_layers
from tests.analyses.pictures import one_conv, picture


def test_a_file_that_fits_is_described(tmp_path: Path) -> None:
    path, data = saved(two_layers(), tmp_path / "m.onnx"), tmp_path / "d.npz"
    np.savez(data, x=np.zeros((7, 4), np.float32), labels=np.zeros(7, int))

    found = finished(check_data(options=options(path, data=str(data)), role="test"))

    assert found == DataSet(
        role="test", path=str(data), samples=7, labelled=True, problems=found.problems
    )
    assert any("only 7 samples" in problem for problem in found.problems)
    assert any("x is 0 everywhere" in problem for problem in found.problems)


def test_a_test_set_without_labels_is_refused(tmp_path: Path) -> None:
    path, data = saved(two_layers(), tmp_path / "m.onnx"), tmp_path / "d.npz"
    np.savez(data, x=np.zeros((7, 4), np.float32))

    with pytest.raises(DataError, match="has no labels"):
        finished(check_data(options=options(path, data=str(data)), role="test"))


def folder_of(path: Path, *, seeds: range = range(20), broken: bool = False) -> Path:
    for seed in seeds:
        picture(path / f"{'odd' if seed % 2 else 'even'}" / f"{seed:03}.png", seed)
    if broken:
        (path / "odd" / "999.png").write_bytes(b"no image")
    return path


def attach(
    folder: Path, data: Path, role: str | None = None, *attached: DataSet, **images: Any
) -> DataSet:
    path = saved(one_conv(), folder / "m.onnx")
    asked = options(
        path, data=str(data), images=((str(data), ImageOptions(**images)),) if images else ()
    )
    documents = [document_from(one) for one in attached]
    return finished(check_data(options=asked, role=role, attached=documents))  # type: ignore[arg-type]


def test_a_folder_of_images_is_described(tmp_path: Path) -> None:
    found = attach(tmp_path, folder_of(tmp_path / "images"), mean=(0.5,))

    assert (found.role, found.samples, found.labelled, found.problems) == ("test", 20, True, ())
    assert found.images == ImageOptions(mean=(0.5,))
    assert found.reading.startswith("RGB, centre crop to 8x8, nchw, pixels 0..1, mean 0.5, std 1")
    assert found.reading.endswith("classes are its 2 sub-folders by name")


def test_options_of_images_are_not_ignored_for_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=np.zeros((3, 3, 8, 8), np.float32))

    assert attach(tmp_path, tmp_path / "d.npz").reading == ""
    with pytest.raises(UsageError, match=r"d\.npz holds arrays"):
        attach(tmp_path, tmp_path / "d.npz", mean=(0.5,))


def test_without_a_role_labels_decide(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")

    assert attach(tmp_path, tmp_path / "images").role == "calibration"
    assert attach(tmp_path, folder_of(tmp_path / "c"), "calibration").role == "calibration"


def test_a_broken_image_is_named_when_it_is_attached(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"999\.png cannot be read"):
        attach(tmp_path, folder_of(tmp_path / "images", seeds=range(150), broken=True))


def test_the_same_images_are_not_calibrated_and_tested_with(tmp_path: Path) -> None:
    first = attach(tmp_path, folder_of(tmp_path / "one"))
    copy = folder_of(tmp_path / "two")

    with pytest.raises(DataError, match="Of the 20 samples of two, 20 are in the test set one"):
        attach(tmp_path, copy, "calibration", first, mean=(0.5,))
    assert attach(tmp_path, copy, "test", first).path == str(copy)
    part = attach(
        tmp_path, folder_of(tmp_path / "three", seeds=range(18, 40)), "calibration", first
    )
    assert part.problems == ("2 of its 22 samples are in the test set, too",)


def test_a_set_that_went_away_is_no_obstacle(tmp_path: Path) -> None:
    gone = DataSet(role="test", path=str(tmp_path / "gone.npz"), samples=9, labelled=True)

    found = attach(tmp_path, folder_of(tmp_path / "images"), "calibration", gone)
    assert found.problems[0].startswith("whether samples are in the test set, too, is not known")
