from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.channels.groups import (
    AxisWidth,
    ChannelGroup,
    ChannelMap,
    GroupId,
    GroupPart,
    LayerWidths,
    legal_widths,
)
from sparsify_tui.core.channels.sweep import (
    GroupWidths,
    Widths,
    neighbours,
    sweep,
    tried_widths,
    undominated,
)

A, B, C = map(GroupId, "abc")
few = settings(max_examples=40, deadline=None)
costs = st.floats(0.01, 10.0)


def group(name: GroupId, kept: tuple[int, ...], losses: tuple[float, ...]) -> GroupWidths:
    return GroupWidths(id=name, kept=kept, losses=losses)


@st.composite
def groups(draw: st.DrawFn) -> tuple[GroupWidths, ...]:
    found = []
    for name in (A, B, C):
        count = draw(st.integers(1, 4))
        steps = draw(st.lists(costs, min_size=count - 1, max_size=count - 1))
        losses = [sum(steps[:at]) for at in range(count)]
        found.append(group(name, tuple(16 * (4 - at) for at in range(count)), tuple(losses)))
    return tuple(found)


@st.composite
def times(draw: st.DrawFn) -> tuple[dict[GroupId, float], dict[tuple[GroupId, GroupId], float]]:
    return (
        {name: draw(costs) for name in (A, B, C)},
        {pair: draw(costs) for pair in ((A, B), (B, C))},
    )


def linear(found: tuple[Mapping[GroupId, float], Mapping[tuple[GroupId, GroupId], float]]):
    """A time in single widths and in products of two, as kernels have it."""
    single, paired = found

    def predict(kept: Mapping[GroupId, int]) -> float:
        ones = sum(cost * kept[name] / 64 for name, cost in single.items())
        return ones + sum(cost * kept[a] * kept[b] / 64**2 for (a, b), cost in paired.items())

    return predict


def all_mixes(found: tuple[GroupWidths, ...], predict) -> list[Widths]:
    mixes = product(*(range(len(one.kept)) for one in found))
    return [
        Widths(
            kept=(kept := tuple((one.id, one.kept[i]) for one, i in zip(found, at, strict=True))),
            predicted_ms=predict(dict(kept)),
            loss=sum(one.losses[i] for one, i in zip(found, at, strict=True)),
        )
        for at in mixes
    ]


@few
@given(found=groups(), cost=times())
def test_no_point_of_a_sweep_beats_another_in_time_and_loss(found, cost):
    swept = sweep(found, linear(cost), ((A, B), (B, C)))
    for points in (swept.corners, swept.every):
        times_ms = [one.predicted_ms for one in points]
        losses = [one.loss for one in points]
        assert times_ms == sorted(times_ms, reverse=True)
        assert losses == sorted(losses)
        assert len(set(losses)) == len(losses)


@few
@given(found=groups(), cost=times())
def test_what_lies_between_the_corners_is_no_worse_than_they_are(found, cost):
    swept = sweep(found, linear(cost), ((A, B), (B, C)))
    for corner in swept.corners:
        assert any(
            one.predicted_ms <= corner.predicted_ms and one.loss <= corner.loss
            for one in swept.every
        )


@few
@given(found=groups(), cost=times())
def test_a_sweep_goes_from_no_loss_to_the_least_time(found, cost):
    points = sweep(found, linear(cost)).corners
    mixes = all_mixes(found, linear(cost))
    assert points[0].loss == 0
    assert points[-1].predicted_ms == min(one.predicted_ms for one in mixes)


@few
@given(found=groups(), cost=times(), price=st.floats(0.05, 5.0))
def test_where_the_time_is_a_sum_over_groups_the_corners_of_the_front_are_exact(found, cost, price):
    predict = linear((cost[0], {}))
    points = sweep(found, predict).corners
    mixes = all_mixes(found, predict)

    def value(one: Widths) -> float:
        return one.loss + price * one.predicted_ms

    # prices are a grid: what is best at this one is beaten by no more than a step of it
    lowest = min(map(value, mixes))
    assert min(map(value, points)) <= lowest * 1.7 + 1e-9


def test_a_price_that_the_grid_hits_gives_the_exact_answer():
    found = (group(A, (32, 16), (0.0, 1.0)), group(B, (32, 16), (0.0, 10.0)))
    points = sweep(found, lambda kept: kept[A] + kept[B]).corners
    assert [dict(one.kept) for one in points] == [
        {A: 32, B: 32},
        {A: 16, B: 32},
        {A: 16, B: 16},
    ]


def test_neighbours_that_only_gain_together_are_moved_together():
    """Half a block gains nothing unless both sides of the kernel have half a block."""
    known = {(8, 8): 1.0, (4, 4): 1.9}

    def predict(kept: Mapping[GroupId, int]) -> float:
        return known.get((kept[A], kept[B]), 2.0)

    found = tuple(group(one, (16, 8, 4), (0.0, 0.1, 5.0)) for one in (A, B))
    wanted = {A: 8, B: 8}
    assert wanted not in [dict(one.kept) for one in sweep(found, predict).corners]
    assert wanted in [dict(one.kept) for one in sweep(found, predict, ((A, B),)).corners]


def test_a_locked_group_keeps_its_width():
    found = (group(A, (32, 16), (0.0, 0.1)), group(B, (24,), (0.0,)))
    assert {dict(one.kept)[B] for one in sweep(found, lambda kept: kept[A] + kept[B]).every} == {24}


def test_where_narrower_is_no_faster_nothing_is_narrowed():
    found = (group(A, (32, 16), (0.0, 1.0)),)
    assert [dict(one.kept) for one in sweep(found, lambda _: 1.0).every] == [{A: 32}]


def test_of_equal_losses_the_faster_widths_stay():
    slow, fast = (Widths(kept=((A, 1),), predicted_ms=ms, loss=0.5) for ms in (2.0, 1.0))
    assert undominated((slow, fast)) == (fast,)


def axis(*names: GroupId) -> AxisWidth:
    return AxisWidth(parts=tuple(GroupPart(id=one, size=16, elements=16) for one in names))


def layer(inputs: AxisWidth, outputs: AxisWidth) -> LayerWidths:
    return LayerWidths(id="conv", inputs=inputs, outputs=outputs)  # type: ignore[arg-type]


def test_neighbours_are_groups_that_meet_in_a_layer():
    layers = (layer(axis(), axis(B)), layer(axis(B), axis(A)), layer(axis(A), axis(A, C)))
    assert set(neighbours(ChannelMap(layers=layers))) == {(A, B), (A, C)}


@few
@given(size=st.integers(1, 600), step=st.sampled_from((1, 4, 8, 16)), most=st.integers(2, 9))
def test_widths_that_are_tried_are_legal_and_hold_both_ends(size, step, most):
    one = ChannelGroup(id=A, kind="channel", size=size, step=step, producers=(), consumers=())
    legal, tried = legal_widths(one), tried_widths(one, most)
    assert set(tried) <= set(legal)
    assert (tried[0], tried[-1]) == (legal[0], legal[-1])
    assert len(tried) == min(most, len(legal))
