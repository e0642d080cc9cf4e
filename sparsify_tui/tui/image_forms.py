"""The form that asks how the images of a folder are read."""

from __future__ import annotations

from collections.abc import Callable

from sparsify_tui.core.images import (
    LAYOUTS,
    RESIZES,
    SCALES,
    ImageOptions,
    image_texts,
    with_image_texts,
)
from sparsify_tui.errors import UsageError
from sparsify_tui.tui.dialogs.field import Field


def image_fields(options: ImageOptions) -> tuple[Field, ...]:
    """One field for each of the options."""
    texts = image_texts(options)
    return (
        _numbers("mean", texts, "One number or one a channel, in the unit below; empty: 0."),
        _numbers("std", texts, "One number or one a channel; empty: 1."),
        _choice("scale", texts, SCALES, "auto: 0..1 for floats, 0..255 for integers"),
        _choice("layout", texts, LAYOUTS, "auto: where the model has 1 or 3 channels"),
        _choice("resize", texts, RESIZES, "cover the size and keep the middle, or stretch"),
    )


def _numbers(name: str, texts: dict[str, str], words: str) -> Field:
    return Field(name=name, label=name, value=texts[name], help=words, check=_check(name))


def _choice(name: str, texts: dict[str, str], choices: tuple[str, ...], words: str) -> Field:
    return Field(
        name=name, label=name, value=texts[name], help=words, kind="choice", choices=choices
    )


def _check(name: str) -> Callable[[str], str | None]:
    def problem(text: str) -> str | None:
        try:
            with_image_texts(ImageOptions(), {name: text})
        except UsageError as error:
            return error.message
        return None

    return problem
