from __future__ import annotations

from sparsify_tui.tui.widgets.too_small import TooSmall
from tests.tui.stage import Stage, lines


async def test_it_says_the_size_there_is_now():
    widget = TooSmall()
    async with Stage(widget).run_test(size=(38, 9)) as pilot:
        widget.styles.display = "block"
        await pilot.pause()
        assert lines(pilot.app)[0].strip() == "make me larger (now 38x9)"
        await pilot.resize_terminal(36, 8)
        await pilot.pause()
        assert lines(pilot.app)[0].strip() == "make me larger (now 36x8)"
