from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sparsify_tui.core.allocate import (
    HIGHEST_LEVEL,
    Candidate,
    global_levels,
    reached,
    uniform_levels,
)
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.profile import Curve

Rule = Callable[[list[Candidate], float], dict[LayerId, float]]
RULES: tuple[Rule, ...] = (uniform_levels, global_levels)
targets = st.integers(0, 99).map(lambda percent: percent / 100)


def candidate(
    name: str, params: int = 1000, fixed: float | None = None, magnitudes: Curve | None = None
) -> Candidate:
    return Candidate(id=LayerId(name), params=params, fixed=fixed, magnitudes=magnitudes)


def line(top: float, points: int = 101) -> Curve:
    """Magnitudes spread evenly from 0 to `top`."""
    levels = tuple(i / (points - 1) for i in range(points))
    return Curve(levels=levels, values=tuple(top * level for level in levels))


@st.composite
def magnitude_curves(draw: st.DrawFn) -> Curve:
    """Rising magnitudes with flat stretches, as equal or zero weights give."""
    steps = draw(st.lists(st.sampled_from([0.0, 0.0, 0.01, 0.3, 2.0]), min_size=10, max_size=10))
    values = [0.0, *(sum(steps[: index + 1]) for index in range(10))]
    return Curve(levels=tuple(i / 10 for i in range(11)), values=tuple(values))


@st.composite
def candidate_lists(draw: st.DrawFn) -> list[Candidate]:
    return [
        candidate(
            f"layer{index}",
            params=draw(st.integers(1, 100_000)),
            fixed=draw(st.none() | st.none() | st.floats(0, 0.99)),
            magnitudes=draw(st.none() | magnitude_curves()),
        )
        for index in range(draw(st.integers(1, 4)))
    ]


def is_reachable(candidates: list[Candidate], target: float) -> bool:
    total = sum(one.params for one in candidates)
    fixed = sum(one.params * one.fixed for one in candidates if one.fixed is not None)
    free = sum(one.params for one in candidates if one.fixed is None)
    return fixed <= target * total <= fixed + HIGHEST_LEVEL * free


def rounding(candidates: list[Candidate]) -> float:
    """Half a thousandth of the level, and half a weight of each layer."""
    total = sum(one.params for one in candidates)
    return 0.0005 + 0.5 * len(candidates) / total + 1e-6


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=200, deadline=None)
@given(candidate_lists(), targets)
def test_a_reachable_target_is_reached(
    rule: Rule, candidates: list[Candidate], target: float
) -> None:
    assume(is_reachable(candidates, target))

    levels = rule(candidates, target)

    assert reached(candidates, levels) == pytest.approx(target, abs=rounding(candidates))


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=80, deadline=None)
@given(candidate_lists(), targets)
def test_only_free_layers_are_given_a_level_and_a_possible_one(
    rule: Rule, candidates: list[Candidate], target: float
) -> None:
    levels = rule(candidates, target)

    assert set(levels) == {one.id for one in candidates if one.fixed is None}
    assert all(0 <= level <= HIGHEST_LEVEL for level in levels.values())
    assert all(level == round(level, 3) for level in levels.values())


@pytest.mark.parametrize("rule", RULES)
def test_an_impossible_target_is_met_as_far_as_may_be(rule: Rule) -> None:
    locked = candidate("locked", 9000, fixed=0.5)

    assert rule([locked, candidate("free", magnitudes=line(1.0))], 0.9) == {"free": 0.99}
    assert rule([locked, candidate("free", magnitudes=line(1.0))], 0.1) == {"free": 0.0}


@pytest.mark.parametrize("rule", RULES)
def test_without_free_layers_nothing_is_chosen(rule: Rule) -> None:
    assert rule([candidate("locked", fixed=0.5)], 0.9) == {}
    assert rule([], 0.9) == {}


def test_uniform_makes_up_for_what_locked_layers_keep() -> None:
    levels = uniform_levels([candidate("dense", fixed=0.0), candidate("a"), candidate("b")], 0.5)

    assert levels == {"a": 0.75, "b": 0.75}


def test_global_prunes_small_weights_first() -> None:
    levels = global_levels(
        [candidate("small", magnitudes=line(0.1)), candidate("large", magnitudes=line(1.0))], 0.5
    )

    # 0.1 / t and 1.0 / t weigh the same: both thresholds are t = 1/11 of the larger layer
    assert levels[LayerId("small")] == pytest.approx(10 / 11, abs=0.001)
    assert levels[LayerId("large")] == pytest.approx(1 / 11, abs=0.001)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(0.01, 10), min_size=2, max_size=6), st.floats(0.05, 0.9))
def test_global_gives_all_layers_one_threshold(tops: list[float], target: float) -> None:
    curves = {f"layer{index}": line(top) for index, top in enumerate(tops)}
    candidates = [candidate(name, magnitudes=curve) for name, curve in curves.items()]

    levels = global_levels(candidates, target)

    thresholds = [
        (curves[name].at(level - 0.001), curves[name].at(level + 0.001))
        for name, level in levels.items()
        if level < HIGHEST_LEVEL
    ]
    assert max(low for low, _ in thresholds) <= min(high for _, high in thresholds)


def test_weights_that_tie_become_zero_in_part() -> None:
    ternary = Curve(levels=(0.0, 1 / 3, 0.34, 1.0), values=(0.0, 0.0, 0.3, 0.3))

    levels = global_levels([candidate("a", magnitudes=ternary)], 0.6)

    assert levels == {"a": 0.6}


def test_global_without_magnitudes_is_uniform() -> None:
    candidates = [candidate("dense", fixed=0.0), candidate("a"), candidate("b", 500)]

    assert global_levels(candidates, 0.5) == uniform_levels(candidates, 0.5)


def test_reached_counts_whole_weights() -> None:
    candidates = [candidate("a", 3), candidate("b", 7, fixed=0.5)]

    assert reached(candidates, {LayerId("a"): 0.5}) == (2 + 4) / 10
    assert reached([], {}) == 0.0
