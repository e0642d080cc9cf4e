from __future__ import annotations

from pathlib import Path

import pytest

from sparsify_tui.analyses.image_folder import holds_images, image_folder, image_input
from sparsify_tui.core.model import TensorSpec
from sparsify_tui.errors import DataError

X = TensorSpec(name="x", dtype="float32", shape=(1, 3, 8, 8))
FLAT = TensorSpec(name="flat", dtype="float32", shape=(1, 4))


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names(path: Path) -> list[str]:
    return [str(file.relative_to(path)) for file in image_folder(path).files]


def test_images_beside_one_another_have_no_labels(tmp_path: Path) -> None:
    touch(tmp_path, "b.PNG", "a.jpeg", "notes.txt", ".hidden.png", "__MACOSX/c.png")

    assert holds_images(tmp_path)
    assert names(tmp_path) == ["a.jpeg", "b.PNG"]
    assert image_folder(tmp_path).labels is None


def test_sub_folders_are_classes_by_name_that_alternate_even_where_some_are_empty(
    tmp_path: Path,
) -> None:
    touch(
        tmp_path, "dog/2.png", "dog/1.png", "cat/9.png", "eel/notes.txt", "fox/0.png", ".git/x.png"
    )

    found = image_folder(tmp_path)
    assert names(tmp_path) == ["cat/9.png", "dog/1.png", "fox/0.png", "dog/2.png"]
    assert found.labels is not None
    assert found.labels.tolist() == [0, 1, 3, 1]
    assert found.classes == 4


def test_one_sub_folder_is_no_class(tmp_path: Path) -> None:
    touch(tmp_path, "images/1.png")

    assert names(tmp_path) == ["images/1.png"]
    assert image_folder(tmp_path).labels is None


def test_images_on_two_floors_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="both beside and in its sub-folders"):
        image_folder(touch(tmp_path, "a.png", "dog/b.png"))


def test_archives_come_before_images(tmp_path: Path) -> None:
    assert not holds_images(touch(tmp_path, "a.png", "a.npz"))


@pytest.mark.parametrize("name", ["notes.txt", "deep/er/a.png", "dir.png/notes.txt"])
def test_a_folder_without_images_holds_none(tmp_path: Path, name: str) -> None:
    assert not holds_images(touch(tmp_path, name))
    assert not holds_images(tmp_path / "nowhere")


def test_images_go_to_the_input_of_four_axes() -> None:
    assert image_input(Path("f"), (X,)) == X


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ((FLAT,), "f holds images, but no input could take them: flat is float32 1x4"),
        ((X, X), "several inputs could take them: x is float32 1x3x8x8"),
        ((X, FLAT), "images for the input x, but nothing for flat"),
    ],
)
def test_inputs_that_images_cannot_feed_are_named(
    inputs: tuple[TensorSpec, ...], says: str
) -> None:
    with pytest.raises(DataError, match=says) as caught:
        image_input(Path("f"), inputs)

    assert caught.value.hint
