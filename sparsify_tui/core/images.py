"""How the images of a folder become a model's input."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from sparsify_tui.errors import UsageError

Layout = Literal["auto", "nchw", "nhwc"]
Scale = Literal["auto", "0..1", "0..255"]
Resize = Literal["crop", "stretch"]

LAYOUTS: tuple[Layout, ...] = get_args(Layout)
SCALES: tuple[Scale, ...] = get_args(Scale)
RESIZES: tuple[Resize, ...] = get_args(Resize)
_CHOICES: Mapping[str, tuple[str, ...]] = {"layout": LAYOUTS, "scale": SCALES, "resize": RESIZES}
_NUMBERS = ("mean", "std")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOptions:
    """What a shape does not tell: a pixel becomes (pixel in `scale` − mean) ÷ std."""

    mean: tuple[float, ...] = ()
    """One for all channels or one each, in the unit of `scale`; empty: 0."""
    std: tuple[float, ...] = ()
    """Likewise; empty: 1."""
    layout: Layout = "auto"
    """Where the channels are; auto: by the model's shape."""
    scale: Scale = "auto"
    """Range of the pixels; auto: 0..1 for inputs of floats, 0..255 for those of integers."""
    resize: Resize = "crop"
    """To cover the model's size, the middle kept; or stretched to it."""


def image_texts(options: ImageOptions) -> dict[str, str]:
    """The options as a person would type them; `with_image_texts` reads the same values back."""
    return {name: _text(value) for name, value in asdict(options).items()}


def with_image_texts(options: ImageOptions, texts: Mapping[str, str]) -> ImageOptions:
    """The options with some read from text, by name.

    Raises:
        UsageError: Which one, and what it takes.
    """
    read: dict[str, Any] = {
        name: _numbers(name, text) if name in _NUMBERS else _choice(name, text)
        for name, text in texts.items()
    }
    return replace(options, **read)


def _text(value: object) -> str:
    return ",".join(f"{one:g}" for one in value) if isinstance(value, tuple) else str(value)


def _numbers(name: str, text: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in text.split(",")) if text.strip() else ()
    except ValueError:
        numbers = (math.nan,)
    is_well = all(map(math.isfinite, numbers)) and not (
        name == "std" and min(numbers, default=1) <= 0
    )
    if len(numbers) not in (0, 1, 3) or not is_well:
        above = " above 0" if name == "std" else ""
        raise UsageError(
            f"The {name} is one or three numbers{above}, not {text!r}.",
            f"Example: --{name} {'0.229,0.224,0.225' if name == 'std' else '0.485,0.456,0.406'}",
        )
    return numbers


def _choice(name: str, text: str) -> str:
    if text not in _CHOICES[name]:
        raise UsageError(
            f"The {name} of images is one of {', '.join(_CHOICES[name])}, not {text!r}."
        )
    return text
