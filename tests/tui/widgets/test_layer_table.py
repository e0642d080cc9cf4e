from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from rich.text import Text
from textual.widgets import DataTable

from sparsify_tui.tui.symbols import ASCII
from sparsify_tui.tui.widgets.layer_table import Table
from sparsify_tui.tui.widgets.table_model import Column, Late, Row
from tests.tui.stage import HOSTILE_NAMES, Stage, lines

COLUMNS = (
    Column(key="name", title="layer", width=14, grows=True),
    Column(key="op", title="op", width=6, priority=2, sortable=False),
    Column(key="ms", title="ms", width=7, justify="right"),
    Column(key="note", title="note", width=20, priority=3),
)


def row(name: str, ms: float | None = 1.0, *, marked: bool = False) -> Row:
    cells = {"name": Text(name.replace("\n", " ")), "op": Text("Conv"), "ms": Text(f"{ms}")}
    return Row(
        key=name,
        cells=cells,
        sort_values={"name": name, "ms": ms},
        search=f"{name} Conv",
        marked=marked,
    )


def layers(count: int = 40) -> list[Row]:
    return [row(f"layer{index}", float(index * 7 % count)) for index in range(count)]


def stage_of(table: Table, **options) -> Stage:
    stage = Stage(table, **options)
    stage.listen(Table.Highlighted, Table.Chosen, Table.Marked)
    return stage


@pytest.fixture
def table() -> Table:
    return Table(*COLUMNS)


def heard(app: Stage, kind: type) -> list[object]:
    return [getattr(m, "key", None) or m.keys for m in app.heard if isinstance(m, kind)]


async def test_columns_align_and_drop_with_the_width(table):
    async with stage_of(table).run_test(size=(80, 10)) as pilot:
        table.show_rows(layers())
        await pilot.pause()
        header, first = lines(pilot.app)[:2]
        assert header.split() == ["layer", "op", "ms", "note"]
        assert first.index("0.0") + 3 == header.index("ms") + 2
        await pilot.resize_terminal(30, 10)
        await pilot.pause()
        assert lines(pilot.app)[0].split()[:2] == ["layer", "ms"]
        await pilot.resize_terminal(80, 10)
        await pilot.pause()
        assert lines(pilot.app)[0].split() == ["layer", "op", "ms", "note"]


async def test_the_keys_of_arrows_and_vim_move_the_cursor(table):
    async with stage_of(table).run_test(size=(60, 12)) as pilot:
        table.show_rows(layers())
        table.focus()
        for key, wanted in [
            ("j", "layer1"),
            ("down", "layer2"),
            ("k", "layer1"),
            ("up", "layer0"),
            ("G", "layer39"),
            ("ctrl+home", "layer0"),
            ("ctrl+d", "layer11"),
            ("ctrl+u", "layer0"),
            ("end", "layer39"),
            ("home", "layer0"),
        ]:
            await pilot.press(key)
            assert table.cursor_key == wanted, key


async def test_each_row_the_cursor_reaches_is_told_once(table):
    async with stage_of(table).run_test(size=(60, 12)) as pilot:
        table.show_rows(layers())
        await pilot.pause()
        table.focus()
        await pilot.press("j", "j", "s", "s", "s")
        await pilot.pause()
        assert heard(pilot.app, Table.Highlighted) == ["layer0", "layer1", "layer2"]


async def test_enter_and_a_double_click_choose_and_one_click_does_not(table):
    async with stage_of(table).run_test(size=(60, 12)) as pilot:
        table.show_rows(layers())
        table.focus()
        await pilot.press("j", "enter")
        for x in (10, 11, 50):
            await pilot.click(table, offset=(x, 2))
        await pilot.pause()
        assert heard(pilot.app, Table.Chosen) == ["layer1"]
        await pilot.click(table, offset=(52, 2), times=2)
        await pilot.pause()
        assert heard(pilot.app, Table.Chosen) == ["layer1", "layer1"]
        await pilot.click(table, offset=(10, 6), times=2)
        await pilot.pause()
        assert heard(pilot.app, Table.Chosen) == ["layer1", "layer1", "layer5"]
        assert {message.control for message in pilot.app.heard} == {table}


async def test_the_cursor_stays_on_its_row_through_sort_filter_and_new_rows(table):
    async with stage_of(table).run_test(size=(60, 12)) as pilot:
        table.show_rows(layers())
        await pilot.pause()
        table.move_to("layer21")
        table.sort_on("ms", is_reversed=True)
        assert table.cursor_key == "layer21"
        assert table.get_row_index("layer21") == table.cursor_row
        table.set_filter("LAYER2")
        assert table.cursor_key == "layer21"
        assert table.matches == (11, 40)
        table.show_rows(layers(30))
        assert table.cursor_key == "layer21"
        assert table.matches == (11, 30)
        table.set_filter("")
        assert table.shown_keys[0] == "layer17"
        table.set_filter("nothing")
        assert table.cursor_key is None
        await pilot.pause()
        table.set_filter("")
        await pilot.pause()
        assert table.cursor_key is not None


async def test_the_chosen_column_is_sorted_reversed_and_released(table):
    async with stage_of(table).run_test(size=(60, 12)) as pilot:
        table.show_rows(layers())
        await pilot.pause()
        table.focus()
        await pilot.press("greater_than_sign", "greater_than_sign", "s")
        await pilot.pause()
        assert table.shown_keys[1] == "layer23"
        assert "ms▲" in lines(pilot.app)[0]
        assert "0.0" in lines(pilot.app)[1]
        await pilot.press("s")
        await pilot.pause()
        assert table.shown_keys[-1] == "layer0"
        assert "ms▼" in lines(pilot.app)[0]
        await pilot.press("s")
        assert table.shown_keys[:2] == ("layer0", "layer1")
        await pilot.press("less_than_sign", "s", "s")
        await pilot.pause()
        assert table.shown_keys[0] == "layer9"
        assert "layer▼" in lines(pilot.app)[0]


async def test_a_click_on_a_header_sorts_when_the_column_can_be_sorted(table):
    async with stage_of(table).run_test(size=(60, 12)) as pilot:
        table.show_rows(layers())
        await pilot.pause()
        header = lines(pilot.app)[0]
        await pilot.click(table, offset=(header.index("ms"), 0))
        await pilot.pause()
        assert table.shown_keys[1] == "layer23"
        await pilot.click(table, offset=(header.index("op"), 0))
        await pilot.pause()
        assert table.shown_keys[1] == "layer23"


async def test_marks_outlive_refill_and_leave_with_their_row(table):
    async with stage_of(table).run_test(size=(60, 12)) as pilot:
        table.show_rows([*layers(20), row("extra", marked=True)])
        table.focus()
        await pilot.press("space", "j", "j", "space", "k", "space", "space")
        assert table.marked_keys == {"layer0", "layer2", "extra"}
        assert heard(pilot.app, Table.Marked)[1] == {"layer0", "layer2", "extra"}
        await pilot.pause()
        assert [line[0] for line in lines(pilot.app)[1:5]] == ["●", " ", "●", " "]
        table.set_filter("layer1")
        table.show_rows(layers(20))
        assert table.marked_keys == {"layer0", "layer2"}
        table.mark(["layer1", "unknown"])
        assert table.marked_keys == {"layer1"}
        await pilot.pause()
        assert lines(pilot.app)[1][0] == "●"


async def test_a_click_on_the_first_column_marks(table):
    async with stage_of(table).run_test(size=(60, 12)) as pilot:
        table.show_rows(layers())
        await pilot.pause()
        await pilot.click(table, offset=(0, 3))
        assert table.marked_keys == {"layer2"}


async def test_a_table_without_marks_has_no_column_for_them():
    table = Table(*COLUMNS, can_mark=False)
    async with stage_of(table).run_test(size=(60, 12)) as pilot:
        table.show_rows(layers())
        table.focus()
        await pilot.press("space")
        assert table.marked_keys == frozenset()
        assert lines(pilot.app)[1].startswith("layer0")


async def test_new_cells_repaint_only_their_row(table, monkeypatch):
    async with stage_of(table).run_test(size=(60, 12)) as pilot:
        table.show_rows(layers())
        await pilot.pause()
        painted = []
        plain = DataTable.refresh

        def refresh(widget, *regions, **options):
            painted.append(regions)
            return plain(widget, *regions, **options)

        monkeypatch.setattr(DataTable, "refresh", refresh, raising=False)
        table.update_row(row("layer2", 99.0))
        table.update_row(row("layer2", 99.0))
        assert [[region.height for region in regions] for regions in painted] == [[1]]
        red = row("layer2", 99.0)
        red.cells["name"].style = "red"
        table.update_row(red)
        assert len(painted) == 2
        await pilot.pause()
        assert "99.0" in lines(pilot.app)[3]


async def test_an_unknown_row_cannot_be_updated_and_a_hidden_one_can(table):
    async with stage_of(table).run_test(size=(60, 12)) as pilot:
        table.show_rows(layers())
        table.set_filter("layer1")
        table.update_row(row("layer0", 55.0, marked=True))
        table.set_filter("")
        await pilot.pause()
        assert "55.0" in lines(pilot.app)[1]
        assert table.marked_keys == {"layer0"}
        with pytest.raises(KeyError):
            table.update_row(row("other"))


async def test_rows_and_cursor_given_before_the_first_layout_are_kept(table):
    table.show_rows(layers())
    table.move_to("layer30")
    assert table.cursor_key == "layer30"
    async with stage_of(table).run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        assert table.cursor_key == "layer30"
        assert any("layer30" in line for line in lines(pilot.app))


async def test_hostile_names_are_data_and_never_markup(table):
    async with stage_of(table).run_test(size=(60, 12)) as pilot:
        table.show_rows([row(name) for name in HOSTILE_NAMES])
        table.focus()
        await pilot.press("G", "s", "s")
        await pilot.pause()
        text = "\n".join(lines(pilot.app))
        assert "x[/a]" in text
        assert "[red]b[/red]" in text


async def test_a_cut_cell_ends_in_characters_of_the_set(table):
    async with stage_of(table, symbols=ASCII).run_test(size=(40, 12)) as pilot:
        table.show_rows([row("backbone." * 9, marked=True)])
        table.sort_on("ms")
        await pilot.pause()
        assert "".join(lines(pilot.app)).isascii()
        assert "~" in lines(pilot.app)[1]


def test_every_binding_can_be_remapped():
    assert all(binding.id for binding in Table._merged_bindings.key_to_bindings["space"])
    every = [b for found in Table._merged_bindings.key_to_bindings.values() for b in found]
    assert [binding.key for binding in every if not binding.id] == []


async def test_the_columns_that_do_not_fit_are_on_the_next_page(table):
    async with stage_of(table).run_test(size=(30, 10)) as pilot:
        table.show_rows(layers())
        table.move_to("layer9")
        await pilot.pause()
        assert table.column_titles == ("layer", "ms")
        assert table.turn_page() == 3
        assert table.column_titles == ("layer", "op")
        assert table.cursor_key == "layer9"
        table.turn_page()
        table.turn_page()
        assert table.column_titles == ("layer", "ms")


async def test_where_all_columns_fit_there_is_one_page(table):
    async with stage_of(table).run_test(size=(80, 10)) as pilot:
        table.show_rows(layers())
        await pilot.pause()
        assert table.turn_page() == 1
        assert table.column_titles == ("layer", "op", "ms", "note")


async def test_other_columns_keep_cursor_filter_and_an_order_that_still_has_its_column(table):
    async with stage_of(table).run_test(size=(80, 12)) as pilot:
        table.show_rows(layers())
        table.set_filter("layer1")
        table.sort_on("ms", is_reversed=True)
        table.move_to("layer12")
        await pilot.pause()
        order = table.shown_keys
        table.show_rows(layers(), (COLUMNS[0], COLUMNS[2]))
        assert table.column_titles == ("layer", "ms")
        assert table.cursor_key == "layer12"
        assert table.shown_keys == order
        table.show_rows(layers(), COLUMNS[:2])
        assert table.shown_keys == tuple(key for key in (r.key for r in layers()) if key in order)


async def test_the_markdown_has_every_declared_column_and_only_the_rows_in_sight(table):
    async with stage_of(table).run_test(size=(30, 10)) as pilot:
        table.show_rows(layers())
        table.set_filter("layer39")
        await pilot.pause()
        assert table.markdown_text().splitlines()[0] == "| layer | op | ms | note |"
        assert len(table.markdown_text().splitlines()) == 3


def late_rows(made: list[str], count: int = 200) -> list[Row]:
    """Rows that tell when their cells are made."""

    def make(key: str) -> dict[str, Text]:
        made.append(key)
        return {"name": Text(key), "ms": Text("1.0")}

    return [Row(key=one.key, cells=Late(partial(make, one.key))) for one in layers(count)]


async def test_only_rows_that_came_in_sight_are_made(table):
    made: list[str] = []
    async with stage_of(table).run_test(size=(60, 12)) as pilot:
        table.show_rows(late_rows(made))
        await pilot.pause()
        assert set(made) == {f"layer{at}" for at in range(11)}
        table.focus()
        await pilot.press("end")
        assert "layer199" in lines(pilot.app)[-1]
        assert len(made) < 40


async def test_a_row_that_stays_the_same_is_not_drawn_again(table, monkeypatch):
    rows, drawn, cells_of = late_rows([]), [], table.cells_of
    monkeypatch.setattr(table, "cells_of", lambda key: (drawn.append(key), cells_of(key))[1])
    async with stage_of(table).run_test(size=(60, 12)) as pilot:
        table.show_rows(rows)
        await pilot.pause()
        drawn.clear()
        table.show_rows([*rows[:3], late_rows([])[3], *rows[4:]])
        await pilot.pause()
        assert drawn == ["layer3"]


async def test_rows_out_of_sight_show_their_new_cells_when_they_are_scrolled_to(table):
    async with stage_of(table).run_test(size=(60, 12)) as pilot:
        table.show_rows(layers())
        table.focus()
        await pilot.press("end", "home")
        table.show_rows([row(f"layer{at}", 777.0) for at in range(40)])
        await pilot.pause()
        assert "777.0" in lines(pilot.app)[1]
        await pilot.press("end")
        await pilot.pause()
        assert "777.0" in lines(pilot.app)[-1]
        table.update_row(row("layer0", 888.0))
        await pilot.press("home")
        await pilot.pause()
        assert "888.0" in lines(pilot.app)[1]


async def test_a_pointed_column_has_a_mark_on_the_screen_and_none_in_the_csv(table):
    async with stage_of(table).run_test(size=(60, 12)) as pilot:
        table.show_rows(layers(), (COLUMNS[0], replace(COLUMNS[2], is_pointed=True)))
        await pilot.pause()
        assert "▸ms" in lines(pilot.app)[0]
        assert table.csv_text().splitlines()[0] == "layer,ms"
