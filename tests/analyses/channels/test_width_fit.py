from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.analyses.channels.width_fit import (
    LEAVING,
    KernelLanes,
    ThinTensor,
    fit_widths,
    non_negative_least_squares,
    with_scale,
)
from sparsify_tui.core.channels.groups import GroupId
from sparsify_tui.core.channels.width_model import KernelCost, PaddedWidth
from tests.core.narrowed import axis, width_model

A, B = GroupId("a"), GroupId("b")
INPUTS = PaddedWidth(axis=axis(("a", 64)), step=16)
OUTPUTS = PaddedWidth(axis=axis(("b", 64)), step=16)
LANES = ({}, {A: 48, B: 48}, {A: 32, B: 32}, {A: 16, B: 16})


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_no_step_that_keeps_the_signs_lowers_the_squares(seed: int, columns: int) -> None:
    generator = np.random.default_rng(seed)
    matrix, target = generator.normal(size=(8, columns)), generator.normal(size=8)

    found = non_negative_least_squares(matrix, target)

    slope = matrix.T @ (matrix @ found - target)  # Kuhn and Tucker's conditions
    assert (found >= 0).all()
    assert (slope >= -1e-9).all()
    assert slope[found > 0] == pytest.approx(0, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.tuples(*[st.floats(0, 3)] * 4), st.floats(0.01, 100))
def test_the_lanes_themselves_are_met(factors: tuple[float, ...], unit: float) -> None:
    truth = KernelCost(
        name="k",
        inputs=INPUTS,
        outputs=OUTPUTS,
        factors_ms=tuple(unit * (0.1 + one) for one in factors),  # type: ignore[arg-type]
    )
    times = tuple(truth.ms(kept) for kept in LANES)

    model = fit_widths([lanes_of(times)], LANES, [2 * ms for ms in times])

    for kept, ms in zip(LANES, times, strict=True):
        assert model.kernels[0].ms(kept) == pytest.approx(ms, rel=0.03)
        assert model.predict(kept) == pytest.approx(2 * ms, rel=0.05)


def test_work_by_both_widths_is_foretold_for_pairs_that_never_ran() -> None:
    times = (16.0, 9.0, 4.0, 1.0)

    model = fit_widths([lanes_of(times)], LANES, times)

    assert model.predict({A: 16}) == pytest.approx(4.0, rel=0.1)
    assert model.predict({A: 16, B: 32}) == pytest.approx(2.0, rel=0.2)


def test_a_kernel_that_no_group_touches_takes_the_same_at_any_width() -> None:
    kernel = KernelLanes(name="k", inputs=PaddedWidth(), outputs=PaddedWidth(), ms=(2.0,) * 4)

    model = fit_widths([kernel], LANES, (3.0,) * 4)

    assert model.kernels == ()
    assert model.predict({A: 16}) == pytest.approx(3.0)


def test_a_kernel_without_any_time_costs_nothing() -> None:
    assert fit_widths([lanes_of((0.0,) * 4)], LANES, (1.0,) * 4).predict({A: 16}) == 1.0


def test_a_lane_that_was_disturbed_counts_as_the_one_that_is_nowhere_narrower() -> None:
    calm, disturbed = (8.0, 6.0, 4.0, 2.0), (8.0, 19.0, 4.0, 2.0)
    lanes = ({}, {}, *LANES[2:])

    models = [fit_widths([lanes_of((8.0, *times[1:]))], lanes, calm) for times in (calm, disturbed)]

    assert models[1].kernels[0].full_ms == pytest.approx(8.0, rel=0.05)
    assert models[0].kernels[0].full_ms < 8.0


def test_what_thin_tensors_spend_on_their_layout_is_charged_to_them_by_their_elements() -> None:
    lanes = ({}, {A: 32, B: 32}, {A: 8, B: 32}, {A: 8, B: 8})
    tensors = [
        ThinTensor(name=name, axis=axis((name, 64)), step=16, positions=positions)
        for name, positions in (("a", 100), ("b", 50))
    ]
    leaving = KernelLanes(
        name=LEAVING, inputs=PaddedWidth(), outputs=OUTPUTS, ms=(0.1, 0.1, 0.9, 1.3)
    )

    model = fit_widths([leaving], lanes, (10.0, 10.0, 10.8, 11.2), tensors)

    assert {one.name: one.block_ms for one in model.thin} == pytest.approx({"a": 1.6, "b": 0.8})
    assert model.predict({B: 8}) == pytest.approx(10.4, abs=0.05)
    assert model.predict({B: 16}) == pytest.approx(10.0, abs=0.05)


def test_lanes_without_thin_tensors_tell_nothing_of_their_cost() -> None:
    tensor = ThinTensor(name="a", axis=axis(("a", 64)), step=16, positions=100)
    leaving = KernelLanes(name=LEAVING, inputs=PaddedWidth(), outputs=OUTPUTS, ms=(0.1,) * 4)

    model = fit_widths([leaving], LANES, (10.0,) * 4, [tensor])

    assert [one.block_ms for one in model.thin] == [0]


def test_the_scale_is_what_the_whole_saves_over_what_its_kernels_do() -> None:
    model = width_model()
    lanes = [{A: 32}, {A: 16, B: 16}]
    whole = [model.full_ms - 1.5 * (model.full_ms - model.predict(kept)) for kept in lanes]

    assert with_scale(model, lanes, whole).scale == pytest.approx(1.5)
    assert with_scale(model, lanes, [11.0, 12.0]).scale == 0


def lanes_of(times: tuple[float, ...]) -> KernelLanes:
    return KernelLanes(name="k", inputs=INPUTS, outputs=OUTPUTS, ms=times)
