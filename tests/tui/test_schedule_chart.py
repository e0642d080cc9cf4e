from __future__ import annotations

from typing import Any

import pytest

from sparsify_tui.core.model import LayerId
from sparsify_tui.core.modifiers import (
    ChannelPruning,
    Epochs,
    GroupLevel,
    LearningRate,
    Modifier,
    Pruning,
    Quantization,
)
from sparsify_tui.tui.schedule_chart import show_schedule
from sparsify_tui.tui.widgets.curve_chart import CurveSeries
from tests.core.channel_examples import net_map


class Chart:
    """Keeps the curves it is given."""

    def set_curves(self, curves: list[CurveSeries], **_: Any) -> None:
        self.curves = {curve.label: curve for curve in curves}


def drawn(*modifiers: Modifier) -> dict[str, CurveSeries]:
    chart = Chart()
    show_schedule(chart, modifiers)  # type: ignore[arg-type]
    return chart.curves


def test_there_is_a_curve_for_each_thing_that_changes_over_the_epochs() -> None:
    curves = drawn(
        Epochs(end_epoch=10.0),
        LearningRate(rate=0.1),
        Pruning(target=0.8, start_epoch=1.0, end_epoch=5.0),
        Quantization(layers=(LayerId("a"),), start_epoch=7.0),
    )

    assert list(curves) == ["learning rate ÷ 0.1", "sparsity, up to 80%", "rounded to int8"]
    assert [curve.selected for curve in curves.values()] == [True, False, False]
    assert curves["sparsity, up to 80%"].ys[-1] == pytest.approx(0.8)
    int8 = curves["rounded to int8"]
    assert [y for x, y in zip(int8.xs, int8.ys, strict=True) if x < 7] == [0.0] * 84
    assert int8.ys[-1] == 1.0
    assert int8.xs[-1] == 10.0


def test_what_is_not_planned_is_not_drawn() -> None:
    assert drawn(Epochs()) == {}
    assert drawn(Epochs(), Quantization()) == {}


def test_channels_that_go_have_a_curve_of_their_own() -> None:
    group = net_map().groups[0]
    level = GroupLevel(id=group.id, kept=group.size // 2, order=tuple(range(group.size)))
    plan = ChannelPruning(
        map=net_map(groups=(group,)), groups=(level,), start_epoch=1.0, end_epoch=5.0
    )

    curve = drawn(Epochs(end_epoch=10.0), plan)["units gone, up to 50%"]

    assert curve.ys[0] == 0.0
    assert list(curve.ys) == sorted(curve.ys)
    assert curve.ys[-1] == pytest.approx(0.5)
    assert drawn(Epochs(end_epoch=10.0), ChannelPruning()) == {}
