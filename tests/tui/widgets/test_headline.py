from __future__ import annotations

from sparsify_tui.tui.widgets.headline import Headline
from tests.tui.stage import HOSTILE_NAMES, Stage, lines


async def test_parts_that_do_not_fit_are_left_out_whole_and_the_first_stays():
    headline = Headline()
    async with Stage(headline).run_test(size=(24, 6)) as pilot:
        headline.show([("4.81 ms", "bold"), ("a long part of it", ""), ("207/s", "")])
        await pilot.pause()
        assert lines(pilot.app)[0].strip() == "4.81 ms  207/s"
        await pilot.resize_terminal(40, 6)
        await pilot.pause()
        assert lines(pilot.app)[0].strip() == "4.81 ms  a long part of it  207/s"


async def test_a_first_part_that_is_too_long_loses_its_middle():
    headline = Headline()
    async with Stage(headline).run_test(size=(22, 4)) as pilot:
        headline.show([("not trusted: machine busy ×2.6", ""), ("207/s", "")])
        await pilot.pause()
        assert "…" in lines(pilot.app)[0]
        assert headline.size.height == 1


async def test_a_sentence_on_its_own_wraps_so_that_it_can_be_read():
    headline = Headline()
    async with Stage(headline).run_test(size=(22, 4)) as pilot:
        headline.show([("not comparable: threads 1 and 2", "")])
        await pilot.pause()
        assert " ".join("".join(lines(pilot.app)).split()) == "not comparable: threads 1 and 2"


async def test_it_is_as_high_as_its_lines_and_empty_ones_are_none():
    headline = Headline()
    async with Stage(headline).run_test(size=(40, 6)) as pilot:
        headline.show([("a", "")], [("", "")], [], [("b", "")])
        await pilot.pause()
        assert headline.size.height == 2
        headline.show([("a", "")])
        await pilot.pause()
        assert headline.size.height == 1


async def test_names_cannot_break_the_screen():
    headline = Headline()
    async with Stage(headline).run_test(size=(60, 12)) as pilot:
        headline.show(*([(name, "$text-muted")] for name in HOSTILE_NAMES))
        await pilot.pause()
        assert "\x1b" not in "".join(lines(pilot.app))
        assert "[red]b[/red]" in "".join(lines(pilot.app))
