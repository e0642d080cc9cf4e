from __future__ import annotations

from dataclasses import replace

import pytest

from sparsify_tui.core.channels.lanes import ChannelLanes
from sparsify_tui.core.lane import Int8Lane
from sparsify_tui.core.sparse_model import SPARSE_ENGINES
from sparsify_tui.tui.symbols import ASCII, UNICODE
from sparsify_tui.tui.widgets.layer_bars import LayerBars
from sparsify_tui.tui.widgets.layer_table import Table
from tests.tui.screens.house import House, frame, measured_profile, until, write


async def test_an_unmeasured_layer_is_a_dot_and_never_zero(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "stem" in frame(app), pilot)
        (line,) = [one for one in frame(app).splitlines() if " stem " in one and "Conv" in one]
        assert "·" in line
        assert "0.000" not in line


async def test_without_a_run_the_section_shows_flops_and_what_r_does_in_what_time(house: House):
    house.bench.projects.update(
        house.project.id, lambda project: replace(project, perf_profiles=())
    )
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "from the architecture" in frame(app), pilot)
        assert "14.0 MFLOPs" in frame(app)
        assert "r measures every layer" in frame(app)
        assert "half would cut" in frame(app)
        assert "seconds" in frame(app)


async def test_groupings_go_from_layers_to_stages_operators_and_kernels(house: House):
    app = house.app()
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.press("enter")
        await until(lambda: "1 other kernels" in frame(app), pilot)
        await pilot.press("v")
        await until(lambda: "1 × layer1" in frame(app), pilot)
        assert "guessed from the layers' names" in frame(app)
        await pilot.press("v")
        await until(lambda: "7 × Conv" in frame(app), pilot)
        await pilot.press("v")
        await until(lambda: " relu " in frame(app), pilot)


async def test_table_and_chart_point_at_the_same_layer(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "stem" in frame(app), pilot)
        await pilot.press("j", "j")
        await until(lambda: app.screen.query_one(LayerBars).cursor == 2, pilot)
        assert app.screen.query_one(Table).cursor_key == "x[/a]"


async def test_a_filter_narrows_the_table_and_escape_clears_it(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "stem" in frame(app), pilot)
        await pilot.press("slash", *"head")
        await until(lambda: app.screen.query_one(Table).matches[0] == 1, pilot)
        await pilot.press("escape")
        await until(lambda: app.screen.query_one(Table).matches[0] > 1, pilot)


async def test_measuring_stores_a_profile_with_the_batch_asked_for(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "r", "backspace", *"32", "f2")
        await until(lambda: len(house.stored().perf_profiles) == 2, pilot)
        assert house.jobs.specs[-1].args["options"]["batch"] == 32


async def test_a_profile_of_another_file_content_is_called_stale(house: House):
    house.bench.projects.update(
        house.project.id,
        lambda project: replace(project, model=replace(project.model, sha256="cd" * 32)),
    )
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "STALE" in frame(app), pilot)


async def test_deleting_a_profile_asks_and_is_stored(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "D")
        await until(lambda: "cannot be brought back" in frame(app), pilot)
        await pilot.press("y")
        await until(lambda: house.stored().perf_profiles == (), pilot)


async def test_the_summary_says_how_sure_latency_int8_and_predictions_are(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "10.0 ms ± 0.1, trusted" in frame(app), pilot)
        text = frame(app)
        assert "all int8 2.00×" in text
        assert "ranges from made-up samples" in text
        assert "predicts mixes within 2.0% (median of 3 checks)" in text
        assert "3 optimizes" in text


async def test_a_refused_int8_lane_says_why(house: House):
    _with_profile(house, int8=Int8Lane(refused="no layer has an integer kernel"))
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "int8 refused: no layer has an integer kernel" in frame(app), pilot)


async def test_a_profile_of_before_int8_has_no_empty_columns(house: House):
    _with_profile(house, layers=(), int8=None, peak=None)
    app = house.app()
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.press("enter")
        await until(lambda: "int8 not measured" in frame(app), pilot)
        assert "GFLOP/s" not in app.screen.query_one(Table).column_titles
        assert "int8 ms" not in app.screen.query_one(Table).column_titles


async def test_the_narrow_table_has_the_essentials_and_w_shows_the_rest(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "stem" in frame(app), pilot)
        table = app.screen.query_one(Table)
        assert {"layer", "op", "ms", "share", "int8 ms", "gain"} <= set(table.column_titles)
        seen = set(table.column_titles)
        for _ in range(2):
            await pilot.press("w")
            await pilot.pause()
            seen |= set(table.column_titles)
        assert {"#", "params", "FLOPs", "GFLOP/s", "%peak", "FLOP/B", "int8 note"} <= seen
        assert "boundary conversion" in frame(app)


@pytest.mark.parametrize("symbols", [UNICODE, ASCII], ids=lambda symbols: symbols.name)
async def test_the_roofline_names_the_layer_under_the_cursor(house: House, symbols):
    app = house.app()
    app.symbols = symbols
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "ms by layer" in frame(app), pilot)
        await pilot.press("j", "t")
        await until(lambda: "roofline" in frame(app), pilot)
        await until(lambda: f"{symbols.picked} layer1.conv" in frame(app), pilot)
        assert "roof 90 GFLOP/s, 10 GB/s" in frame(app)
        assert "% of roof" in frame(app)
        await pilot.press("t")
        await until(lambda: "ms by layer" in frame(app), pilot)


async def test_a_chart_is_there_at_60_columns_once_it_has_the_room(house: House):
    app = house.app()
    async with app.run_test(size=(60, 18)) as pilot:
        await pilot.press("enter")
        await until(lambda: "stem" in frame(app), pilot)
        assert "ms by layer" not in frame(app)
        await pilot.press("M", "M")
        await until(lambda: "ms by layer" in frame(app), pilot)
        assert "int8 ms" not in frame(app)
        await pilot.press("M")
        await until(lambda: "ms by layer" not in frame(app), pilot)


@pytest.mark.parametrize("size", [(80, 24), (60, 18)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_two_profiles_side_by_side_say_what_differs_and_escape_leaves(house: House, size):
    _with_profile(house, add=True, id="p2", name="other", batch=8)
    app = house.app()
    async with app.run_test(size=size) as pilot:
        await pilot.press("enter")
        await until(lambda: "stem" in frame(app), pilot)
        await pilot.press("c", "enter")
        await until(lambda: "not comparable: batch 1 and 8" in frame(app), pilot)
        assert "Δ ms" in app.screen.query_one(Table).column_titles
        await pilot.press("escape")
        await until(lambda: "all int8" in frame(app), pilot)


async def test_one_profile_has_nothing_to_be_compared_with(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "c")
        await until(lambda: "two measured profiles are needed" in frame(app), pilot)


async def test_modelled_engines_are_labelled_and_never_among_the_measured(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "all int8" in frame(app), pilot)
        for engine in SPARSE_ENGINES:
            await pilot.press("m")
            await until(lambda one=engine: one.title in frame(app), pilot)
            assert "MODELLED, not measured" in frame(app)
            assert "onnxruntime multiplies zeros too" in frame(app)
            assert "int8 ms" not in app.screen.query_one(Table).column_titles
        await pilot.press("m")
        await until(lambda: "all int8" in frame(app), pilot)


async def test_the_flops_can_be_opened_beside_measured_profiles(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "o", "down", "enter")
        await until(lambda: "from the architecture, not measured" in frame(app), pilot)
        assert "FLOPs left" in app.screen.query_one(Table).column_titles
        assert "half would cut" in frame(app)
        await pilot.press("o", "enter")
        await until(lambda: "all int8" in frame(app), pilot)


async def test_a_profile_just_measured_is_looked_at_in_place_of_the_flops(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "o", "down", "enter")
        await until(lambda: "not measured" in frame(app), pilot)
        await pilot.press("r", "f2")
        await until(lambda: len(house.stored().perf_profiles) == 2, pilot)
        await until(lambda: "all int8" in frame(app), pilot)


async def test_notes_are_stored_and_shown(house: House):
    app = house.app()
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.press("enter", "N", *"calm", "enter")
        await until(lambda: house.stored().perf_profiles[0].notes == "calm", pilot)
        await until(lambda: "calm" in frame(app), pilot)


async def test_enter_shows_all_that_is_known_of_a_layer(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "stem" in frame(app), pilot)
        await pilot.press("j", "j", "enter")
        await until(lambda: "kernel QLinearConv" in frame(app), pilot)
        for words in ("FLOPs per byte", "of its roof", "boundary conversion", "Conv_nchwc"):
            assert words in frame(app)


async def test_the_detail_of_a_sum_lists_its_layers(house: House):
    app = house.app()
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.press("enter", "v", "v")
        await until(lambda: "7 × Conv" in frame(app), pilot)
        await until(lambda: "2.00  x[/a]" in frame(app), pilot)


@pytest.mark.parametrize(("suffix", "head"), [(".csv", "#,layer,op"), (".md", "| # | layer | op")])
async def test_the_table_is_saved_as_its_suffix_says(house: House, tmp_path, suffix, head):
    app, file = house.app(), tmp_path / f"table{suffix}"
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "stem" in frame(app), pilot)
        await pilot.press("W")
        await until(lambda: "Save the table" in frame(app), pilot)
        write(app, str(file))
        await pilot.press("enter")
        await until(file.is_file, pilot)
        assert file.read_text().startswith(head)


async def test_a_saved_table_is_only_replaced_after_asking(house: House, tmp_path):
    app, file = house.app(), tmp_path / "table.csv"
    file.write_text("mine")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "stem" in frame(app), pilot)
        await pilot.press("W")
        await until(lambda: "Save the table" in frame(app), pilot)
        write(app, str(file))
        await pilot.press("enter")
        await until(lambda: "It is there already" in frame(app), pilot)
        assert file.read_text() == "mine"
        await pilot.press("y")
        await until(lambda: file.read_text() != "mine", pilot)


async def test_time_by_operator_is_one_bar_on_a_wide_screen_only(house: House):
    app = house.app()
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.press("enter")
        await until(lambda: "│Conv 93%" in frame(app), pilot)
        await pilot.press("m")
        await until(lambda: "MODELLED" in frame(app), pilot)
        assert "Conv 93%" not in frame(app)
        await pilot.press("escape")
        await pilot.resize_terminal(80, 24)
        await until(lambda: "Conv 93%" not in frame(app), pilot)


def _with_profile(house: House, *, add: bool = False, **changes) -> None:
    """Stores another state of the profile, or a second profile."""
    profile = measured_profile(**changes)
    house.bench.projects.update(
        house.project.id,
        lambda stored: replace(
            stored, perf_profiles=(*(stored.perf_profiles if add else ()), profile)
        ),
    )


async def test_only_what_was_measured_here_has_a_roofline(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "ms by layer" in frame(app), pilot)
        await pilot.press("t")
        await until(lambda: "roofline" in frame(app), pilot)
        await pilot.press("m")
        await until(lambda: "ms by layer" in frame(app), pilot)
        await pilot.press("t")
        await until(lambda: "no roofline" in frame(app), pilot)
        await pilot.press("escape", "escape")
        await until(lambda: "roofline  GFLOP/s" in frame(app), pilot)


async def test_channel_widths_are_a_lens_with_their_speed_and_how_sure_predictions_are(
    house: House,
):
    app = house.app()
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.press("enter")
        await until(lambda: "channels 75% 1.20×, 50% 1.60×, 25% 2.40×" in frame(app), pilot)
        await pilot.press("n", "j")
        await until(lambda: "channels kept 75% 1.20×" in frame(app), pilot)
        table = app.screen.query_one(Table)
        assert {"full ms", "75% ms", "50% ×", "25% ms", "units"} <= set(table.column_titles)
        text = frame(app)
        assert "predicts widths within 2.0% (median of 3 checks, worst 4.0%)" in text
        assert "locked: an output ends it" in text
        assert "with 50% of the channels" in text
        await until(lambda: "50% of channels 0.500 ms   2.00×" in frame(app), pilot)
        assert "64 channels that can go" in frame(app)
        await pilot.press("escape")
        await until(lambda: "all int8" in frame(app), pilot)


async def test_channel_widths_fit_80_columns_and_n_leaves_them_too(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "n by layer" in frame(app), pilot)
        await pilot.press("n")
        await until(lambda: "Esc back" in frame(app), pilot)
        assert {"layer", "full ms", "50% ms", "50% ×"} <= set(
            app.screen.query_one(Table).column_titles
        )
        await pilot.press("n")
        await until(lambda: "all int8" in frame(app), pilot)


async def test_a_modelled_sparse_engine_takes_the_place_of_the_widths(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "n by layer" in frame(app), pilot)
        await pilot.press("n", "m")
        await until(lambda: "MODELLED, not measured" in frame(app), pilot)
        assert "channels kept" not in frame(app)
        await pilot.press("n")
        await until(lambda: "channels kept" in frame(app), pilot)
        assert "MODELLED" not in frame(app)


async def test_widths_that_were_refused_or_not_measured_say_why(house: House):
    _with_profile(house, channels=ChannelLanes(refused="No channels can be removed: tied."))
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "channels refused: No channels can be removed" in frame(app), pilot)
        _with_profile(house, channels=None)
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "all int8" in frame(app), pilot)
        assert "channels" not in frame(app)
        await pilot.press("n")
        await until(lambda: "no channel widths measured: r measures" in frame(app), pilot)


async def test_measuring_asks_for_the_lanes(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "r", "f2")
        await until(lambda: len(house.stored().perf_profiles) == 2, pilot)
        asked = house.jobs.specs[-1].args
        assert (asked["int8"], asked["channels"]) == (True, True)
