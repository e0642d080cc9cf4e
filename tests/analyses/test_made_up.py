from __future__ import annotations

import numpy as np
import pytest

from sparsify_tui.analyses.made_up import (
    RANKING_ONLY,
    USABLE_RANKING,
    confidence_of,
    made_up_feeds,
)
from sparsify_tui.core.model import TensorSpec
from sparsify_tui.core.protocols import Array
from sparsify_tui.errors import DataError


def spec(name: str, dtype: str, *shape: int) -> TensorSpec:
    return TensorSpec(name=name, dtype=dtype, shape=shape)


IDS, MASK = spec("ids", "int64", 4, 500), spec("mask", "int64", 4, 500)


def made_up(*inputs: TensorSpec, **rows: int) -> dict[str, Array]:
    return made_up_feeds(inputs, rows)


def test_floats_are_standard_normal_in_their_own_type() -> None:
    noise = made_up(spec("x", "float16", 50, 50))["x"]

    assert noise.dtype == np.float16
    assert abs(float(noise.mean())) < 0.1
    assert 0.9 < float(noise.std()) < 1.1


def test_integers_that_look_up_rows_use_all_of_them_and_no_other() -> None:
    ids = made_up(IDS, MASK, ids=30)["ids"]

    assert set(np.unique(ids)) == set(range(30))


def test_beside_tokens_a_mask_is_full() -> None:
    assert (made_up(IDS, MASK, ids=30)["mask"] == 1).all()


def test_integers_of_which_nothing_is_known_are_zero_or_one() -> None:
    feeds = made_up(IDS, spec("on", "bool", 40))

    assert set(np.unique(feeds["ids"])) == {0, 1}
    assert set(np.unique(feeds["on"])) == {False, True}


def test_rows_beyond_the_type_are_left_out() -> None:
    ids = made_up(spec("ids", "int8", 4000), ids=9999)["ids"]

    assert set(np.unique(ids)) == set(range(128))


@pytest.mark.parametrize(
    ("dtype", "says"), [("str", "cannot be made up"), ("sequence_type", "cannot be fed")]
)
def test_an_input_that_is_no_number_is_named(dtype: str, says: str) -> None:
    with pytest.raises(DataError, match=f"words is of type {dtype}, which {says}") as caught:
        made_up(spec("words", dtype, 1))

    assert caught.value.hint


def power_at(array: Array, axis: int) -> Array:
    """Mean power by frequency along an axis."""
    spectrum = np.abs(np.fft.rfft(array, axis=axis)) ** 2
    return spectrum.mean(axis=tuple(one for one in range(array.ndim) if one != axis))


@pytest.mark.parametrize(("shape", "height"), [((8, 3, 64, 48), 2), ((8, 48, 64, 1), 1)])
def test_images_have_the_spectrum_of_photographs_and_unit_variance(
    shape: tuple[int, ...], height: int
) -> None:
    images = made_up(spec("x", "float32", *shape))["x"]

    assert images.dtype == np.float32
    assert images.std(axis=(1, 2, 3)) == pytest.approx(np.ones(8), rel=1e-3)
    for axis in (height, height + 1):
        power = power_at(images, axis)
        assert power[2] > 5 * power[16]
    assert np.array_equal(images, made_up(spec("x", "float32", *shape))["x"])


@pytest.mark.parametrize(
    "shape", [(8, 3, 64, 15), (8, 3, 15, 64), (8, 4, 64, 64), (8, 64, 64), (64, 64)]
)
def test_what_has_no_shape_of_images_is_white(shape: tuple[int, ...]) -> None:
    noise = made_up(spec("x", "float32", *shape))["x"]

    for axis in range(1, noise.ndim):
        power = power_at(noise, axis)
        assert power.max() < 4 * power.mean()


def test_images_in_half_precision_stay_finite() -> None:
    images = made_up(spec("x", "float16", 1, 3, 224, 224))["x"]

    assert images.dtype == np.float16
    assert np.isfinite(images).all()


@pytest.mark.parametrize(
    ("inputs", "rows", "confidence"),
    [
        ((IDS, MASK), {"ids": 30}, USABLE_RANKING),
        ((IDS, MASK), {}, RANKING_ONLY),
        ((IDS, spec("x", "float32", 2, 3)), {"ids": 30}, RANKING_ONLY),
        ((spec("x", "float32", 2, 3),), {}, RANKING_ONLY),
        ((IDS, spec("rate", "float32")), {"ids": 30}, USABLE_RANKING),
    ],
)
def test_only_tokens_give_a_ranking_of_use(
    inputs: tuple[TensorSpec, ...], rows: dict[str, int], confidence: str
) -> None:
    assert confidence_of(made_up(*inputs, **rows), rows) == confidence
