from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.channels.groups import (
    AxisWidth,
    GroupId,
    GroupPart,
    LayerWidths,
    UnitRun,
    legal_widths,
    nearest_width,
    unit_runs,
)
from sparsify_tui.core.model import LayerId
from tests.core.channel_examples import INNER, STEM, group, net_map, whole


def part(*owners: tuple[int, int]) -> GroupPart:
    units = {unit for _, unit in owners}
    return GroupPart(id=GroupId("g"), size=len(units), elements=len(owners), runs=unit_runs(owners))


def test_channels_in_order_are_one_run() -> None:
    assert unit_runs((at, at) for at in range(16)) == (UnitRun(start=0, count=16),)
    assert unit_runs((at + 8, at // 4) for at in range(12)) == (UnitRun(start=8, count=3, width=4),)
    assert unit_runs(()) == ()


def test_channels_that_come_again_are_one_run_each_time() -> None:
    """As behind a Flatten of channels that are stored last."""
    assert unit_runs((at, at % 5) for at in range(15)) == tuple(
        UnitRun(start=start, count=5) for start in (0, 5, 10)
    )


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.sets(st.integers(0, 5)))
@settings(max_examples=100, deadline=None)
def test_runs_hold_every_element_of_every_unit(units: list[int], chosen: set[int]) -> None:
    owners = tuple(enumerate(units))

    found = part(*owners).positions(chosen)

    assert found == tuple(element for element, unit in owners if unit in chosen)


def test_an_axis_is_as_wide_as_what_stays_of_its_groups() -> None:
    axis = AxisWidth(fixed=3, parts=(*whole(STEM, 16).parts, *whole(INNER, 8, 4).parts))

    assert axis.full == 3 + 16 + 32
    assert axis.at({}) == axis.full
    assert axis.at({STEM: 4, INNER: 2}) == 3 + 4 + 8


def test_a_depthwise_layer_loses_with_its_one_axis() -> None:
    layer = LayerWidths(id=LayerId("d"), inputs=whole(STEM, 16), outputs=whole(STEM, 16))

    assert layer.share({STEM: 4}) == 1 / 16
    assert (
        LayerWidths(id=layer.id, inputs=layer.inputs, outputs=layer.outputs, depthwise=True).share(
            {STEM: 4}
        )
        == 1 / 4
    )


def test_a_group_is_found_by_its_id_before_a_layer_that_makes_it() -> None:
    found = net_map(groups=(group("stem", 16, "stem two", ""), group("two", 8, "two", "")))

    assert [one and one.size for one in map(found.group, ("stem", "two", "x"))] == [16, 8, None]


@pytest.mark.parametrize(
    ("size", "step", "widths"),
    [
        (64, 16, (64, 48, 32, 16)),
        (40, 16, (40, 32, 16)),
        (16, 16, (16, 8)),
        (6, 1, (6, 5, 4, 3, 2, 1)),
    ],
)
def test_widths_that_run_well_are_steps_and_the_whole(
    size: int, step: int, widths: tuple[int, ...]
) -> None:
    assert legal_widths(group("g", size, "g", "", step=step)) == widths


def test_the_nearest_width_leaves_one_and_what_must_stay() -> None:
    some = group("g", 64, "g", "", step=16, fixed=tuple(range(20)))

    assert nearest_width(group("g", 64, "g", "", step=16), 1.0) == 16
    assert nearest_width(some, 1.0) == 32
    assert nearest_width(group("g", 64, "g", "", step=16), 0.375) == 48
