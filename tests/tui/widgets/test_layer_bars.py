from __future__ import annotations

import math

import pytest
from textual.color import Color

from sparsify_tui.core.units import format_score
from sparsify_tui.tui.symbols import ASCII, UNICODE
from sparsify_tui.tui.widgets.layer_bars import LayerBars
from tests.tui.stage import HOSTILE_NAMES, Stage, lines, styles

SIZES = [(80, 4), (80, 7), (80, 20), (160, 50), (40, 10), (20, 5), (12, 3), (6, 2), (3, 1)]


def bars(values, labels=None) -> LayerBars:
    chart = LayerBars()
    names = labels or [f"layer{index}" for index in range(len(values))]
    chart.set_bars(values, names, title="Sensitivity", unit=format_score)
    return chart


def stage_of(chart: LayerBars, **options) -> Stage:
    stage = Stage(chart, **options)
    stage.listen(LayerBars.Picked)
    return stage


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", [1, 150])
async def test_every_cell_of_every_size_has_the_ground_of_the_widget(size, count):
    chart = bars([0.01 * (index + 1) for index in range(count)])
    async with stage_of(chart).run_test(size=size) as pilot:
        await pilot.pause()
        ground = Color.parse(pilot.app.theme_variables["surface"])
        cursor = Color.parse(pilot.app.theme_variables["block-cursor-blurred-background"])
        assert {len(line) for line in lines(pilot.app)} == {size[0]}
        seen = {style.bgcolor for style in styles(pilot.app)}
        assert seen <= {ground.rich_color, cursor.rich_color}


async def test_bars_keep_graph_order_and_a_missing_value_is_a_point():
    async with stage_of(bars([1.0, None, 0.0, 1e-9, 0.25])).run_test(size=(40, 6)) as pilot:
        await pilot.pause()
        bottom = lines(pilot.app)[4]
        assert bottom[6:21] == "██ ·     ▁▁ ██ "


async def test_the_cursor_line_names_the_layer_and_its_value():
    chart = bars([0.5, 0.25, None])
    async with stage_of(chart).run_test(size=(40, 6)) as pilot:
        chart.move_to(1)
        await pilot.pause()
        assert lines(pilot.app)[-1].strip() == "▲ layer1  0.250"
        chart.move_to(99)
        await pilot.pause()
        assert chart.cursor == 2
        assert lines(pilot.app)[-1].strip() == "▲ layer2  ·"


async def test_the_window_follows_the_cursor_and_counts_what_is_out_of_sight():
    chart = bars([0.1] * 150)
    async with stage_of(chart).run_test(size=(80, 8)) as pilot:
        await pilot.pause()
        assert lines(pilot.app)[-1].endswith("76▸")
        chart.move_to(149)
        await pilot.pause()
        last = lines(pilot.app)[-1]
        assert last.startswith("◂76")
        assert last.rstrip().endswith("layer149  0.100 ▲")
        assert "▸" not in last


async def test_the_scale_is_named_and_the_key_takes_the_next():
    chart = bars([0.5, 0.25])
    async with stage_of(chart).run_test(size=(60, 8)) as pilot:
        chart.focus()
        seen = []
        for _ in range(4):
            await pilot.pause()
            seen.append(lines(pilot.app)[0].split(", ")[1].split()[0])
            await pilot.press("L")
        assert seen == ["sqrt", "linear", "log", "sqrt"]


async def test_a_click_and_the_arrow_keys_pick_a_bar():
    chart = bars([0.5] * 10)
    async with stage_of(chart).run_test(size=(60, 8)) as pilot:
        await pilot.pause()
        await pilot.click(chart, offset=(6 + 3 * 4, 3))
        chart.focus()
        await pilot.press("right", "h", "end", "home")
        assert [message.index for message in pilot.app.heard] == [4, 5, 4, 9, 0]
        assert {message.control for message in pilot.app.heard} == {chart}
        await pilot.click(chart, offset=(58, 3))
        assert len(pilot.app.heard) == 5


async def test_a_click_does_not_take_the_focus():
    chart = bars([0.5] * 10)
    async with stage_of(chart).run_test(size=(60, 8)) as pilot:
        pilot.app.set_focus(None)
        await pilot.click(chart, offset=(10, 3))
        assert pilot.app.focused is None


async def test_moving_the_cursor_inside_the_window_repaints_only_what_changed(monkeypatch):
    chart = bars([0.5] * 150)
    async with stage_of(chart).run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        painted = []
        plain = chart.refresh
        monkeypatch.setattr(chart, "refresh", lambda *r, **o: painted.append(r) or plain(*r, **o))
        chart.move_to(3)
        assert sum(region.area for region in painted[0]) <= 2 * 20 + 80
        chart.move_to(140)
        assert painted[-1] == ()


async def test_the_drawing_is_kept_until_something_changes(monkeypatch):
    chart = bars([0.5] * 20)
    async with stage_of(chart).run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        drawn = []
        plain = chart.draw
        monkeypatch.setattr(chart, "draw", lambda sheet: drawn.append(1) or plain(sheet))
        for y in range(20):
            chart.render_line(y)
        assert not drawn
        chart.move_to(5)
        chart.render_line(0)
        chart.data_changed()
        chart.render_line(0)
        pilot.app.theme = "sparsify-light"
        await pilot.pause()
        assert len(drawn) == 3


@pytest.mark.parametrize("values", [[], [None, None], [math.nan]])
async def test_without_values_it_says_so(values):
    chart = bars(values)
    chart.empty_text = "No profile yet. r runs one."
    async with stage_of(chart).run_test(size=(60, 8)) as pilot:
        chart.focus()
        await pilot.press("right")
        await pilot.click(chart, offset=(10, 3))
        assert "No profile yet. r runs one." in "\n".join(lines(pilot.app))
        assert pilot.app.heard == []


async def test_hostile_names_are_shown_and_move_nothing():
    chart = bars([0.5] * len(HOSTILE_NAMES), HOSTILE_NAMES)
    async with stage_of(chart).run_test(size=(60, 8)) as pilot:
        for index, wanted in enumerate(["x[/a]", "[red]b[/red]", "␛[31mred", "a␊b", "<U+202E>abc"]):
            chart.move_to(index)
            await pilot.pause()
            assert wanted in lines(pilot.app)[-1]
        for index in range(len(HOSTILE_NAMES)):
            chart.move_to(index)
            await pilot.pause()
            assert not any("\x1b" in line or "\n" in line for line in lines(pilot.app))


async def test_the_ascii_set_draws_in_ascii():
    chart = bars([0.5, None, 0.01] * 50)
    async with stage_of(chart, symbols=ASCII).run_test(size=(80, 12)) as pilot:
        chart.set_bars([0.5, 0.1, 0.01] * 50, ["x"] * 150, title="t", unit=format_score)
        chart.move_to(75)
        await pilot.pause()
        assert "".join(lines(pilot.app)).isascii()


def pairs(first, second) -> LayerBars:
    chart = LayerBars()
    names = [f"layer{index}" for index in range(len(first))]
    chart.set_bars(first, names, title="ms", unit=format_score, second=second, second_name="int8")
    return chart


@pytest.mark.parametrize("symbols", [UNICODE, ASCII], ids=lambda symbols: symbols.name)
async def test_a_second_series_leaves_shade_where_shorter_and_a_line_where_taller(symbols):
    chart = pairs([1.0, 0.25, 1.0], [0.25, 1.0, None])
    async with stage_of(chart, symbols=symbols).run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        columns = ["".join(line[x] for line in lines(pilot.app)[1:9]) for x in (6, 9, 12)]
        solid = symbols.rising[-1]
        assert columns == [
            symbols.shade * 4 + solid * 4,
            symbols.vertical * 4 + solid * 4,
            solid * 8,
        ]


async def test_the_cursor_line_and_the_title_name_both_series():
    async with stage_of(pairs([1.0], [0.25])).run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        assert lines(pilot.app)[-1].strip() == "▲ layer0  1.000  int8 0.250"
        assert "█ int8 ▒ saved" in lines(pilot.app)[0]


async def test_a_second_series_without_any_value_is_none():
    async with stage_of(pairs([1.0], [None])).run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        assert "int8" not in "".join(lines(pilot.app))


async def test_the_top_of_the_first_bar_is_seen_below_a_taller_second():
    chart = pairs([0.3, 1.0], [1.0, 1.0])
    chart.scale = "linear"
    async with stage_of(chart).run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        column = "".join(line[6] for line in lines(pilot.app)[1:9])
        assert column == "│" * 5 + "▃" + "█" * 2


@pytest.mark.parametrize("symbols", [UNICODE, ASCII], ids=lambda symbols: symbols.name)
async def test_what_is_estimated_is_shaded_and_the_title_says_so(symbols):
    chart = LayerBars()
    names = ["a", "b", "c"]
    chart.set_bars([1.0, 1.0, None], names, title="loss", unit=format_score, estimated={1, 2})
    chart.scale = "linear"
    async with stage_of(chart, symbols=symbols).run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        columns = ["".join(line[x] for line in lines(pilot.app)[1:9]) for x in (6, 9, 12)]
        assert columns == [
            symbols.rising[-1] * 8,
            symbols.shade * 8,
            " " * 7 + symbols.missing,
        ]
        assert f"{symbols.shade} estimated" in lines(pilot.app)[0]


async def test_the_cursor_line_tells_a_text_of_its_own_where_there_is_one():
    chart = LayerBars()
    chart.set_bars([1.0], ["a"], title="loss", unit=format_score, texts=["~1.000 [0.9, 1.1]"])
    async with stage_of(chart).run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        assert lines(pilot.app)[-1].strip() == "▲ a  ~1.000 [0.9, 1.1]"


async def test_what_the_second_series_does_not_reach_has_the_name_given():
    chart = LayerBars()
    chart.set_bars(
        [1.0],
        ["a"],
        title="A",
        unit=format_score,
        second=[0.5],
        second_name="B",
        rest_name="A alone",
    )
    async with stage_of(chart).run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        assert "█ B ▒ A alone" in lines(pilot.app)[0]


async def test_new_values_have_their_own_axis():
    chart = bars([1.0])
    async with stage_of(chart).run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        assert "200.000" not in "\n".join(lines(pilot.app))
        chart.set_bars([500.0], ["a"], title="t", unit=format_score)
        await pilot.pause()
        assert "200.000┤" in "\n".join(lines(pilot.app))
