from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.images import (
    LAYOUTS,
    RESIZES,
    SCALES,
    ImageOptions,
    image_texts,
    with_image_texts,
)
from sparsify_tui.errors import UsageError

NUMBERS = st.sampled_from([(), (0.5,), (0.485, 0.456, 0.406), (123.675, 116.28, 103.53)])
OPTIONS = st.builds(
    ImageOptions,
    mean=NUMBERS,
    std=NUMBERS,
    layout=st.sampled_from(LAYOUTS),
    scale=st.sampled_from(SCALES),
    resize=st.sampled_from(RESIZES),
)


@given(options=OPTIONS)
@settings(max_examples=30, deadline=None)
def test_what_is_shown_is_read_as_the_same(options: ImageOptions) -> None:
    assert with_image_texts(ImageOptions(), image_texts(options)) == options


def test_only_what_is_named_changes() -> None:
    kept = ImageOptions(mean=(0.5,), layout="nhwc")

    assert with_image_texts(kept, {}) == kept
    assert with_image_texts(kept, {"mean": ""}) == ImageOptions(layout="nhwc")


@pytest.mark.parametrize("text", ["x", "1,2", "1,2,3,4", "nan", "1,inf,2", "1,,2"])
@pytest.mark.parametrize("name", ["mean", "std"])
def test_numbers_are_one_or_three_finite_ones(name: str, text: str) -> None:
    with pytest.raises(UsageError, match=f"The {name} is one or three numbers") as caught:
        with_image_texts(ImageOptions(), {name: text})

    assert f"--{name}" in caught.value.hint


def test_only_a_mean_may_be_zero_or_less() -> None:
    assert with_image_texts(ImageOptions(), {"mean": "0,-1,2"}).mean == (0, -1, 2)
    for text in ("0", "1,-1,1"):
        with pytest.raises(UsageError, match="above 0"):
            with_image_texts(ImageOptions(), {"std": text})


@pytest.mark.parametrize("name", ["layout", "scale", "resize"])
def test_a_choice_is_one_of_those_there_are(name: str) -> None:
    with pytest.raises(UsageError, match=f"The {name} of images is one of .*, not 'x'"):
        with_image_texts(ImageOptions(), {name: "x"})
