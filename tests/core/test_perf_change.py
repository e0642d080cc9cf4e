from __future__ import annotations

from typing import Any

import pytest

from sparsify_tui.core.model import LayerId
from sparsify_tui.core.perf_change import compare_profiles
from sparsify_tui.core.profile import LayerTime, PerfProfile
from tests.core import examples

MODEL = examples.model_of(examples.layer("a"), examples.layer("b"))


def profile(times: dict[str, float | None], **changes: Any) -> PerfProfile:
    rows = tuple(LayerTime(id=LayerId(name), ms=ms, share=None) for name, ms in times.items())
    return examples.perf_profile(layers=rows, **changes)


def test_layers_are_joined_by_id_with_their_change() -> None:
    change = compare_profiles(MODEL, profile({"a": 4.0, "b": 1.0}), profile({"b": 1.5, "a": 3.0}))

    assert [(one.label, one.delta_ms, one.delta) for one in change.layers] == [
        ("a", -1.0, -0.25),
        ("b", 0.5, 0.5),
    ]


def test_a_layer_in_one_of_them_says_in_which() -> None:
    change = compare_profiles(MODEL, profile({"a": 4.0}), profile({"b": 1.0, "gone": 2.0}))

    assert [(one.id, one.only_in) for one in change.layers] == [
        ("a", "a"), ("b", "b"), ("gone", "b"),
    ]  # fmt: skip
    assert all(one.delta_ms is None and one.delta is None for one in change.layers)


def test_a_layer_that_neither_could_time_has_no_change() -> None:
    (one,) = compare_profiles(MODEL, profile({"a": None}), profile({"a": 1.0})).layers

    assert (one.delta_ms, one.delta, one.only_in) == (None, None, "")


def test_above_one_the_second_is_faster() -> None:
    slow, fast = (profile({}, total=examples.timing(median_ms=ms)) for ms in (10.0, 5.0))

    assert compare_profiles(MODEL, slow, fast).speed_up == 2.0


def test_the_same_environment_has_no_differences() -> None:
    assert compare_profiles(MODEL, profile({}), profile({})).differences == ()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"environment": examples.environment(threads=8)}, "threads 1 and 8"),
        ({"batch": 16}, "batch 1 and 16"),
        ({"inputs": "digits.npz"}, "made-up samples and digits.npz"),
        ({"model_digest": "cd" * 32}, "model file"),
    ],
)
def test_what_keeps_two_from_being_compared_is_said(changes: dict[str, Any], says: str) -> None:
    (difference,) = compare_profiles(MODEL, profile({}), profile({}, **changes)).differences

    assert says in difference
