from __future__ import annotations

import pytest

from sparsify_tui.core.loss_change import compare_losses
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.profile import LayerTime
from sparsify_tui.tui.loss.charts import LossCharts
from sparsify_tui.tui.loss.compare import compared_view
from sparsify_tui.tui.loss.drawing import ProfileDrawing
from tests.core import examples
from tests.tui.loss.profiles import estimated, measured, one_shot, unmeasured, view_of
from tests.tui.stage import Stage, lines

PROFILE = one_shot(
    measured("a", 2.0),
    estimated("b"),
    unmeasured("c"),
    *(measured(f"m{at}") for at in range(8)),
    score="top-1",
)
PERF = examples.perf_profile(
    layers=tuple(
        LayerTime(id=LayerId(name), ms=float(at + 1), share=0.1) for at, name in enumerate("ab")
    )
)


def charts_of(profile=PROFILE, **options) -> LossCharts:
    charts = LossCharts()
    charts.show(ProfileDrawing(view=view_of(profile, **options)))
    return charts


def shown(pilot) -> str:
    return "\n".join(lines(pilot.app))


async def test_bars_shade_what_is_estimated_and_tell_the_interval_at_the_cursor():
    charts = charts_of(key="0.95")
    async with Stage(charts).run_test(size=(80, 12)) as pilot:
        charts.follow("a", ())
        await pilot.pause()
        text = shown(pilot)
        assert "KL divergence at 95%  11 layers, sqrt scale  ▒ estimated" in text
        assert "▲ a  1.800 [1.440, 2.160]" in text
        charts.follow("b", ())
        await pilot.pause()
        assert "▲ b  ~0.900" in shown(pilot)
        charts.follow("c", ())
        await pilot.pause()
        assert "▲ c  ·" in shown(pilot)


async def test_v_goes_from_bars_to_curves_to_the_scatter_and_back():
    charts = charts_of()
    async with Stage(charts).run_test(size=(80, 12)) as pilot:
        seen = []
        for _ in range(4):
            seen.append([one for one in charts.children if one.display])
            charts.turn()
            await pilot.pause()
        assert seen == [[charts.bars], [charts.curves], [charts.scatter], [charts.bars]]


async def test_curves_are_of_the_marked_layers_and_the_one_under_the_cursor():
    charts = charts_of()
    async with Stage(charts).run_test(size=(80, 14)) as pilot:
        charts.turn()
        charts.follow("m7", {f"m{at}" for at in range(8)})
        await pilot.pause()
        text = shown(pilot)
        assert "loss over sparsity, sqrt scale" in text
        assert "6 m7" in text
        assert "m6" not in text
        charts.follow("c", ())
        await pilot.pause()
        assert "Nothing of this was measured yet." in shown(pilot)


@pytest.mark.parametrize(("turns", "scales"), [(0, "linear log"), (1, "linear log"), (2, "sqrt")])
async def test_each_chart_has_its_own_scale_and_names_it(turns, scales):
    charts = charts_of()
    async with Stage(charts).run_test(size=(80, 12)) as pilot:
        charts.follow("a", ())
        for _ in range(turns):
            charts.turn()
        for scale in scales.split():
            charts.turn_scale()
            await pilot.pause()
            assert f"{scale} scale" in shown(pilot)


async def test_the_scatter_leaves_out_what_has_no_value_and_follows_the_cursor():
    charts = charts_of()
    async with Stage(charts).run_test(size=(80, 14)) as pilot:
        charts.turn()
        charts.turn()
        charts.follow("a", ())
        await pilot.pause()
        assert "loss over parameters, log scale" in shown(pilot)
        assert "◉ a  1.01k  0.800" in shown(pilot)
        charts.follow("b", ())
        await pilot.pause()
        assert "◉ b  1.01k  0.400" in shown(pilot)
        charts.follow("c", ())
        await pilot.pause()
        assert "◉" not in shown(pilot)


async def test_the_axis_turns_to_time_where_there_are_times():
    charts = charts_of(perf=PERF)
    async with Stage(charts).run_test(size=(80, 14)) as pilot:
        charts.follow("b", ())
        assert charts.turn_axis()
        await pilot.pause()
        assert "loss over parameters" in shown(pilot)
        assert charts.turn_axis()
        await pilot.pause()
        assert "loss over ms" in shown(pilot)
        assert "◉ b  2.000  0.400  10.0% of time" in shown(pilot)
    assert not charts_of().turn_axis()


async def test_a_pick_in_bars_or_scatter_tells_the_layer():
    charts = charts_of(one_shot(measured("a"), unmeasured("b"), measured("c")))
    stage = Stage(charts)
    stage.listen(LossCharts.Picked)
    async with stage.run_test(size=(80, 14)) as pilot:
        charts.bars.focus()
        await pilot.press("end")
        charts.turn()
        charts.turn()
        charts.scatter.focus()
        charts.follow("a", ())
        await pilot.press("right")
        await pilot.pause()
        assert [one.key for one in stage.heard] == ["c", "c"]
        assert stage.heard[0].control is charts


async def test_profiles_side_by_side_are_bars_curves_and_one_against_the_other():
    other = one_shot(measured("a"), measured("b", 3.0), id="B", name="other")
    pair = (one_shot(measured("a", 2.0), measured("b"), id="A", name="one"), other)
    charts = LossCharts()
    charts.show(compared_view(compare_losses(pair), [view_of(one) for one in pair]))
    async with Stage(charts).run_test(size=(80, 14)) as pilot:
        charts.follow("b", ())
        await pilot.pause()
        assert "A at 80%  █ B ▒ A alone" in shown(pilot)
        assert "▲ b  0.400  B 1.200" in shown(pilot)
        charts.turn()
        await pilot.pause()
        assert "1 A one    2 B other" in shown(pilot)
        charts.turn()
        await pilot.pause()
        assert "B over A" in shown(pilot)
        assert "◉ b  0.400  1.200" in shown(pilot)
        assert not charts.turn_axis()
