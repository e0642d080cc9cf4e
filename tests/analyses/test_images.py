from __future__ import annotations

import io
import random
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sparsify_tui.analyses import images as module
from sparsify_tui.analyses.images import ImageRows, decoded, image_form
from sparsify_tui.core.images import ImageOptions
from sparsify_tui.core.model import TensorSpec
from sparsify_tui.core.protocols import Array
from sparsify_tui.errors import DataError, MissingEngineError
from tests.analyses.pictures import picture, pixels


def spec(*shape: int, dtype: str = "float32") -> TensorSpec:
    return TensorSpec(name="x", dtype=dtype, shape=shape)


def rows(file: Path, wanted: TensorSpec, **options: object) -> Array:
    form = image_form(wanted, ImageOptions(**options))  # type: ignore[arg-type]
    return ImageRows((file,), form)[:]


RGB, LAST = spec(1, 3, 8, 8), spec(1, 8, 8, 3)


def test_pixels_become_the_scaled_and_normalised_input(tmp_path: Path) -> None:
    colours = pixels(8, 8)
    file, mean, std = picture(tmp_path / "a.png", colours), (0.1, 0.2, 0.3), (0.4, 0.5, 0.6)

    fed = rows(file, RGB, mean=mean, std=std)

    assert fed.dtype == np.float32
    assert fed.shape == (1, 3, 8, 8)
    wanted = (colours / 255 - mean) / std
    assert fed[0] == pytest.approx(wanted.transpose(2, 0, 1), abs=1e-6)
    assert rows(file, LAST, mean=mean, std=std)[0] == pytest.approx(wanted, abs=1e-6)


def test_scale_and_type_of_the_input_say_what_a_pixel_is(tmp_path: Path) -> None:
    colours = pixels(8, 8)
    file = picture(tmp_path / "a.png", colours)

    assert np.array_equal(rows(file, LAST, scale="0..255")[0], colours.astype(np.float32))
    assert rows(file, LAST, scale="0..255", mean=(100.0,))[0] == pytest.approx(colours - 100.0)
    assert rows(file, spec(1, 8, 8, 3, dtype="float16")).dtype == np.float16
    whole = rows(file, spec(1, 8, 8, 3, dtype="uint8"))
    assert whole.dtype == np.uint8
    assert np.array_equal(whole[0], colours)


def test_one_channel_is_grey(tmp_path: Path) -> None:
    file = picture(tmp_path / "a.png", np.full((8, 8, 3), (255, 0, 0), np.uint8))

    assert rows(file, spec(1, 1, 8, 8)) == pytest.approx(0.299, abs=0.002)  # red in ITU-R 601
    assert rows(file, spec(1, 8, 8, 1)).shape == (1, 8, 8, 1)


def test_the_middle_is_kept_or_all_is_stretched(tmp_path: Path) -> None:
    wide = np.zeros((8, 24, 3), np.uint8)
    wide[:, 8:16] = 255
    file = picture(tmp_path / "a.png", wide)

    assert rows(file, RGB).min() == 1.0
    stretched = rows(file, RGB, resize="stretch")[0, 0, 0]
    assert (stretched[0], stretched[4], stretched[-1]) == (0, 1, 0)


def test_a_smaller_image_is_brought_to_the_size(tmp_path: Path) -> None:
    file = picture(tmp_path / "a.png", np.full((2, 3, 3), 51, np.uint8))

    assert rows(file, RGB) == pytest.approx(0.2)


@pytest.mark.parametrize("suffix", ["bmp", "jpg", "png", "ppm", "tif", "webp"])
@pytest.mark.parametrize("mode", ["RGB", "L", "1"])
def test_common_formats_and_modes_are_read(tmp_path: Path, suffix: str, mode: str) -> None:
    file = tmp_path / f"a.{suffix}"
    Image.fromarray(np.full((8, 8, 3), 255, np.uint8)).convert(mode).save(file)

    assert rows(file, RGB).min() > 0.99


@pytest.mark.parametrize("mode", ["P", "LA", "RGBA"])
def test_palettes_and_transparency_are_made_plain_colours(tmp_path: Path, mode: str) -> None:
    Image.fromarray(np.full((8, 8, 3), 255, np.uint8)).convert(mode).save(tmp_path / "a.png")

    assert rows(tmp_path / "a.png", RGB).shape == (1, 3, 8, 8)


def test_auto_takes_the_layout_of_the_shape_and_a_given_one_comes_first() -> None:
    def is_last(shape: tuple[int, ...], **options: object) -> bool:
        return image_form(spec(*shape), ImageOptions(**options)).is_channels_last  # type: ignore[arg-type]

    assert not is_last((1, 3, 8, 8))
    assert is_last((1, 8, 8, 1))
    assert not is_last((1, 3, 8, 3))
    assert is_last((1, 3, 8, 3), layout="nhwc")


@pytest.mark.parametrize(
    ("wanted", "options", "says"),
    [
        (spec(1, 4, 8, 8), {}, "x is 1x4x8x8, in nchw 4 channels, but images have 1 or 3"),
        (RGB, {"layout": "nhwc"}, "in nhwc 8 channels"),
        (spec(1, 1, 8, 8), {"mean": (1.0, 2.0, 3.0)}, "x has 1 channel, but the mean is 1,2,3"),
        (spec(1, 3, 8, 8, dtype="int8"), {}, "x wants int8, which cannot hold pixels"),
        (spec(1, 3, 8, 8, dtype="bool"), {}, "x wants bool, which cannot hold pixels"),
        (spec(1, 3, 8, 8, dtype="uint8"), {"std": (2.0,)}, "wants uint8, so pixels are fed as"),
        (spec(1, 3, 8, 8, dtype="uint8"), {"scale": "0..1"}, "wants uint8, so pixels are fed as"),
    ],
)
def test_what_does_not_go_together_is_told_before_any_image_is_read(
    wanted: TensorSpec, options: dict[str, object], says: str
) -> None:
    with pytest.raises(DataError, match=says) as caught:
        image_form(wanted, ImageOptions(**options))  # type: ignore[arg-type]

    assert caught.value.hint


def test_rows_are_picked_and_decoded_only_when_they_are_asked_for(tmp_path: Path) -> None:
    good = [picture(tmp_path / f"{at}.png", at) for at in range(3)]
    form = image_form(RGB, ImageOptions())
    images = ImageRows((*good, tmp_path / "gone.png"), form)

    assert len(images) == 4
    assert images.ndim == 4
    picked = images[np.array([2, 0, 2])]
    assert np.array_equal(picked[0], picked[2])
    assert np.array_equal(picked[1], images[:1][0])
    with pytest.raises(DataError, match=r"gone\.png cannot be read"):
        images[2:]


def test_what_was_decoded_is_kept_as_far_as_memory_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [picture(tmp_path / f"{at}.png", at) for at in range(2)]
    monkeypatch.setattr(module, "_KEPT_BYTES", 8 * 8 * 3)
    images = ImageRows(files, image_form(RGB, ImageOptions()))
    before = images[:]

    files[1].unlink()
    files[0].unlink()

    assert np.array_equal(images[:1], before[:1])
    with pytest.raises(DataError, match=r"1\.png"):
        images[1:]


def test_a_broken_image_is_named(tmp_path: Path) -> None:
    file = picture(tmp_path / "a.png", pixels(64, 64))
    file.write_bytes(file.read_bytes()[:2000])

    with pytest.raises(DataError, match=r"a\.png cannot be read as an image: ") as caught:
        rows(file, RGB)
    assert "out of the folder" in caught.value.hint


def test_an_image_that_would_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = picture(tmp_path / "a.png", pixels(64, 64))

    for most in (64 * 64 - 1, 64 * 64 // 2 - 1):  # Pillow warns of the first, refuses the second
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", most)
        with pytest.raises(DataError, match=r"a\.png has more than .* pixels"):
            rows(file, RGB)


def test_more_than_eight_bits_are_refused_rather_than_cut(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 40000, np.uint16)).save(tmp_path / "a.png")

    with pytest.raises(DataError, match="more than 8 bits a channel"):
        rows(tmp_path / "a.png", RGB)


def test_no_other_decoder_is_ever_tried(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n"
    )

    with pytest.raises(DataError, match="cannot identify"):
        rows(tmp_path / "a.png", RGB)


def _saved(form: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels(16, 16)).save(buffer, form)
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP"])
def test_damage_of_any_kind_is_a_sentence(tmp_path: Path, form: str) -> None:
    dice, path, whole = random.Random(0), tmp_path / "x.png", _saved(form)
    wanted = image_form(RGB, ImageOptions())
    for _ in range(150):
        raw = bytearray(whole)
        for _ in range(dice.choice([1, 3, 30])):
            raw[dice.randrange(min(len(raw), 200))] = dice.randrange(256)
        path.write_bytes(raw[: dice.choice([len(raw), dice.randrange(len(raw))])])
        with suppress(DataError):
            decoded(path, wanted)


def test_without_pillow_the_command_that_installs_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.delitem(sys.modules, module.__name__)

    with pytest.raises(MissingEngineError, match="Pillow") as caught:
        __import__(module.__name__)

    assert caught.value.hint == "pip install sparsify-tui[images]"
    assert caught.value.exit_code == 3


def words(wanted: TensorSpec, **options: object) -> str:
    return image_form(wanted, ImageOptions(**options)).words  # type: ignore[arg-type]


def test_what_is_done_to_an_image_is_said() -> None:
    assert words(spec(1, 3, 6, 9)) == "RGB, centre crop to 9x6, nchw, pixels 0..1, mean 0, std 1"
    assert (
        words(spec(1, 6, 9, 1), resize="stretch", scale="0..255", mean=(0.5,), std=(2.0,))
        == "grey, stretched to 9x6, nhwc, pixels 0..255, mean 0.5, std 2"
    )
