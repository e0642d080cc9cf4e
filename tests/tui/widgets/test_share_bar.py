from __future__ import annotations

import pytest

from sparsify_tui.tui.symbols import ASCII, UNICODE
from sparsify_tui.tui.widgets.share_bar import ShareBar
from tests.tui.stage import HOSTILE_NAMES, Stage, lines


async def shown(bar: ShareBar, width: int, **options) -> tuple[list[str], Stage]:
    stage = Stage(bar, **options)
    async with stage.run_test(size=(width, 4)) as pilot:
        await pilot.pause()
        return lines(pilot.app), stage


@pytest.mark.parametrize("symbols", [UNICODE, ASCII], ids=lambda symbols: symbols.name)
async def test_the_largest_share_is_first_and_small_ones_are_named_below(symbols):
    bar = ShareBar()
    bar.set_shares([("Relu", 1.0), ("Conv", 89.0), ("Gemm", 10.0), ("rest", -3.0)])
    rows, _ = await shown(bar, 82, symbols=symbols)
    assert rows[0].strip().startswith(f"{symbols.vertical}Conv 89%")
    assert "Gemm 10%" in rows[1]
    assert "Relu 1%" in rows[1]
    assert "rest" not in "".join(rows)


async def test_the_blocks_fill_the_row_in_the_measure_of_their_shares():
    bar = ShareBar()
    bar.set_shares([("a", 3.0), ("b", 1.0)])
    stage = Stage(bar)
    async with stage.run_test(size=(42, 4)) as pilot:
        await pilot.pause()
        strip = pilot.app.screen._compositor.render_strips()[0]
        widths: dict[str, int] = {}
        for segment in strip:
            name = segment.style.bgcolor.name
            widths[name] = widths.get(name, 0) + len(segment.text)
        assert {30, 10} < set(widths.values())


async def test_more_than_there_are_colours_for_become_one_block():
    bar = ShareBar()
    bar.set_shares([(f"op{at}", 10.0 - at / 10) for at in range(9)])
    rows, _ = await shown(bar, 120)
    assert "3 more" in "".join(rows)
    assert "op8" not in "".join(rows)


async def test_nothing_to_share_and_hostile_names_break_nothing():
    assert ShareBar().is_empty
    bar = ShareBar()
    bar.set_shares([(name, 1.0) for name in HOSTILE_NAMES])
    rows, _ = await shown(bar, 100)
    assert "\x1b" not in "".join(rows)
