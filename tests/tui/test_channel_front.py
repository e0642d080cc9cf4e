from __future__ import annotations

from dataclasses import replace

import pytest

from sparsify_tui.tui.channel_front import (
    FrontView,
    basis_lines,
    draw_front,
    front_choices,
    front_lines,
    point_text,
)
from sparsify_tui.tui.symbols import ASCII, UNICODE
from sparsify_tui.tui.widgets.scatter_chart import ScatterChart
from tests.tui.channels import HIDDEN, STEM, front, point
from tests.tui.stage import Stage, lines

KEPT = {STEM: 32, HIDDEN: 16}


def view(**changes) -> FrontView:
    fields = {"front": front(), "kept": KEPT}
    return FrontView(**fields | changes)


def test_the_point_that_the_plan_is_at_is_the_one_with_its_widths() -> None:
    assert view().picked == 2
    assert view(kept={HIDDEN: 16, STEM: 32}).picked == 2
    assert view(kept={STEM: 32}).picked is None
    assert view(kept={}).picked is None


def test_a_measured_speed_counts_before_a_predicted_one() -> None:
    shown = view()

    assert shown.speed_up(shown.front.points[2]) == 1.9
    assert shown.speed_up(shown.front.points[3]) == pytest.approx(2.5 / 1.02)
    assert view(front=front(full_ms=None)).speed_up(shown.front.points[3]) is None


@pytest.mark.parametrize("size", [(78, 8), (156, 16), (58, 6)])
async def test_the_front_is_drawn_with_loss_over_speed(size) -> None:
    chart = ScatterChart()
    app = Stage(chart)
    async with app.run_test(size=size) as pilot:
        draw_front(chart, view())
        await pilot.pause()
        text = "\n".join(lines(app))
        assert "front  loss over speed-up" in text
        assert "point 3 of 4" in text
        assert "predicted" in text
        assert text.count(UNICODE.point) == 2, "two measured ones beside the picked one"
        assert UNICODE.dot in text


async def test_a_point_of_which_no_speed_is_known_is_not_drawn() -> None:
    chart = ScatterChart()
    app = Stage(chart)
    async with app.run_test(size=(78, 8)) as pilot:
        draw_front(chart, view(front=front(full_ms=None)))
        await pilot.pause()
        assert UNICODE.dot not in "\n".join(lines(app))
        draw_front(chart, None)
        await pilot.pause()
        assert chart.is_empty


def test_the_table_marks_the_chosen_point_and_says_what_was_not_measured() -> None:
    for symbols in (UNICODE, ASCII):
        table = front_lines(front(), symbols)
        assert [line.startswith(symbols.mark) for line in table[:5]] == [False] * 3 + [True, False]
        assert "1.90× [1.85×, 1.95×]" in table[3]
        assert f"{symbols.missing}  0.090" in table[4]
        assert "dropped" in table[4]
        assert all(len(line) <= 76 for line in table)


def test_what_the_front_rests_on_is_said() -> None:
    said = basis_lines(front())

    assert "the fastest with a loss of 0.05 or less" in said
    assert "loss on 16 samples held out of digits.npz" in said
    assert not any("made up" in line for line in said)
    assert any("made up" in line for line in basis_lines(front(is_made_up=True)))
    assert "not trusted: machine busy" in basis_lines(front(doubts=("machine busy",)))


def test_a_choice_fits_a_dialog_of_80_columns() -> None:
    choices = front_choices(view())

    assert [one.value for one in choices] == ["0", "1", "2", "3"]
    assert choices[2].label == "measured 1.90×"
    assert choices[2].description == "loss 0.016, agrees 98.4%, predicted 5.37 ms, chosen"
    assert choices[3].label.startswith("predicted 2.45×")
    assert all(len(one.label) + len(one.description) <= 68 for one in choices)


def test_a_point_without_agreement_claims_none() -> None:
    assert "agrees" not in point_text(replace(point(1.2, 0.1, 48), agreement=None))
