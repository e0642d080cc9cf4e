from __future__ import annotations

from dataclasses import replace

from rich.text import Text

from sparsify_tui.core.loss_change import compare_losses
from sparsify_tui.tui.loss.about import about_lines
from sparsify_tui.tui.loss.charts import LossCharts
from sparsify_tui.tui.loss.compare import compared_view
from sparsify_tui.tui.loss.compare_table import compared_rows
from sparsify_tui.tui.loss.detail import entry_detail
from sparsify_tui.tui.loss.drawing import ProfileDrawing
from sparsify_tui.tui.loss.rows import LossRows, loss_columns
from sparsify_tui.tui.loss.summary import summary_lines
from sparsify_tui.tui.symbols import UNICODE
from sparsify_tui.tui.widgets.table_model import Row
from tests.core.channel_losses import LEVELS, channel_profile, group, losses
from tests.tui.loss.profiles import view_of
from tests.tui.stage import Stage, lines

PROFILE = channel_profile()


def rows_of(**options) -> dict[str, Row]:
    return {row.key: row for row in LossRows().rows(view_of(PROFILE, **options), UNICODE)}


def plain(text: Text) -> str:
    return text.plain.strip()


def detail(key: str, profile=PROFILE) -> str:
    return "\n".join(entry_detail(view_of(profile), key)[1])


def summary(profile) -> str:
    found = summary_lines(view_of(profile), job=None, is_stale=False)
    return "\n".join("  ".join(text for text, _ in line) for line in found)


def test_each_layer_shows_its_groups_values_and_with_whom_it_goes():
    rows = rows_of(key="0.5")
    told = {key: [plain(row.cells[one]) for one in ("0.5", "stay", "partners")]
            for key, row in rows.items()}  # fmt: skip
    assert told == {
        "stem": ["0.200", "32/64", "skip"],
        "inner": ["0.020", "16/32", ""],
        "skip": ["0.200", "32/64", "stem"],
        "head": ["·", "·", ""],
    }
    assert "skip" in rows["stem"].search


def test_the_width_in_sight_is_that_of_the_chosen_level():
    maker = LossRows()
    for key, stays in (("0.25", "48/64"), ("0.75", "16/64")):
        row = maker.rows(view_of(PROFILE, key=key), UNICODE)[0]
        assert plain(row.cells["stay"]) == stays
    assert row.sort_values["stay"] == 0.25


def test_a_profile_of_layers_has_no_columns_of_groups():
    assert {"stay", "partners"} <= {one.key for one in loss_columns(view_of(PROFILE))}
    layers = loss_columns(view_of(replace(PROFILE, groups=())))
    assert {"stay", "partners"}.isdisjoint(one.key for one in layers)


def test_the_detail_tells_the_group_and_the_width_that_each_value_is_of():
    text = detail("stem")
    assert "64 channels, in steps of 16\ngoes with skip\ntaken by head" in text
    assert "   25%   0.100  [0.090, 0.110]  48/64" in text
    assert "goes alone" in detail("inner")
    assert "   25%   0.010  [0.009, 0.011]  16/32" in detail("inner")
    assert "reason: y is an output of the model" in detail("head")


def test_the_detail_tells_the_values_of_further_groups_that_a_layer_makes():
    second = replace(
        PROFILE.groups[0], group=group("stem", name="stem:2", size=8), pruning=losses(50)
    )
    text = detail("stem", replace(PROFILE, groups=(*PROFILE.groups, second)))
    assert "also makes 8 channels of their own: 25% 0.500, 50% 1.000, 75% 2.000" in text


def test_the_lines_above_speak_of_groups():
    text = summary(PROFILE)
    assert "1 of 2 groups carries" in text
    assert "one-shot channel: MSE ÷ variance after repair" in text
    assert "1 not measured: Enter says why" in text
    assert any(line.startswith("groups ") for line in about_lines(view_of(PROFILE)))


def test_how_far_it_is_counts_groups():
    one, other = PROFILE.groups
    half = replace(other, pruning=replace(other.pruning, samples=(0, 16, 0)))
    none = replace(other, pruning=replace(other.pruning, samples=(0, 0, 0)))
    assert "all levels, 1 of 2 groups measured" in summary(
        replace(PROFILE, stage="anchors", groups=(one, half))
    )
    begun = summary(replace(PROFILE, stage="magnitude", groups=(half, none)))
    assert "anchors, 1 of 2 groups measured" in begun
    assert "no group of channels is measured" in begun


async def test_a_curve_is_drawn_over_the_widths_that_were_measured():
    charts = LossCharts()
    charts.show(ProfileDrawing(view=view_of(PROFILE)))
    async with Stage(charts).run_test(size=(80, 12)) as pilot:
        charts.turn()
        charts.follow("inner", ())
        await pilot.pause()
        (curve,) = charts.curves._curves
        assert (curve.xs, curve.ys) == ((0.0, 0.5), (0.0, 0.04))
        charts.follow("skip", ())
        await pilot.pause()
        assert charts.curves._curves[0].xs == (0.0, *LEVELS)


async def test_a_group_is_one_point_of_the_scatter_and_a_bar_for_each_layer():
    charts = LossCharts()
    charts.show(ProfileDrawing(view=view_of(PROFILE)))
    async with Stage(charts).run_test(size=(80, 12)) as pilot:
        await pilot.pause()
        assert "4 layers" in "\n".join(lines(pilot.app))
        charts.turn_axis()
        await pilot.pause()
        assert charts._points == ("stem", "inner")


def test_side_by_side_a_group_has_one_place():
    compared = compare_losses([PROFILE, PROFILE])
    view = compared_view(compared, [view_of(PROFILE, key="0.5")] * 2)
    found = {row.key: plain(row.cells["rank A"]) for row in compared_rows(view)}
    assert found == {"stem": "1", "inner": "2", "skip": "·", "head": "·"}
