from __future__ import annotations

import pytest

from sparsify_tui.analyses.channels.stair import WIDTHS, measured_step, step_of
from sparsify_tui.engines import engine_of
from tests.analyses.fakes import FakeEngine, FakeSession


@pytest.mark.parametrize("step", [16, 8, 4])
def test_a_stair_gives_the_height_of_its_steps(step: int) -> None:
    assert step_of({width: 0.1 + -(-width // step) * step / 64 for width in WIDTHS}) == step


def test_a_straight_line_leaves_the_smallest_step() -> None:
    assert step_of({width: float(width) for width in WIDTHS}) == 4


def test_times_that_tell_nothing_leave_the_step_that_suits_every_kernel() -> None:
    assert step_of(dict.fromkeys(WIDTHS, 1.0)) == 16
    assert step_of(dict(zip(WIDTHS, (1.0, 1.2, 0.9, 1.1), strict=True))) == 16


def test_this_machine_has_one_of_the_known_steps() -> None:
    assert measured_step(engine_of(), 1) in (4, 8, 16)


def test_it_is_measured_once() -> None:
    session = FakeSession(lambda _: [])
    engine = BytesEngine(session)

    first, runs = measured_step(engine, 1), len(session.fed)

    assert measured_step(engine, 1) == first
    assert len(session.fed) == runs > 0


class BytesEngine(FakeEngine):
    """Takes a model's content, too; its steps are no other fake's."""

    name = "bytes"

    def open(self, path: object, **_more: object) -> FakeSession:
        return self._session
