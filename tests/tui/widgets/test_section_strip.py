from __future__ import annotations

import pytest

from sparsify_tui.tui.widgets.section_strip import SectionStrip
from tests.tui.stage import Stage, lines


def stage_of(strip: SectionStrip) -> Stage:
    stage = Stage(strip)
    stage.listen(SectionStrip.Picked)
    return stage


@pytest.mark.parametrize(
    ("width", "wanted"),
    [
        (120, "2 Loss [3 Optimization] 4 Benchmarks  5 Settings  6 Export"),
        (80, "2 Loss [3 Optim] 4 Bench  5 Settings  6 Export"),
        (60, "0  1  2 [3 Optim] 4  5  6"),
    ],
)
async def test_all_sections_fit_and_the_active_one_has_brackets(width, wanted):
    async with stage_of(SectionStrip(active="3")).run_test(size=(width, 3)) as pilot:
        await pilot.pause()
        assert lines(pilot.app)[0].rstrip().endswith(wanted)


async def test_the_active_section_also_has_other_colours():
    strip = SectionStrip()
    async with stage_of(strip).run_test(size=(80, 3)) as pilot:
        strip.active = "2"
        await pilot.pause()
        row = pilot.app.screen._compositor.render_strips()[0]
        ground = {segment.style.bgcolor for segment in row if "[2 Loss]" not in segment.text}
        active = next(segment for segment in row if segment.text == "[2 Loss]")
        assert active.style.bold
        assert active.style.bgcolor not in ground


async def test_a_click_picks_a_section_unless_it_is_disabled():
    strip = SectionStrip()
    async with stage_of(strip).run_test(size=(80, 3)) as pilot:
        await pilot.pause()
        row = lines(pilot.app)[0]
        await pilot.click(strip, offset=(row.index("Loss"), 0))
        strip.disable("123")
        await pilot.click(strip, offset=(row.index("Optim"), 0))
        await pilot.click(strip, offset=(row.index("5"), 0))
        await pilot.click(strip, offset=(79, 0))
        assert [message.key for message in pilot.app.heard] == ["2", "5"]
        assert {message.control for message in pilot.app.heard} == {strip}
