from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, count, repeat
from pathlib import Path

import pytest

from sparsify_tui.analyses import clock
from sparsify_tui.analyses import race as races
from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.analyses.race import race
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.protocols import Array, Feeds
from tests.analyses.fakes import FakeEngine, FakeSession, finished
from tests.analyses.models import saved, two_layers


class FakeTime:
    """A clock that only moves when a run takes time."""

    def __init__(self) -> None:
        self.now_ns = 0

    def perf_counter_ns(self) -> int:
        return self.now_ns

    def perf_counter(self) -> float:
        return self.now_ns / 1e9


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    return open_model(RunOptions(path=str(saved(two_layers(), tmp_path / "m.onnx")), threads=1))


@pytest.fixture
def warmed_s(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> Callable[[Iterator[float]], float]:
    """How long one form, whose runs take the given milliseconds, is warmed up for a race."""
    time = FakeTime()
    monkeypatch.setattr(clock, "time", time)

    def no_turns(works: Sequence[object], *_more: object) -> Iterator[None]:
        yield from ()
        return [()] * len(works)  # type: ignore[return-value]

    monkeypatch.setattr(races, "time_in_turn", no_turns)

    def warmed(times_ms: Iterator[float]) -> float:
        def answer(_feeds: Feeds) -> list[Array]:
            time.now_ns += round(next(times_ms) * 1e6)
            return []

        finished(race(replace(opened, engine=FakeEngine(FakeSession(answer))), ONE, 1.0, "x"))
        return time.perf_counter()

    return warmed


ONE = {"one": Path("1.onnx")}


def test_every_form_is_run_equally_often(opened: Opened) -> None:
    file = Path(opened.options.path)
    laps = finished(race(opened, {"one": file, "two": file}, 0.05, "x"))
    assert list(laps) == ["one", "two"]
    assert len(laps["one"].samples_ms) == len(laps["two"].samples_ms) >= 2 * clock.FEWEST_ROUNDS


def test_a_form_that_is_steady_is_warm_after_a_tenth_of_a_second(
    warmed_s: Callable[[Iterator[float]], float],
) -> None:
    assert warmed_s(chain([30.0], repeat(1.0))) == pytest.approx(0.1, abs=0.01)


def test_a_form_that_gets_faster_is_run_until_it_no_longer_does(
    warmed_s: Callable[[Iterator[float]], float],
) -> None:
    faster = (max(1.0, 3.0 - run / 50) for run in count())
    assert 0.2 < warmed_s(faster) < 0.5


def test_a_form_that_never_gets_steady_does_not_hold_up_the_race(
    warmed_s: Callable[[Iterator[float]], float],
) -> None:
    assert warmed_s(1.0 + run / 10 for run in count()) == pytest.approx(0.5, abs=0.02)
