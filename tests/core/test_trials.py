from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.inputs import assume_shapes, dim_keys
from sparsify_tui.core.model import Found, TensorSpec
from sparsify_tui.core.trials import has_guesses, input_options, trials


def spec(*shape: int | str, name: str = "x", dtype: str = "float32") -> TensorSpec:
    return TensorSpec(name=name, dtype=dtype, shape=shape)


RATE = spec(name="sr", dtype="int64")


def tried(*inputs: TensorSpec, **compared: float) -> list[Found]:
    return list(trials(inputs, {}, {}, compared))


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ((spec("n", 3, 224, 224),), False),
        ((spec("n", "t"),), True),
        ((spec("t"),), True),
        ((spec("n", 4), RATE), True),
        ((spec("n", 4), spec(1, name="sr", dtype="int64")), True),
        ((spec(2, 3),), False),
    ],
)
def test_only_a_size_beyond_the_batch_or_a_scalar_is_a_guess(
    inputs: tuple[TensorSpec, ...], expected: bool
) -> None:
    assert has_guesses(inputs, {}, {}) == expected


def test_what_is_given_is_no_guess() -> None:
    inputs = (spec("n", "t"), RATE)

    assert has_guesses(inputs, {"t": 3}, {})
    assert not has_guesses(inputs, {"t": 3}, {"sr": 1.0})
    assert all(
        not found.values and "t" not in dict(found.dims)
        for found in trials(inputs, {"x:1": 3}, {"sr": 1.0}, {})
    )


def test_the_guesses_themselves_come_first() -> None:
    assert tried(spec("n", "t"))[0] == Found()


def test_a_constant_that_the_model_compares_with_is_tried_before_any_other() -> None:
    first, *others = tried(spec("n", "t"), RATE, sr=22050.0)

    assert first == Found(values=(("sr", 22050.0),))
    assert all(dict(found.values)["sr"] == 22050.0 for found in others)


def test_a_comparison_of_a_large_input_tells_no_value() -> None:
    assert all(not found.values for found in tried(spec("n", 64), x=0.0))


def test_each_dimension_is_tried_alone_then_together_and_the_batch_last() -> None:
    dims = [dict(found.dims) for found in tried(spec("n", "t"), spec("n", "s", name="y"))]
    kinds = list(dict.fromkeys(tuple(sorted(one)) for one in dims))

    assert kinds == [(), ("t",), ("s",), ("s", "t"), ("n",)]
    assert all(len(set(one.values())) == 1 for one in dims if one)


def test_a_signal_without_a_batch_is_tried_at_lengths_and_filled_with_nothing() -> None:
    found = tried(spec("t"))

    assert any(dict(one.dims).get("t", 0) >= 512 for one in found)
    assert all(not one.values for one in found)


def test_a_switch_is_never_a_rate() -> None:
    switch = spec(name="on", dtype="bool")

    values = {value for found in tried(switch) for _, value in found.values}
    assert values == {0.0, 1.0}


def test_text_lines_are_the_first_images_to_be_tried() -> None:
    inputs = (spec("n", 3, "?", "w"),)
    second = next(islice(trials(inputs, {}, {}, {}), 1, None))

    (assumed,) = assume_shapes(inputs, dict(second.dims))
    assert assumed.shape == (1, 3, 48, 320)


dimensions = st.one_of(st.integers(1, 9), st.sampled_from(["n", "t", "s", "?"]))
kinds = st.lists(
    st.tuples(
        st.lists(dimensions, max_size=4), st.sampled_from(["float32", "int64", "bool", "uint8"])
    ),
    max_size=3,
)


@settings(max_examples=50, deadline=None)
@given(kinds)
def test_every_trial_is_a_legal_request_and_their_number_is_bounded(
    shapes: list[tuple[list[int | str], str]],
) -> None:
    inputs = tuple(
        spec(*shape, name=f"i{at}", dtype=kind) for at, (shape, kind) in enumerate(shapes)
    )
    found = tried(*inputs)

    assert 1 <= len(found) <= 1000
    for one in found[:80]:
        assert dict(one.dims).keys() <= dim_keys(inputs)
        assume_shapes(inputs, dict(one.dims))


def test_options_are_ready_to_paste() -> None:
    assert input_options([("x:2", 48), ("a b", 3)], [("sr", "V")]) == (
        "--dim x:2=48 --dim 'a b'=3 --value sr=V"
    )
