from __future__ import annotations

import pytest
from textual import events

from sparsify_tui.tui.widgets.key_line import KeyLine, spoken
from tests.tui.stage import Stage, lines

KEYS = (("space", "mark"), ("slash", "filter"), ("s", "sort"), ("x", "export"), ("y", "copy"))


def stage_of(line: KeyLine) -> Stage:
    stage = Stage(line)
    stage.listen(KeyLine.Pressed)
    return stage


@pytest.mark.parametrize(
    ("width", "wanted"),
    [
        (80, ["space mark", "/ filter", "s sort", "x export", "y copy", "? help"]),
        (40, ["space mark", "/ filter", "s sort", "? help"]),
        (24, ["space mark", "? help"]),
        (10, ["? help"]),
    ],
)
async def test_hints_are_cut_whole_and_help_is_always_last(width, wanted):
    async with stage_of(KeyLine(KEYS)).run_test(size=(width, 3)) as pilot:
        await pilot.pause()
        row = lines(pilot.app)[0]
        assert [part.strip() for part in row.split("  ") if part.strip()] == wanted
        assert row.endswith("? help ")


async def test_a_click_presses_the_key_under_it():
    line = KeyLine()
    async with stage_of(line).run_test(size=(60, 3)) as pilot:
        line.set_keys(KEYS)
        await pilot.pause()
        row = lines(pilot.app)[0]
        for text in ("filter", "help", "/"):
            await pilot.click(line, offset=(row.index(text), 0))
        await pilot.click(line, offset=(row.index("copy") + 6, 0))
        assert [message.key for message in pilot.app.heard] == ["slash", "?", "slash"]
        assert {message.control for message in pilot.app.heard} == {line}


async def test_a_dialog_needs_no_help_hint():
    async with stage_of(KeyLine(KEYS, has_help=False)).run_test(size=(60, 3)) as pilot:
        await pilot.pause()
        assert "help" not in lines(pilot.app)[0]


async def test_a_key_is_pressed_as_if_typed():
    line = KeyLine()
    pressed = []

    class Listener(Stage):
        def on_key(self, event: events.Key) -> None:
            pressed.append((event.key, event.character))

    async with Listener(line).run_test(size=(60, 3)) as pilot:
        for key in ("slash", "?", "x", "enter", "["):
            line.press(key)
        await pilot.pause()
        assert pressed == [
            ("slash", "/"),
            ("question_mark", "?"),
            ("x", "x"),
            ("enter", None),
            ("left_square_bracket", "["),
        ]


def test_keys_are_written_for_people():
    names = ("question_mark", "enter", "escape", "ctrl+p", "G", "f2")
    assert [spoken(name) for name in names] == ["?", "Enter", "Esc", "^p", "G", "F2"]
