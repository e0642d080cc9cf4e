"""Finds the images of a folder, and the classes that its sub-folders stand for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from sparsify_tui.analyses.constants import listed_names
from sparsify_tui.core.model import TensorSpec
from sparsify_tui.core.protocols import Array
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_shape
from sparsify_tui.errors import DataError

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFolder:
    """Its images in order of their names, one of each class in turn."""

    files: tuple[Path, ...]
    labels: Array | None = None
    """Index of each image's sub-folder among all of them; None where there are not several."""
    classes: int = 0


def holds_images(path: Path) -> bool:
    """Whether it is a folder with images in it or in its sub-folders, and with no `.npz`."""
    if not path.is_dir() or any(path.glob("*.npz")):
        return False
    return any(_images(path)) or any(any(_images(one)) for one in _folders(path))


def image_folder(path: Path) -> ImageFolder:
    """Lists the images.

    Several sub-folders are classes, in order of their names as in torchvision's ImageFolder;
    one without images keeps its index. Classes alternate, so that the first few samples, which
    are all that much is measured on, do not show one class alone.

    Raises:
        DataError: Images lie both beside and in sub-folders.
    """
    beside, folders = sorted(_images(path)), _folders(path)
    within = [sorted(_images(one)) for one in folders]
    if beside and any(within):
        raise DataError(
            f"{clean_text(path)} holds images both beside and in its sub-folders.",
            "Put all into sub-folders, which are the classes, or all beside one another.",
        )
    if beside or len(folders) < 2:
        return ImageFolder(files=tuple(beside or chain.from_iterable(within)))
    turns = sorted(
        (turn, label, file) for label, one in enumerate(within) for turn, file in enumerate(one)
    )
    _, labels, files = zip(*turns, strict=True)
    return ImageFolder(files=files, labels=np.array(labels), classes=len(folders))


def image_input(path: Path, inputs: tuple[TensorSpec, ...]) -> TensorSpec:
    """The input that the images of a folder are for.

    Raises:
        DataError: None takes images, several do, or others need values, too.
    """
    takers = [spec for spec in inputs if len(spec.shape) == 4]
    if len(takers) != 1:
        known = ", ".join(
            f"{clean_text(spec.name)} is {spec.dtype} {format_shape(spec.shape)}" for spec in inputs
        )
        raise DataError(
            f"{clean_text(path)} holds images, but {'several inputs' if takers else 'no input'} "
            f"could take them: {known}.",
            "Images go to the one input of four axes; for others give an .npz, or --value INPUT=V.",
        )
    others = [spec.name for spec in inputs if spec is not takers[0]]
    if others:
        raise DataError(
            f"{clean_text(path)} holds images for the input {clean_text(takers[0].name)}, "
            f"but nothing for {listed_names(others)}.",
            "Give a constant with --value INPUT=V, or all inputs in an .npz.",
        )
    return takers[0]


def _images(folder: Path) -> Iterable[Path]:
    return (
        file
        for file in folder.iterdir()
        if file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()
    )


def _folders(path: Path) -> list[Path]:
    """Sub-folders by name, but for hidden ones and the leavings of archivers."""
    return sorted(
        one for one in path.iterdir() if one.is_dir() and not one.name.startswith((".", "__"))
    )
