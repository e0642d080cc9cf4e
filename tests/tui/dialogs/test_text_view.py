from __future__ import annotations

from textual.containers import VerticalScroll

from sparsify_tui.tui.dialogs.text_view import TextView
from tests.tui.stage import Stage, lines

TEXT = "Traceback [/b]\n\n\x1b[31mred\n" + "\n".join(f"line {i}" for i in range(60))


async def test_the_text_is_shown_line_by_line_and_scrolls():
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(TextView("Errors", TEXT))
        await pilot.pause()
        shown = [line.strip("│ ▁▂▃▄▅▆▇█") for line in lines(app)]
        start = shown.index("Traceback [/b]")
        assert shown[start : start + 3] == ["Traceback [/b]", "", "␛[31mred"]
        await pilot.press("j", "down", "ctrl+d", "k")
        await pilot.pause()
        assert app.screen.query_one(VerticalScroll).scroll_y == 11
        await pilot.press("ctrl+u", "up", "q")
        assert app.answers == [None]


async def test_y_copies_the_text_as_it_is_and_says_so():
    copied = []
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(TextView("Errors", TEXT, copy=copied.append))
        await pilot.press("y")
        await pilot.pause()
        assert copied == [TEXT]
        assert "✓ copied" in "\n".join(lines(app))


async def test_without_a_way_to_copy_the_terminal_is_asked():
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(TextView("Errors", "abc"))
        await pilot.press("y")
        assert app.clipboard == "abc"
