from __future__ import annotations

import math
import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sparsify_tui.core.distances import (
    Reading,
    are_classes,
    auto_distance,
    distance_between,
    distance_of,
    has_information,
    is_settled,
    reading,
    top1_terms,
)
from sparsify_tui.core.loss_profile import DISTANCES
from sparsify_tui.errors import UsageError

RANDOM = np.random.default_rng(11)
LOGITS = RANDOM.normal(0, 3, (12, 5)).astype(np.float32)
BOXES = RANDOM.normal(7, 2, (12, 3, 4)).astype(np.float32)
MOVED = [
    LOGITS + RANDOM.normal(0, 1, LOGITS.shape).astype(np.float32),
    BOXES + RANDOM.normal(0, 1, BOXES.shape).astype(np.float32),
]
NAMES = ("logits", "boxes", "ids")
IDS = np.arange(12)
STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201)
"""Two-sided 95 % quantiles for two to twelve samples."""


def measured(name: str, base: list[NDArray], changed: list[NDArray]) -> Reading:
    distance = distance_of(name)
    return reading(distance, distance.terms(base, changed, 12))


def value(name: str, base: list[NDArray], changed: list[NDArray]) -> float | None:
    return measured(name, base, changed).value


def weighted(name: str, *weights: tuple[str, float]) -> float:
    distance = distance_of(name, names=NAMES, weights=weights)
    return distance.value(distance.terms([LOGITS, BOXES, IDS], [*MOVED, IDS], 12))


@pytest.mark.parametrize("name", ["mse", "cosine"])
def test_integers_and_outputs_that_never_vary_do_not_count(name: str) -> None:
    still = np.full((12, 2), 0.1, np.float32)

    found = value(name, [still, IDS, LOGITS], [still * 2, IDS + 1, MOVED[0]])

    assert found == value(name, [LOGITS], [MOVED[0]])


def test_several_outputs_are_summed_or_averaged_and_the_first_has_the_classes() -> None:
    one, two = [LOGITS, BOXES], MOVED
    alone = {
        name: [weighted(name, ("logits", 1)), weighted(name, ("boxes", 1))] for name in DISTANCES
    }

    assert value("mse", one, two) == pytest.approx(sum(alone["mse"]))
    assert value("cosine", one, two) == pytest.approx(sum(alone["cosine"]) / 2)
    assert value("kl", one, two) == alone["kl"][0]
    assert value("agreement", one, two) == alone["agreement"][0]


@pytest.mark.parametrize("name", DISTANCES)
def test_chosen_outputs_count_by_their_weights(name: str) -> None:
    logits, boxes = weighted(name, ("logits", 1)), weighted(name, ("boxes", 1))

    both = weighted(name, ("boxes", 3), ("logits", 1))

    mean = 3 * boxes + logits if name == "mse" else (3 * boxes + logits) / 4
    assert logits != boxes
    assert both == pytest.approx(mean)


@pytest.mark.parametrize("name", ["kl", "agreement"])
def test_classes_are_looked_for_past_what_has_none(name: str) -> None:
    score, by_sample = LOGITS[:, :1], LOGITS[:, 0]

    found = value(name, [IDS, score, by_sample, LOGITS], [IDS, score, by_sample, MOVED[0]])

    assert found == value(name, [LOGITS], [MOVED[0]])


def test_a_model_without_a_batch_has_classes_along_its_only_axis() -> None:
    distance = distance_of("kl")

    terms = distance.terms([LOGITS[0]], [MOVED[0][0]], 1)

    assert distance.value(terms) == pytest.approx(value("kl", [LOGITS[:1]], [MOVED[0][:1]]))


@pytest.mark.parametrize(
    ("name", "weights", "said"),
    [
        ("mae", [], "no distance mae"),
        ("mse", [("logit", 1.0)], "no output logit"),
        ("mse", [("logits", 0.0)], "above 0"),
        ("mse", [("logits", math.inf)], "above 0"),
        ("mse", [("ids", 1.0)], "ids: it holds no floats"),
        ("kl", [("score", 1.0)], "score: it holds no classes"),
    ],
)
def test_a_distance_that_cannot_be_taken_is_refused(
    name: str, weights: list[tuple[str, float]], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        distance_of(name, names=("logits", "ids", "score"), weights=weights).prepare(
            [LOGITS, IDS, LOGITS[:, :1]], 12
        )


@pytest.mark.parametrize("name", DISTANCES)
@pytest.mark.parametrize("still", [0.1, 0.0, -3e8])
def test_what_does_not_vary_has_no_distance_and_says_why(name: str, still: float) -> None:
    base = np.full((12, 7), still, np.float32)

    found = measured(name, [base], [base + 1])

    assert (found.value, found.low, found.high) == (None, None, None)
    assert "do not vary" in found.reason
    assert measured(name, [base], [base]).value is None


def test_outputs_that_are_constant_in_each_sample_vary_among_them() -> None:
    base = np.repeat(np.arange(12.0)[:, None], 4, axis=1)

    assert value("mse", [base], [base + 1]) == pytest.approx(1 / np.var(base))


def test_a_constant_up_to_the_rounding_of_floats_does_not_vary() -> None:
    base = np.full((12, 4), 5.0, np.float32)
    base[::2] = np.nextafter(np.float32(5), np.float32(6))

    assert value("mse", [base], [base + 1]) is None
    assert not has_information([base])


@pytest.mark.parametrize("name", DISTANCES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_changed_output_that_is_not_finite_has_no_distance(name: str, bad: float) -> None:
    changed = LOGITS.copy()
    changed[3, 2] = bad

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = measured(name, [LOGITS], [changed])

    assert found.value is None
    assert "no longer finite" in found.reason


@pytest.mark.parametrize("name", DISTANCES)
def test_a_base_that_is_not_finite_carries_no_information(name: str) -> None:
    base = LOGITS.copy()
    base[3, 2] = -np.inf

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = measured(name, [base], [base])

    assert found.value is None
    assert "own outputs" in found.reason
    assert not has_information([base])


@pytest.mark.parametrize("name", ["mse", "cosine", "agreement"])
def test_an_output_of_another_shape_has_no_distance(name: str) -> None:
    boxes = [np.ones((3, 4)), np.zeros((0, 4))]

    assert value(name, [LOGITS[:5]], [LOGITS[:4]]) is None
    assert value(name, boxes[1:], boxes[:1]) is None


@pytest.mark.parametrize(("name", "said"), [("mse", "no output holds floats"), ("kl", "choose")])
def test_without_an_output_that_counts_the_reason_is_said(name: str, said: str) -> None:
    found = measured(name, [IDS], [IDS])

    assert found.value is None
    assert said in found.reason


@pytest.mark.parametrize("name", DISTANCES)
def test_an_output_of_which_some_batches_have_nothing_still_has_a_distance(name: str) -> None:
    distance, empty = distance_of(name), LOGITS[:0]

    terms = [distance.terms([part], [part], 1) for part in (empty, LOGITS, empty)]

    assert distance.value(np.concatenate(terms)) == 0


def test_terms_are_by_sample_where_all_outputs_are() -> None:
    distance = distance_of("mse")

    assert len(distance.terms([LOGITS, BOXES], MOVED, 12)) == 12
    assert len(distance.terms([LOGITS, BOXES[:3]], [MOVED[0], MOVED[1][:3]], 12)) == 1
    assert len(distance.terms([LOGITS, np.float32(3)], [MOVED[0], np.float32(3)], 12)) == 1


def test_a_reference_serves_many_changes_and_another_process() -> None:
    distance = distance_of("kl", names=NAMES, weights=[("logits", 2.0)])
    reference = distance.prepare([LOGITS, BOXES, IDS], 12)
    sent = pickle.loads(pickle.dumps(reference))

    first = reference.terms([*MOVED, IDS])

    assert distance.value(reference.terms([LOGITS, BOXES, IDS])) == 0
    np.testing.assert_array_equal(reference.terms([*MOVED, IDS]), first)
    np.testing.assert_array_equal(sent.terms([*MOVED, IDS]), first)


@pytest.mark.parametrize("name", sorted({*DISTANCES} - {"agreement"}))
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 12))
def test_the_interval_is_that_of_leaving_each_sample_out(
    name: str, seed: int, samples: int
) -> None:
    random = np.random.default_rng(seed)
    base = 50 + random.normal(0, 2, (samples, 3, 4))
    changed = base + random.normal(0, 1, base.shape)
    distance = distance_of(name)
    terms = distance.terms([base], [changed], samples)

    found = reading(distance, terms)

    others = [distance.value(np.delete(terms, at, axis=0)) for at in range(samples)]
    error = math.sqrt((samples - 1) * np.var(others))
    assert found.value == distance.value(terms)
    assert found.samples == samples
    half = found.high - found.value
    assert half == pytest.approx(STUDENT[samples - 2] * error, rel=0.12 if samples == 2 else 0.01)
    assert found.low == pytest.approx(max(0.0, found.value - half))


def test_the_interval_holds_the_truth_about_as_often_as_promised() -> None:
    random = np.random.default_rng(2)
    distance, hits = distance_of("mse"), 0
    for _ in range(300):
        scale = random.gamma(4, 0.25, (32, 1))
        base = random.normal(0, 1, (32, 20))
        found = reading(
            distance, distance.terms([base], [base + scale * random.normal(0, 0.3, base.shape)], 32)
        )
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 0.09 * 1.25 <= found.high

    assert 0.87 <= hits / 300 <= 0.99


def test_that_all_samples_agree_does_not_settle_that_all_do() -> None:
    same, other = (
        measured("agreement", [LOGITS], [LOGITS]),
        measured("agreement", [LOGITS], [-LOGITS]),
    )

    assert (same.value, same.low, other.value, other.high) == (0, 0, 1, 1)
    assert same.high == pytest.approx(0.2425, abs=1e-4)  # 1.96² ÷ (12 + 1.96²)
    assert other.low == pytest.approx(1 - 0.2425, abs=1e-4)
    assert not is_settled(same)


def test_a_single_sample_has_a_value_and_no_interval() -> None:
    found = measured("mse", [LOGITS[:1]], [MOVED[0][:1]])

    assert found.value is not None
    assert (found.low, found.high, found.samples) == (None, None, 1)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Reading(value=1.0, low=0.8, high=1.2, samples=8), True),
        (Reading(value=1.0, low=0.7, high=1.3, samples=8), False),
        (Reading(value=1.0, low=0.8, high=1.2, samples=7), False),
        (Reading(value=0.0, low=0.0, high=0.0, samples=8), True),
        (Reading(value=1.0, samples=8), False),
        (Reading(value=None, samples=8), False),
    ],
)
def test_a_value_is_settled_when_its_interval_is_narrow(found: Reading, expected: bool) -> None:
    assert is_settled(found) is expected


def test_what_narrow_means_can_be_said() -> None:
    assert not is_settled(Reading(value=1.0, low=0.8, high=1.2, samples=8), tolerance=0.1)


@pytest.mark.parametrize(
    ("base", "labels", "expected"),
    [
        ([LOGITS], None, "mse"),
        ([LOGITS], np.arange(12) % 5, "kl"),
        ([LOGITS], np.arange(12) % 6, "mse"),
        ([LOGITS], np.arange(12) % 5 - 1, "mse"),
        ([LOGITS], np.arange(12) / 3, "mse"),
        ([LOGITS], np.arange(12.0) % 5, "kl"),
        ([LOGITS], np.zeros((12, 2), int), "mse"),
        ([IDS, np.full((12, 4), 0.25)], None, "kl"),
        ([np.full((12, 3, 4), 0.25)], None, "mse"),
        ([np.ones((12, 1))], None, "mse"),
        ([np.array([[1.5, -0.5]])], None, "mse"),
        ([BOXES, np.full((12, 4), 0.25)], None, "mse"),
        ([IDS], None, "mse"),
    ],
)
def test_classes_are_measured_by_kl_and_all_else_by_mse(
    base: list[NDArray], labels: NDArray | None, expected: str
) -> None:
    assert auto_distance(base, labels) == expected


def test_only_floats_that_vary_carry_information() -> None:
    assert has_information([IDS, LOGITS])
    assert not has_information([IDS])
    assert not has_information([np.full((12, 3), 0.1), LOGITS[:0]])


def test_a_distance_of_whole_outputs_is_told_or_is_none() -> None:
    assert distance_between("mse", [LOGITS, BOXES], MOVED) == value("mse", [LOGITS, BOXES], MOVED)
    assert distance_between("mse", [LOGITS * 0], [LOGITS]) is None
    assert distance_between("kl", [LOGITS[:, 0]], [LOGITS[:, 0]]) is None
    assert distance_between("mse", [], []) is None


def test_top1_is_right_where_the_winner_is_the_label() -> None:
    scores = np.eye(4)
    scores[3, 0] = np.nan

    assert top1_terms([scores], np.array([0, 1, 0, 0])).tolist() == [[1], [1], [0], [0]]


@pytest.mark.parametrize(
    ("labels", "classes", "expected"),
    [
        ([0, 1, 2], 3, True),
        ([0, 1, 2], 2, False),
        ([-1, 0, 1], 3, False),
        ([0.0, 2.0], 3, True),
        ([0.0, 1.5], 3, False),
        ([0.0, math.nan], 3, False),
        ([0.0, math.inf], 3, False),
        ([True, False], 2, True),
        ([0, 0], 1, False),
        (["cat"], 3, False),
        ([[0], [1]], 3, False),
        ([], 3, False),
        (None, 3, False),
    ],
)
def test_classes_are_whole_numbers_in_range(labels: object, classes: int, expected: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = are_classes(None if labels is None else np.array(labels), classes)

    assert found is expected
