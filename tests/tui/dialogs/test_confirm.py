from __future__ import annotations

import pytest
from textual.widgets import Input

from sparsify_tui.tui.dialogs.confirm import Confirm
from sparsify_tui.tui.symbols import ASCII
from tests.tui.stage import Stage, lines


@pytest.mark.parametrize(
    ("key", "answer"), [("y", True), ("enter", True), ("n", False), ("escape", False)]
)
async def test_one_key_answers(key, answer):
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Confirm("Delete [/x]?", "It is gone then.", yes="delete", no="keep"))
        await pilot.pause()
        text = "\n".join(lines(app))
        assert "Delete [/x]?" in text
        assert "It is gone then." in text
        assert "y delete  Esc keep" in text
        await pilot.press(key)
        assert app.answers == [answer]


async def test_a_word_must_be_typed_exactly():
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Confirm("Delete?", typed="yes-n"))
        await pilot.pause()
        assert not app.screen.query_one(Input).cursor_blink
        await pilot.press(*"yes", "enter")
        assert app.answers == []
        await pilot.press(*"-n", "enter")
        assert app.answers == [True]


async def test_a_terminal_without_unicode_gets_an_ascii_frame():
    app = Stage(symbols=ASCII)
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Confirm("Delete?", "It is gone then."))
        await pilot.pause()
        assert "".join(lines(app)).isascii()
