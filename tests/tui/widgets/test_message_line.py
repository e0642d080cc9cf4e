from __future__ import annotations

from sparsify_tui.tui.widgets.message_line import MessageLine
from tests.tui.stage import Stage, lines


async def test_it_takes_no_row_until_there_is_something_to_say():
    line = MessageLine()
    async with Stage(line).run_test(size=(60, 4)) as pilot:
        await pilot.pause()
        assert not line.display
        line.show_success("Saved recipe.yml")
        await pilot.pause()
        assert lines(pilot.app)[0].strip() == "✓ Saved recipe.yml"
        assert line.dismiss()
        assert not line.dismiss()
        await pilot.pause()
        assert not line.display


async def test_an_error_stays_until_it_is_dismissed():
    line = MessageLine()
    async with Stage(line).run_test(size=(60, 4)) as pilot:
        line.show_error("The file [/x] is gone.", "Press l to find it.")
        line.show_success("Saved")
        await pilot.pause()
        assert lines(pilot.app)[0].strip() == "! The file [/x] is gone. Press l to find it. (Esc)"
        line.show_error("Another.")
        await pilot.pause()
        assert lines(pilot.app)[0].strip() == "! Another. (Esc)"
        await pilot.click(line)
        assert line.kind == "none"


async def test_a_long_error_wraps_to_a_few_rows():
    line = MessageLine()
    async with Stage(line).run_test(size=(40, 12)) as pilot:
        line.show_error("word " * 200 + "\x1b[31m", "hint")
        await pilot.pause()
        assert line.size.height <= 4
        assert "\x1b" not in "".join(lines(pilot.app))
