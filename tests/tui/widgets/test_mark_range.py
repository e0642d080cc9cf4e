from __future__ import annotations

import pytest

from sparsify_tui.tui.widgets.layer_table import Table
from sparsify_tui.tui.widgets.mark_range import MarkRange
from sparsify_tui.tui.widgets.table_model import Column, Row
from tests.tui.stage import Stage

KEYS = tuple("abcdefgh")


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [("c", "e", "cde"), ("e", "c", "cde"), ("c", "c", "c"), ("a", "h", "abcdefgh")],
)
def test_a_range_holds_both_its_ends_whatever_its_direction(start, end, wanted):
    assert MarkRange(start, ()).marks_to(end, KEYS) == set(wanted)


def test_marks_of_before_stay():
    assert MarkRange("c", {"a", "d"}).marks_to("d", KEYS) == set("acd")


def test_a_start_that_the_filter_hides_is_left_out():
    assert MarkRange("c", {"a"}).marks_to("e", "defg") == {"a", "e"}


def stage_of(table: Table) -> Stage:
    stage = Stage(table)
    stage.listen(Table.Marked)
    return stage


def filled(**options) -> Table:
    return Table(Column(key="name", title="name", width=8), **options)


async def begin(table: Table, pilot, *keys: str) -> set[str]:
    """Fills the table, presses the keys, and gives back what is marked."""
    table.show_rows([Row(key=key, cells={}, search=key) for key in KEYS])
    table.focus()
    await pilot.pause()
    await pilot.press(*keys)
    await pilot.pause()
    return set(table.marked_keys)


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ("V", "a"),
        ("Vjj", "abc"),
        ("VjjV", "abc"),
        ("VjjVj", "abc"),
        ("VjjkV", "ab"),
        ("jjVkkV", "abc"),
        ("VG", "abcdefgh"),
        ("VjVjjVj", "abde"),
        ("GkVjVVk", "gh"),
    ],
)
async def test_a_range_follows_the_cursor_until_it_is_ended(keys, wanted):
    table = filled()
    async with stage_of(table).run_test(size=(40, 12)) as pilot:
        assert await begin(table, pilot, *keys) == set(wanted)


async def test_space_ends_a_range_too():
    table = filled()
    async with stage_of(table).run_test(size=(40, 12)) as pilot:
        assert await begin(table, pilot, *"Vjj", "space", "j") == set("ab")
        assert not table.drop_range()


async def test_a_range_that_has_not_ended_can_be_taken_back_once():
    table = filled()
    async with stage_of(table).run_test(size=(40, 12)) as pilot:
        await begin(table, pilot, *"jj", "space", *"kkVjjj")
        assert table.drop_range()
        assert table.marked_keys == {"c"}
        assert not table.drop_range()
        await pilot.pause()
        assert pilot.app.heard[-1].keys == {"c"}


async def test_what_cannot_be_marked_has_no_range_and_offers_none():
    table = filled(can_mark=False)
    async with stage_of(table).run_test(size=(40, 12)) as pilot:
        assert await begin(table, pilot, *"Vjj", "space", "asterisk") == set()
        enabled = {key for key, one in pilot.app.screen.active_bindings.items() if one.enabled}
        assert enabled.isdisjoint({"V", "space", "asterisk"})
        assert "j" in enabled
