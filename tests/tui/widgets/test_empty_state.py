from __future__ import annotations

from textual.widgets import Static

from sparsify_tui.tui.widgets.empty_state import EmptyState
from tests.tui.stage import Stage, lines


async def test_it_says_what_is_missing_which_key_helps_and_how_long_that_takes():
    state = EmptyState()
    async with Stage(state).run_test(size=(60, 12)) as pilot:
        state.show(
            "No profile [/] yet.", ("r", "runs one"), ("slash", "finds an old one"), takes="40 s"
        )
        await pilot.pause()
        rows = [line for line in lines(pilot.app) if line.strip()]
        assert rows[0].strip() == "No profile [/] yet."
        assert [row.split()[0] for row in rows[1:3]] == ["r", "/"]
        assert rows[1].index("r ") == rows[2].index("/")
        assert rows[3].strip() == "40 s"


async def test_it_stands_in_for_what_is_empty_and_makes_way_again():
    state, table = EmptyState(), Static("rows")
    async with Stage(state, table).run_test(size=(60, 12)):
        state.stand_in_for(table, when=True)
        assert (state.display, table.display) == (True, False)
        state.stand_in_for(table, when=False)
        assert (state.display, table.display) == (False, True)
