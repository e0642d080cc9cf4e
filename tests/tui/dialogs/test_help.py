from __future__ import annotations

from textual.widgets import Input

from sparsify_tui.tui.dialogs.help import HelpEntry, HelpScreen
from tests.tui.stage import Stage, lines

ENTRIES = tuple(
    HelpEntry(key=key, label=label, action=action)
    for key, label, action in [
        ("r", "run a profile", "run"),
        ("slash", "filter rows", "filter"),
        ("ctrl+p", "all commands", "palette"),
        *((f"f{i}", f"thing {i}", f"thing({i})") for i in range(3, 40)),
    ]
)


async def test_it_shows_the_keys_and_enter_runs_what_is_chosen():
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(HelpScreen(ENTRIES))
        await pilot.pause()
        text = "\n".join(lines(app))
        assert "/" in text
        assert "^p" in text
        await pilot.press("down", "enter")
        assert app.answers == ["filter"]


async def test_typing_filters_by_words_and_by_key():
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(HelpScreen(ENTRIES))
        await pilot.press(*"rows fil")
        await pilot.pause()
        assert "run a profile" not in "\n".join(lines(app))
        await pilot.press("enter")
        assert app.answers == ["filter"]


async def test_when_nothing_matches_it_says_so_and_enter_does_nothing():
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(HelpScreen(ENTRIES))
        await pilot.pause()
        assert not app.screen.query_one(Input).cursor_blink
        await pilot.press(*"zzz", "enter", "down")
        await pilot.pause()
        assert "Nothing matches." in "\n".join(lines(app))
        assert app.answers == []
        await pilot.press("escape")
        assert app.answers == [None]


async def test_the_cursor_stays_in_sight_and_goes_round_the_ends():
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(HelpScreen(ENTRIES))
        await pilot.press("up")
        await pilot.pause()
        assert any("▸ F39" in line or "▸ f39" in line for line in lines(app))
        await pilot.press("pageup", "pagedown", "down", "enter")
        assert app.answers == ["run"]


async def test_a_click_runs():
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(HelpScreen(ENTRIES))
        await pilot.pause()
        row = next(y for y, line in enumerate(lines(app)) if "all commands" in line)
        await pilot.click(offset=(20, row))
        await pilot.pause()
        assert app.answers == ["palette"]
