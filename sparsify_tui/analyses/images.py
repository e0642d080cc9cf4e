"""Turns untrusted image files into a model's input, one by one as they are asked for."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sparsify_tui.analyses.constants import dtype_of, sizes_of
from sparsify_tui.core.images import ImageOptions, image_texts
from sparsify_tui.core.model import TensorSpec
from sparsify_tui.core.protocols import Array
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_count, format_shape
from sparsify_tui.errors import DataError, MissingEngineError

try:
    from PIL import Image, ImageOps
except ImportError as error:
    raise MissingEngineError(
        f"Reading images needs Pillow: {clean_text(error)}.", "pip install sparsify-tui[images]"
    ) from error

_FORMATS = ("BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Decoders that need no other program; each one more is one more to attack."""
_DEEP_MODES = ("I", "F")
"""Starts of the modes that hold more than 8 bits a channel."""
_KEPT_BYTES = 1 << 29
"""Of decoded pixels; images beyond that are decoded again when they are asked for again."""
_UNREADABLE = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    struct.error,
    zlib.error,
)
"""What decoding a damaged or foreign file raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageForm:
    """What the images of a folder become: sizes, order and numbers."""

    channels: int
    height: int
    width: int
    is_channels_last: bool
    mean: Array
    """One a channel, or one for all, in the unit of scaled pixels."""
    std: Array
    factor: float
    """What a pixel in 0..255 is multiplied by."""
    is_stretched: bool
    dtype: np.dtype[np.generic]

    def fed(self, pixels: Array) -> Array:
        """The input made of pixels [samples, height, width, channels] in 0..255."""
        if self.dtype.kind == "f":
            scaled = (pixels * np.float32(self.factor) - self.mean) / self.std
        else:
            scaled = pixels
        ordered = scaled if self.is_channels_last else scaled.transpose(0, 3, 1, 2)
        return np.asarray(ordered, dtype=self.dtype, order="C")

    @property
    def words(self) -> str:
        """What is done to an image."""
        size = f"{self.width}x{self.height}"
        return ", ".join(
            (
                "grey" if self.channels == 1 else "RGB",
                f"stretched to {size}" if self.is_stretched else f"centre crop to {size}",
                "nhwc" if self.is_channels_last else "nchw",
                "pixels 0..1" if self.factor != 1 else "pixels 0..255",
                *(
                    f"{name} {','.join(f'{one:g}' for one in values)}"
                    for name, values in (("mean", self.mean), ("std", self.std))
                ),
            )
        )


class ImageRows:
    """Images as an array [samples, …] whose rows are decoded when they are asked for.

    Args:
        files: One an image.
        form: What they become.
    """

    ndim = 4

    def __init__(self, files: Sequence[Path], form: ImageForm) -> None:
        self.files = tuple(files)
        self.form = form
        self.dtype = form.dtype
        self._kept: dict[int, Array] = {}

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, rows: Array | slice, /) -> Array:
        """Raises DataError with the name of an image that cannot be read."""
        asked = np.arange(len(self.files))[rows]
        return self.form.fed(np.stack([self._pixels(int(row)) for row in asked]))

    def _pixels(self, row: int) -> Array:
        if (kept := self._kept.get(row)) is not None:
            return kept
        pixels = decoded(self.files[row], self.form)
        if (len(self._kept) + 1) * pixels.nbytes <= _KEPT_BYTES:
            self._kept[row] = pixels
        return pixels


def image_form(spec: TensorSpec, options: ImageOptions) -> ImageForm:
    """What images become for an input.

    Args:
        spec: Of the input, at fixed sizes.
        options: As given by the user.

    Raises:
        DataError: Shape, type and options do not go together, with what was found.
    """
    where, shape, kind = f"The input {clean_text(spec.name)}", sizes_of(spec), dtype_of(spec)
    is_last = _is_channels_last(shape, options)
    channels, height, width = (shape[axis] for axis in ((3, 1, 2) if is_last else (1, 2, 3)))
    if channels not in (1, 3):
        raise DataError(
            f"{where} is {format_shape(shape)}, in {'nhwc' if is_last else 'nchw'} "
            f"{channels} channels, but images have 1 or 3.",
            "Say where the channels are with --layout nchw or --layout nhwc, or give an .npz.",
        )
    if kind.kind not in "fiu" or not np.can_cast(np.uint8, kind):
        raise DataError(
            f"{where} wants {spec.dtype}, which cannot hold pixels from 0 to 255.",
            "Give an .npz with what the model takes.",
        )
    _check_numbers(where, channels, kind, options)
    return ImageForm(
        channels=channels,
        height=height,
        width=width,
        is_channels_last=is_last,
        mean=np.array(options.mean or (0,), np.float32),
        std=np.array(options.std or (1,), np.float32),
        factor=1 / 255 if kind.kind == "f" and options.scale != "0..255" else 1.0,
        is_stretched=options.resize == "stretch",
        dtype=kind,
    )


def decoded(file: Path, form: ImageForm) -> Array:
    """The pixels of an image at the input's size, [height, width, channels] in 0..255.

    Bilinear, over all pixels that one of the smaller image covers. A rotation that is only
    noted in the file is not carried out, as training pipelines leave it.

    Raises:
        DataError: The file is damaged, too large, or no image, with its name.
    """
    size = (form.width, form.height)
    with _named(file), Image.open(file, formats=_FORMATS) as image:
        if image.mode.startswith(_DEEP_MODES):
            raise DataError(
                f"{clean_text(file)} has more than 8 bits a channel (mode {image.mode}).",
                "Convert it to 8 bits.",
            )
        plain = image.convert("L" if form.channels == 1 else "RGB")
        if form.is_stretched:
            sized = plain.resize(size, Image.Resampling.BILINEAR)
        else:
            sized = ImageOps.fit(plain, size, Image.Resampling.BILINEAR)
    return np.asarray(sized).reshape(form.height, form.width, form.channels)


@contextmanager
def _named(file: Path) -> Iterator[None]:
    """Tells any failure to decode with the name of the file."""
    shown = clean_text(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise DataError(
            f"{shown} has more than {format_count(Image.MAX_IMAGE_PIXELS)} pixels, "
            "as files made to fill the memory have.",
            "Make it smaller, or take it out of the folder.",
        ) from error
    except _UNREADABLE as error:
        raise DataError(
            f"{shown} cannot be read as an image: {clean_text(error).rstrip('.')}.",
            "Replace it, or take it out of the folder.",
        ) from error


def _is_channels_last(shape: tuple[int, ...], options: ImageOptions) -> bool:
    if options.layout != "auto":
        return options.layout == "nhwc"
    return shape[1] not in (1, 3) and shape[3] in (1, 3)


def _check_numbers(
    where: str, channels: int, kind: np.dtype[np.generic], options: ImageOptions
) -> None:
    for name, numbers in (("mean", options.mean), ("std", options.std)):
        if len(numbers) > 1 and len(numbers) != channels:
            raise DataError(
                f"{where} has {channels} channel, but the {name} is {image_texts(options)[name]}.",
                f"Give one number with --{name}.",
            )
    if kind.kind != "f" and (options.mean or options.std or options.scale == "0..1"):
        raise DataError(
            f"{where} wants {kind}, so pixels are fed as they are, from 0 to 255.",
            "Leave out --mean, --std and --scale.",
        )
