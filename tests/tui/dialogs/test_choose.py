from __future__ import annotations

import pytest

from sparsify_tui.tui.dialogs.choose import Choose
from sparsify_tui.tui.dialogs.pick_list import PickLine
from tests.tui.stage import Stage, lines

LINES = (
    PickLine(value="keep", label="keep [/it] running", description="goes on", key="K"),
    PickLine(value="stop", label="stop", description="ends", key="s"),
)


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["enter"], "keep"),
        (["down", "enter"], "stop"),
        (["j", "j", "enter"], "keep"),
        (["k", "enter"], "stop"),
        (["s"], "stop"),
        (["K"], "keep"),
        (["escape"], None),
    ],
)
async def test_a_line_is_chosen_by_cursor_or_by_its_key(keys, answer):
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Choose("1 job runs", LINES))
        await pilot.pause()
        assert "keep [/it] running  goes on" in "\n".join(lines(app))
        await pilot.press(*keys)
        assert app.answers == [answer]


async def test_a_click_chooses():
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Choose("1 job runs", LINES))
        await pilot.pause()
        row = next(y for y, line in enumerate(lines(app)) if "ends" in line)
        await pilot.click(offset=(20, row))
        await pilot.pause()
        assert app.answers == ["stop"]


async def test_nothing_to_choose_from_is_no_answer():
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Choose("Nothing", ()))
        await pilot.press("down", "enter", "escape")
        assert app.answers == [None]
