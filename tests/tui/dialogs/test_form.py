from __future__ import annotations

import pytest
from textual.widgets import Input

from sparsify_tui.tui.dialogs.field import Field
from sparsify_tui.tui.dialogs.form import Form
from tests.tui.stage import HOSTILE_NAMES, Stage, lines

FIELDS = (
    Field(name="name", label="name", value="resnet", help="letters and digits"),
    Field(name="batch", label="batch", kind="int", value="1"),
    Field(name="mask", label="mask", kind="choice", choices=("free", "2:4", "block"), value="2:4"),
    Field(name="int8", label="quantize", kind="bool", value="no"),
)


async def test_enter_goes_through_the_fields_and_accepts_in_the_last():
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Form("New", FIELDS))
        await pilot.pause()
        await pilot.press("end", *"50", "enter", "8", "enter", "right", "enter", "space", "enter")
        assert app.answers == [{"name": "resnet50", "batch": "8", "mask": "block", "int8": "yes"}]


async def test_a_wrong_answer_is_told_live_and_keeps_the_form_open():
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Form("New", FIELDS))
        await pilot.press("enter", "x")
        await pilot.pause()
        assert "! A whole number is needed." in "\n".join(lines(app))
        await pilot.press("enter")
        assert app.focused is app.screen.query(Input)[1]
        await pilot.press("tab", "f2")
        assert app.focused is app.screen.query(Input)[1]
        await pilot.press("7", "f2")
        assert app.answers[0]["batch"] == "7"


async def test_escape_leaves_without_an_answer():
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Form("New", FIELDS))
        await pilot.press("x", "escape")
        assert app.answers == [None]


async def test_a_path_completes_with_tab_and_then_moves_on(tmp_path):
    (tmp_path / "model.onnx").touch()
    (tmp_path / "model2.onnx").touch()
    fields = (
        Field(name="p", label="file", kind="path", value=f"{tmp_path}/m", suffixes=(".onnx",)),
        Field(name="n", label="name"),
    )
    app = Stage()
    async with app.run_test(size=(140, 24)) as pilot:
        app.ask(Form("New", fields))
        await pilot.press("tab")
        await pilot.pause()
        assert app.focused.value == f"{tmp_path}/model"
        assert "model.onnx  model2.onnx" in "\n".join(lines(app))
        await pilot.press("2", "tab")
        assert app.focused.value == f"{tmp_path}/model2.onnx"
        await pilot.press("tab")
        assert app.focused is app.screen.query(Input)[1]


async def test_eight_fields_fit_a_small_screen_and_twelve_scroll():
    fields = [Field(name=f"f{i}", label=f"field {i}", help="help") for i in range(12)]
    for count in (8, 12):
        app = Stage()
        async with app.run_test(size=(80, 24)) as pilot:
            app.ask(Form("Settings", fields[:count]))
            await pilot.pause()
            text = "\n".join(lines(app))
            assert "field 0" in text
            assert "Esc cancel" in text
            assert ("field 7" in text) is True
            await pilot.press(*["enter"] * (count - 1))
            await pilot.pause()
            assert f"field {count - 1}" in "\n".join(lines(app))


async def test_only_the_field_being_answered_is_marked():
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Form("New", FIELDS))
        for place in range(len(FIELDS)):
            await pilot.pause()
            marked = [row.has_class("-current") for row in app.screen._rows]
            assert marked == [index == place for index in range(len(FIELDS))]
            await pilot.press("down")


async def test_arrows_move_between_fields():
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Form("New", FIELDS))
        await pilot.press("down", "down", "down", "up")
        assert app.focused is app.screen._rows[2].input


async def test_a_choice_can_be_clicked_both_ways():
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Form("New", FIELDS))
        await pilot.pause()
        box = app.screen._rows[2].input
        await pilot.click(box, offset=(4, 0))
        assert box.value == "block"
        await pilot.click(box, offset=(0, 0))
        assert box.value == "2:4"


async def test_the_hints_can_be_clicked():
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Form("New", FIELDS))
        await pilot.pause()
        row = next(y for y, line in enumerate(lines(app)) if "Esc cancel" in line)
        await pilot.click(offset=(lines(app)[row].index("Esc"), row))
        await pilot.pause()
        assert app.answers == [None]


async def test_no_input_blinks():
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Form("New", (*FIELDS, Field(name="p", label="p", kind="path"))))
        await pilot.pause()
        assert not any(box.cursor_blink for box in app.screen.query(Input))


@pytest.mark.parametrize("name", HOSTILE_NAMES)
async def test_hostile_texts_are_shown_as_they_are(name):
    field = Field(
        name="f",
        label=name,
        help=name,
        value=name,
        check=lambda _: name,
        kind="choice",
        choices=(name,),
    )
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Form(name, (field,)))
        await pilot.press("right")
        await pilot.pause()
        assert "\x1b" not in "\n".join(lines(app))
