from __future__ import annotations

import numpy as np
import pytest

from sparsify_tui.analyses.exercise import Channels, is_constant, warnings_of
from sparsify_tui.core.protocols import Array

DICE = np.random.default_rng(0)


def scores(*answers: int, classes: int = 10) -> Array:
    """One row an answer, whose value is the largest."""
    return (
        np.eye(classes, dtype=np.float32)[list(answers)] + DICE.random((len(answers), classes)) / 9
    )


def said(
    output: Array, labels: Array | None = None, activation: Array | None = None
) -> tuple[str, ...]:
    channels = {} if activation is None else {"a": Channels.of(activation)}
    return warnings_of({"y": output}, labels, channels, len(output))


VARIED = scores(*range(10), *range(10))


def test_data_that_shows_all_there_is_gives_no_warning() -> None:
    assert said(VARIED, np.arange(20) % 10, np.abs(DICE.standard_normal((20, 4)))) == ()


def test_few_classes_among_the_answers_are_counted() -> None:
    (warning,) = said(scores(*([3, 7] * 20)))

    assert warning.startswith("Of the 10 values of output y, only 2 are ever the largest")
    assert "40 samples" in warning


@pytest.mark.parametrize(
    ("classes", "shown", "is_few"),
    [(2, 1, True), (2, 2, False), (3, 2, False), (10, 2, True), (10, 3, False)],
)
def test_two_of_few_classes_are_enough(classes: int, shown: int, *, is_few: bool) -> None:
    assert bool(said(scores(*(list(range(shown)) * 8), classes=classes))) is is_few


def test_few_samples_are_not_blamed_for_the_classes_they_cannot_show() -> None:
    assert said(scores(1, 2, 3, 4, 5, 6, classes=1000)) == ()
    assert said(scores(1, 1, 1, classes=1000)) == ()


def test_what_is_no_row_of_scores_a_sample_has_no_classes() -> None:
    boxes = np.zeros((8, 5, 10), np.float32) + np.arange(8)[:, None, None]

    assert said(boxes) == ()
    assert said(np.arange(8.0)[:, None]) == ()


def test_few_classes_among_the_labels_are_counted() -> None:
    assert said(VARIED, np.zeros(20, int)) == ("Of 10 classes, only 1 is among the labels.",)


def test_labels_that_are_no_classes_are_left_alone() -> None:
    assert said(VARIED, np.full(20, 0.5)) == ()
    assert said(VARIED, np.full(20, 10)) == ()
    assert said(VARIED, np.zeros((20, 3), int)) == ()


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_an_output_that_never_changes_carries_no_information(scale: float) -> None:
    one = np.float32(scale) * DICE.standard_normal((1, 6)).astype(np.float32)
    rounded = one.repeat(9, axis=0) * (1 + 1e-7)

    assert is_constant(rounded)
    assert not is_constant(rounded + np.eye(9, 6) * scale * 1e-3)
    assert said(rounded)[0].startswith("The output y is the same for all 9 samples: no information")
    assert len(said(rounded)) == 1, "its classes need no word of their own"


def test_one_sample_says_nothing_of_change() -> None:
    assert not is_constant(np.ones((1, 4)))
    assert said(np.ones((1, 4))) == ()


def test_numbers_that_are_none_are_no_constant() -> None:
    assert not is_constant(np.full((3, 4), np.nan))
    assert not is_constant(np.array([["a"], ["a"]]))
    assert not is_constant(np.zeros((3, 0)))


def test_one_value_that_changes_is_enough() -> None:
    output = np.zeros((3, 4))
    output[0, 0] = 1e-30

    assert not is_constant(output)
    assert is_constant(np.zeros((3, 4)))


def test_the_output_with_most_classes_is_the_one_that_labels_belong_to() -> None:
    outputs = {"answer": VARIED, "is it": VARIED[:, :2]}

    assert warnings_of(outputs, np.arange(20) % 2, {}, 20) == (
        "Of 10 classes, only 2 are among the labels.",
    )


def test_one_sample_leaves_no_channel_silent() -> None:
    assert said(VARIED[:1], activation=np.zeros((1, 9))) == ()


@pytest.mark.parametrize("shape", [(9, 6, 4, 4), (9, 4, 6), (9, 6)])
def test_channels_are_the_second_axis_of_images_and_else_the_last(shape: tuple[int, ...]) -> None:
    activation = np.abs(DICE.standard_normal(shape))
    silent = (slice(None), slice(2)) if len(shape) == 4 else (..., slice(2))
    activation[silent] = 0

    found = Channels.of(activation)
    assert (found.silent, found.low.shape, found.high.shape) == (2, (6,), (6,))


def test_a_channel_is_silent_when_it_is_so_on_the_samples_of_all_parts() -> None:
    parts = np.array([[[0.0, 1.0, 2.0]], [[0.0, 1.0, 3.0]]])

    first, second = map(Channels.of, parts)
    assert (first.silent, second.silent, first.with_more(second).silent) == (3, 3, 2)
    assert second.with_more(first).low.tolist() == [0, 1, 2]


def test_many_silent_channels_are_told_with_the_worst_place() -> None:
    fine, poor = np.abs(DICE.standard_normal((2, 9, 10)))
    poor[:, :7] = 0

    good, bad = map(Channels.of, (fine, poor))
    (warning,) = warnings_of({"y": VARIED}, None, {"fine": good, "poor": bad}, 9)
    assert warning.startswith(
        "35% of the channels behind activations never change on the 9 samples"
    )
    assert "most in poor (7 of 10)" in warning
    many = {"one": good, "two": good, "three": good, "poor": bad}
    assert warnings_of({"y": VARIED}, None, many, 9) == ()


def test_names_from_the_model_are_made_safe() -> None:
    (warning,) = warnings_of({"\x1b[2Jy": np.zeros((3, 2))}, None, {}, 3)
    assert "\x1b" not in warning
