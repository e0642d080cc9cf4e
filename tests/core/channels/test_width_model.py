from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.channels.groups import GroupId
from sparsify_tui.core.channels.width_model import KernelCost, PaddedWidth, ThinCost, WidthModel
from tests.core.narrowed import axis, width_model

A, B = GroupId("a"), GroupId("b")
FACTORS = st.tuples(*[st.floats(0, 5)] * 4)


@st.composite
def models(draw: st.DrawFn) -> WidthModel:
    """Two kernels on two groups, with any factors that are not negative."""
    a, b = axis(("a", draw(st.integers(1, 80)))), axis(("b", draw(st.integers(1, 80))), fixed=2)
    steps = st.sampled_from((1, 4, 8, 16))
    kernels = tuple(
        KernelCost(
            name="k",
            inputs=PaddedWidth(axis=one, step=draw(steps), is_thin=draw(st.booleans())),
            outputs=PaddedWidth(axis=other, step=draw(steps)),
            factors_ms=draw(FACTORS),
        )
        for one, other in ((a, b), (b, a))
    )
    return WidthModel(full_ms=draw(st.floats(1, 50)), scale=draw(st.floats(0, 2)), kernels=kernels)


@settings(max_examples=60, deadline=None)
@given(models())
def test_nothing_removed_takes_exactly_what_was_measured(model: WidthModel) -> None:
    sizes = {part.id: part.size for one in model.kernels for part in one.inputs.axis.parts}

    assert model.predict({}) == pytest.approx(model.full_ms)
    assert model.predict(sizes) == pytest.approx(model.full_ms)
    assert model.speed_up({}) == pytest.approx(1)


@settings(max_examples=60, deadline=None)
@given(models(), st.data())
def test_fewer_channels_never_take_longer(model: WidthModel, data: st.DataObject) -> None:
    sizes = {part.id: part.size for one in model.kernels for part in one.inputs.axis.parts}
    more = {one: data.draw(st.integers(1, size)) for one, size in sizes.items()}
    less = {one: data.draw(st.integers(1, count)) for one, count in more.items()}

    assert 0 <= model.predict(less) <= model.predict(more) + 1e-9


def test_each_width_counts_as_a_share_of_the_full_one() -> None:
    model = width_model()

    assert model.predict({A: 32}) == pytest.approx(10 - 3.5 / 2 - 4 / 2)
    assert model.predict({B: 16}) == pytest.approx(10 - 4 / 2)
    assert model.predict({A: 32, B: 16}) == pytest.approx(10 - 3.5 / 2 - 4 * 3 / 4)
    assert model.speed_up({A: 32}) == pytest.approx(10 / 6.25)


def test_a_width_between_two_steps_takes_as_long_as_the_wider_one() -> None:
    model = width_model()

    assert model.predict({A: 33}) == model.predict({A: 48}) > model.predict({A: 32})


def test_less_than_one_block_of_inputs_is_read_as_it_is() -> None:
    thin, padded = (
        PaddedWidth(axis=axis(("a", 32)), step=16, is_thin=is_thin) for is_thin in (True, False)
    )

    assert (thin.share({A: 8}), padded.share({A: 8})) == (0.25, 0.5)
    assert thin.share({A: 17}) == padded.share({A: 17}) == 1


def test_a_tensor_of_less_than_a_block_costs_a_change_of_layout_by_its_width() -> None:
    plain = width_model()
    thin = ThinCost(name="t", axis=axis(("a", 64)), step=16, block_ms=2.0)
    model = replace(plain, thin=(thin,))

    assert model.predict({}) == plain.predict({})
    assert model.predict({A: 16}) == plain.predict({A: 16})
    assert model.predict({A: 8}) == pytest.approx(plain.predict({A: 8}) + 1.0)


def test_a_kernel_knows_the_groups_that_it_depends_on() -> None:
    first, second = width_model().kernels

    assert (first.groups, second.groups) == ({A}, {A, B})
    assert first.full_ms == 4


def test_what_a_cut_saves_is_what_the_prediction_says_thin_tensors_included() -> None:
    whole = axis(("g", 32))
    width = PaddedWidth(axis=whole, step=16)
    kernel = KernelCost(name="k", outputs=width, factors_ms=(1.0, 0.0, 4.0, 0.0))
    thin = ThinCost(name="t", axis=whole, step=16, block_ms=6.0)
    model = WidthModel(full_ms=10.0, scale=1.5, kernels=(kernel,), thin=(thin,))

    for count in (8, 16):
        kept = {GroupId("g"): count}
        assert model.saved_ms(kept) == {"g": pytest.approx(10.0 - model.predict(kept))}
    assert model.saved_ms({}) == {}
