from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sparsify_tui.core.comparisons import sums_to_one
from sparsify_tui.core.distances import distance_of
from sparsify_tui.core.loss_profile import DISTANCES

Array = NDArray[np.floating]
Pair = tuple[list[Array], list[Array]]


def softmax(output: Array) -> Array:
    powers = np.exp(output.astype(float) - output.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def plain_mse(base: list[Array], changed: list[Array]) -> float:
    return sum(
        float(np.mean((c.astype(float) - b) ** 2) / np.var(b.astype(float)))
        for b, c in zip(base, changed, strict=True)
    )


def plain_kl(base: list[Array], changed: list[Array]) -> float:
    p, q = softmax(base[0]), softmax(changed[0])
    return float(np.mean((p * (np.log(p) - np.log(q))).sum(axis=-1)))


def plain_cosine(base: list[Array], changed: list[Array]) -> float:
    pairs = [
        (b.ravel().astype(float), c.ravel().astype(float))
        for b, c in zip(base, changed, strict=True)
    ]
    return 1 - float(np.mean([a @ b / (np.linalg.norm(a) * np.linalg.norm(b)) for a, b in pairs]))


def plain_agreement(base: list[Array], changed: list[Array]) -> float:
    return 1 - float(np.mean(base[0].argmax(-1) == changed[0].argmax(-1)))


PLAIN: dict[str, Callable[[list[Array], list[Array]], float]] = {
    "mse": plain_mse,
    "kl": plain_kl,
    "cosine": plain_cosine,
    "agreement": plain_agreement,
}


def pair_of(seed: int, samples: int, noise: float, offset: float) -> Pair:
    """Two outputs, [samples, 5] and [samples, 3, 4], before and after a change."""
    random = np.random.default_rng(seed)
    shapes = ((samples, 5), (samples, 3, 4))
    base = [(offset + random.normal(0, 3, shape)).astype(np.float32) for shape in shapes]
    return base, [one + random.normal(0, noise, one.shape).astype(np.float32) for one in base]


pairs = st.builds(
    pair_of,
    st.integers(0, 1000),
    st.integers(1, 9),
    st.sampled_from([1e-3, 0.1, 5.0]),
    st.sampled_from([0.0, 100.0, -1000.0]),
)


@pytest.mark.parametrize("name", DISTANCES)
@settings(max_examples=40, deadline=None)
@given(pairs)
def test_each_distance_is_that_of_its_plain_definition(name: str, pair: Pair) -> None:
    base, changed = pair
    distance = distance_of(name)

    found = distance.value(distance.terms(base, changed, len(base[0])))

    assert found == pytest.approx(PLAIN[name](base, changed), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", DISTANCES)
@settings(max_examples=30, deadline=None)
@given(pairs, st.integers(1, 4))
def test_batches_are_stacked_to_what_all_samples_give(name: str, pair: Pair, batch: int) -> None:
    base, changed = pair
    distance, samples = distance_of(name), len(base[0])
    parts = [slice(at, at + batch) for at in range(0, samples, batch)]

    terms = [
        distance.terms([b[part] for b in base], [c[part] for c in changed], len(base[0][part]))
        for part in parts
    ]

    whole = distance.value(distance.terms(base, changed, samples))
    assert distance.value(np.concatenate(terms)) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("name", DISTANCES)
@settings(max_examples=20, deadline=None)
@given(pairs)
def test_equal_outputs_are_at_exactly_no_distance(name: str, pair: Pair) -> None:
    base, _ = pair
    reference = distance_of(name).prepare(base, len(base[0]))
    transposed = [np.asfortranarray(one.copy()) for one in base]

    assert distance_of(name).value(reference.terms(base)) == 0
    assert distance_of(name).value(reference.terms(transposed)) == 0


def test_variance_survives_a_mean_that_is_a_million_times_as_large() -> None:
    random = np.random.default_rng(3)
    base = 1e6 + random.integers(-8, 9, (16, 50)) / 8.0
    changed = base + random.integers(-1, 2, base.shape) / 8.0
    distance = distance_of("mse")

    found = distance.value(distance.terms([base], [changed], 16))

    centred = base - 1e6
    exact = np.mean((changed - base) ** 2) / (np.mean(centred**2) - np.mean(centred) ** 2)
    assert found == pytest.approx(float(exact), rel=1e-12)


def test_a_cosine_far_below_rounding_is_still_told() -> None:
    base = np.array([[1.0, 0.0, 0.0]])
    distance = distance_of("cosine")

    found = distance.value(distance.terms([base], [np.array([[1.0, 1e-10, 0.0]])], 1))

    assert found == pytest.approx(5e-21, rel=1e-6)


@pytest.mark.parametrize(
    ("changed", "expected"), [([21.0, 28.0], 0), ([-4.0, 3.0], 1), ([-3.0, -4.0], 2), ([0, 0], 1)]
)
def test_cosine_runs_from_none_to_opposite_and_a_dead_output_has_no_direction(
    changed: list[float], expected: float
) -> None:
    distance = distance_of("cosine")

    found = distance.value(distance.terms([np.array([[3.0, 4.0]])], [np.array([changed])], 1))

    assert found == pytest.approx(expected, abs=1e-15)


def kl(p: Array, q: Array) -> float:
    distance = distance_of("kl")
    return distance.value(distance.terms([p], [q], len(p)))


def test_probabilities_get_no_second_softmax() -> None:
    base, changed = pair_of(1, 8, 0.5, 0.0)
    p, q = softmax(base[0]), softmax(changed[0])

    assert kl(p, q) == pytest.approx(plain_kl(base, changed), rel=1e-9)
    assert kl(p.astype(np.float16), q.astype(np.float16)) == pytest.approx(kl(p, q), rel=0.02)


def test_logits_that_happen_to_sum_to_one_are_no_probabilities() -> None:
    base, changed = np.array([[2.0, -1.0]]), np.array([[3.0, -2.0]])

    assert not sums_to_one(base)
    assert kl(base, changed) == pytest.approx(kl(base + 5, changed + 5))


def test_divergence_is_finite_where_a_class_became_impossible() -> None:
    sure, even = np.array([[1.0, 0.0]]), np.array([[0.5, 0.5 + 1e-6]])

    assert kl(sure, even) == pytest.approx(np.log(2), rel=1e-5)
    assert 100 < kl(even, sure) < 1000
    assert kl(np.array([[1e4, -1e4]]), np.array([[-1e4, 1e4]])) == pytest.approx(2e4)


def test_probabilities_that_only_nearly_sum_to_one_give_no_negative_distance() -> None:
    p = np.array([[0.5, 0.5 - 5e-5]])

    assert kl(p, p + 1e-5) == 0


def test_many_classes_are_worked_on_in_blocks_with_the_same_result() -> None:
    random = np.random.default_rng(5)
    base = random.normal(0, 2, (3, 7, 30_000)).astype(np.float32)
    changed = base + random.normal(0, 0.1, base.shape).astype(np.float32)

    assert kl(base, changed) == pytest.approx(plain_kl([base], [changed]), rel=1e-9)


def test_agreement_counts_the_positions_of_every_sample() -> None:
    base = np.zeros((2, 4, 3), np.float32)
    base[..., 1] = 1
    changed = base.copy()
    changed[1, 2:, 0] = 9
    distance = distance_of("agreement")

    terms = distance.terms([base], [changed], 2)

    assert distance.value(terms) == 0.25
    assert distance.value(terms[:1]) == 0
    assert distance.value(terms[1:]) == 0.5
