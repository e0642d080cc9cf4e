from __future__ import annotations

import gc
import random
from collections.abc import Callable
from functools import partial

import pytest

from sparsify_tui.analyses import clock
from sparsify_tui.analyses.clock import Laps, Work, compare_laps
from sparsify_tui.core.timing import Gauge, Verdict, is_settled, judge
from tests.analyses.fakes import finished, watched

QUIET = Gauge(wall_over_cpu=1.0, foreign=0.0, cores=2)
CROWDED = Gauge(wall_over_cpu=1.5, foreign=1.3, cores=2)


class FakeTime:
    """A clock that only moves when something is said to take time."""

    def __init__(self) -> None:
        self.wall_ns = self.cpu_ns = 10**9

    def pass_ms(self, wall: float, cpu: float | None = None) -> None:
        self.wall_ns += round(wall * 1e6)
        self.cpu_ns += round((wall if cpu is None else cpu) * 1e6)

    def perf_counter(self) -> float:
        return self.wall_ns / 1e9

    def perf_counter_ns(self) -> int:
        return self.wall_ns

    def process_time_ns(self) -> int:
        return self.cpu_ns


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    """Time stands still, on a quiet machine."""
    fake = FakeTime()
    monkeypatch.setattr(clock, "time", fake)
    monkeypatch.setattr(clock, "watch_machine", lambda: lambda: QUIET)
    return fake


def slowly_warming(fake: FakeTime, calls: list[float], steady_after: int) -> Work:
    """Takes 30 ms, then 20 ms and less each time, and 10 ms at last."""

    def work() -> None:
        rest = max(0.0, 1 - len(calls) / steady_after)
        calls.append(30.0 if not calls else 10 * (1 + rest))
        fake.pass_ms(calls[-1])

    return work


@pytest.mark.parametrize(("ms", "runs"), [(1.0, 3000), (10.0, 300), (50.0, 100)])
def test_runs_are_timed_for_the_time_asked_and_often_enough(
    fake: FakeTime, ms: float, runs: int
) -> None:
    laps = finished(clock.time_runs(lambda: fake.pass_ms(ms), "runs", 3.0))

    assert laps.samples_ms == (pytest.approx(ms),) * runs
    assert laps.gauge is QUIET


def test_a_slow_work_is_stopped_at_the_limit(fake: FakeTime) -> None:
    laps = finished(clock.time_runs(lambda: fake.pass_ms(2000), "runs", 3.0))

    assert len(laps.samples_ms) == clock.MOST_S / 2


def test_a_work_beyond_the_limit_is_still_timed_once(fake: FakeTime) -> None:
    assert len(finished(clock.time_runs(lambda: fake.pass_ms(1e5), "runs", 3.0)).samples_ms) == 1


@pytest.mark.parametrize("ms", [10.0, 90.0, 3000.0, 7000.0])
def test_progress_is_told_twice_a_second_and_never_beyond_its_total(
    fake: FakeTime, ms: float
) -> None:
    seen, laps = watched(clock.time_runs(lambda: fake.pass_ms(ms), "runs", 3.0))

    spent_s = sum(laps.samples_ms) / 1e3
    assert spent_s / 4 <= len(seen) * max(0.5, ms / 1e3) <= spent_s
    lefts = [one.left_s for one in seen if one.left_s is not None]
    assert lefts == sorted(lefts, reverse=True)
    assert 0 <= lefts[-1] <= lefts[0] <= clock.MOST_S
    assert all(0 < one.done <= one.total for one in seen)


def test_the_garbage_collector_is_quiet_only_while_timing(fake: FakeTime) -> None:
    states: list[bool] = []

    def work() -> None:
        fake.pass_ms(100)
        states.append(gc.isenabled())

    clock.warm_up(work)
    finished(clock.time_runs(work, "runs", 1.0))

    assert not any(states[1:])
    assert gc.isenabled()


def test_the_first_run_is_kept_out_of_the_warm_ones(fake: FakeTime) -> None:
    calls: list[float] = []

    assert clock.warm_up(slowly_warming(fake, calls, steady_after=1)) == pytest.approx(30)


def test_a_steady_work_is_warm_after_a_second(fake: FakeTime) -> None:
    calls: list[float] = []
    clock.warm_up(slowly_warming(fake, calls, steady_after=1))

    assert 1000 <= sum(calls) < 1100


def test_a_steady_work_may_be_called_warm_earlier(fake: FakeTime) -> None:
    start = fake.perf_counter()
    clock.warm_up(lambda: fake.pass_ms(1), least_s=0.2)

    assert fake.perf_counter() - start == pytest.approx(0.2, abs=0.03)


def test_what_gets_faster_is_run_until_it_no_longer_does(fake: FakeTime) -> None:
    calls: list[float] = []
    clock.warm_up(slowly_warming(fake, calls, steady_after=300))

    assert 280 <= len(calls) <= 340


@pytest.mark.parametrize("most_s", [10.0, 2.0])
def test_what_never_gets_steady_is_run_for_the_longest(fake: FakeTime, most_s: float) -> None:
    calls: list[float] = []

    def work() -> None:
        calls.append(5 * 1.005 ** len(calls))
        fake.pass_ms(calls[-1])

    clock.warm_up(work, most_s=most_s)

    assert sum(calls) == pytest.approx(most_s * 1e3, rel=0.02)


def test_a_slow_work_ends_its_warm_up_within_a_window(fake: FakeTime) -> None:
    calls: list[None] = []

    def work() -> None:
        fake.pass_ms(4000)
        calls.append(None)

    clock.warm_up(work)

    assert len(calls) == 3


def test_short_runs_are_judged_over_tenths_of_a_second(fake: FakeTime) -> None:
    """Ten runs of 0.1 ms would not see that the machine speeds up for three seconds."""
    start = fake.perf_counter()

    def work() -> None:
        fake.pass_ms(0.1 * (1 + max(0.0, 1 - (fake.perf_counter() - start) / 3)))

    clock.warm_up(work)

    assert 2.5 < fake.perf_counter() - start < 3.5


def test_rounds_hand_their_laps_to_an_interlude_and_are_joined_in_order(fake: FakeTime) -> None:
    rounds: list[Laps] = []
    calls: list[float] = []
    work = slowly_warming(fake, calls, steady_after=400)

    seen, laps = watched(clock.time_in_rounds(work, rounds.append, 5, "runs", 1.0))

    assert len(rounds) == len(seen) == 5
    assert laps.samples_ms == tuple(ms for part in rounds for ms in part.samples_ms)
    assert len(laps.samples_ms) >= clock.FEWEST_RUNS
    assert laps.gauge is QUIET
    assert [one.done for one in seen] == [1, 2, 3, 4, 5]
    assert seen[-1].left_s == 0


def test_rounds_of_a_slow_work_share_the_limit(fake: FakeTime) -> None:
    work = partial(fake.pass_ms, 4000)
    laps = finished(clock.time_in_rounds(work, lambda _: None, 5, "runs", 1.0))

    assert sum(laps.samples_ms) == clock.MOST_S * 1e3


def test_the_first_runs_after_an_interlude_do_not_count(fake: FakeTime) -> None:
    """What ran in between has emptied the caches."""
    runs_since: list[int] = [0]

    def work() -> None:
        fake.pass_ms(10 if runs_since[0] >= 2 else 30)
        runs_since[0] += 1

    def interlude(_: Laps) -> None:
        runs_since[0] = 0

    laps = finished(clock.time_in_rounds(work, interlude, 5, "runs", 1.0))

    assert max(laps.samples_ms) == pytest.approx(10)


def in_turn(
    fake: FakeTime, *costs: Callable[[], float], seconds: float = 3.0
) -> tuple[str, tuple[Laps, ...]]:
    """Works called a, b, …, by what a run of each takes; their order, and their laps."""
    order: list[str] = []

    def work(name: str, cost: Callable[[], float]) -> None:
        order.append(name)
        fake.pass_ms(cost())

    works = [partial(work, name, cost) for name, cost in zip("abcd", costs, strict=False)]
    laps = finished(clock.time_in_turn(works, "works", seconds))
    return "".join(order[len(costs) :]), laps


def test_works_take_turns_forward_and_backward(fake: FakeTime) -> None:
    order, laps = in_turn(fake, lambda: 20, lambda: 30, lambda: 10)

    rounds = len(order) // 6
    assert order == "abccba" * rounds
    assert [set(one.samples_ms) for one in laps] == [{20.0}, {30.0}, {10.0}]
    assert all(len(one.samples_ms) == len(one.cpu_ms) == 2 * rounds for one in laps)
    assert all(one.gauge is QUIET for one in laps)


def test_a_turn_is_some_runs_and_all_do_as_many(fake: FakeTime) -> None:
    order, _ = in_turn(fake, lambda: 2, lambda: 6)

    assert order.startswith("aaaaabbbbbbbbbbaaaaa")


def test_slow_works_take_ten_turns_each_way(fake: FakeTime) -> None:
    order, _ = in_turn(fake, lambda: 500, lambda: 500)

    assert order == "abba" * 10


def test_what_is_slow_beyond_the_limit_is_compared_all_the_same(fake: FakeTime) -> None:
    order, _ = in_turn(fake, lambda: 50_000, lambda: 50_000)

    assert order == "abba"


def test_a_machine_that_gets_slower_meets_all_alike(fake: FakeTime) -> None:
    start = fake.perf_counter()

    def cost() -> float:
        return 10 * (1 + (fake.perf_counter() - start) / 3)

    _, (a, b) = in_turn(fake, cost, cost)

    assert max(a.samples_ms) > 1.8 * min(a.samples_ms)
    assert compare_laps(a, b, threads=1).value == pytest.approx(1, abs=0.002)


def noisy(chance: random.Random, ms: float) -> Callable[[], float]:
    """Runs that scatter by 3 %, some of them hit by something else."""
    return lambda: chance.gauss(ms, 0.03 * ms) * (2.5 if chance.random() < 0.03 else 1)


@pytest.mark.parametrize(("ms", "verdict"), [(10.0, "no difference"), (10.3, "slower")])
def test_three_percent_of_work_are_found_and_nothing_is_not(
    fake: FakeTime, ms: float, verdict: Verdict
) -> None:
    verdicts = []
    for seed in range(40):
        chance = random.Random(seed)
        _, (a, b) = in_turn(fake, noisy(chance, 10.0), noisy(chance, ms), seconds=12)
        verdicts.append(judge(compare_laps(a, b, threads=1)))

    assert verdicts.count(verdict) >= 39


def test_it_ends_early_when_told_that_it_is_enough(fake: FakeTime) -> None:
    works = [lambda: fake.pass_ms(10), lambda: fake.pass_ms(20)]
    start = fake.perf_counter()
    laps = finished(
        clock.time_in_turn(
            works, "pair", 12, is_enough=lambda pair: is_settled(compare_laps(*pair, threads=1))
        )
    )

    assert clock.ENOUGH_S <= fake.perf_counter() - start < clock.ENOUGH_S + 1
    assert compare_laps(*laps, threads=1).value == pytest.approx(0.5)


def test_it_is_not_asked_before_ten_rounds(fake: FakeTime) -> None:
    works = [lambda: fake.pass_ms(300), lambda: fake.pass_ms(300)]
    laps = finished(clock.time_in_turn(works, "pair", 30, is_enough=lambda _: True))

    assert len(laps[0].samples_ms) == 2 * clock.FEWEST_ROUNDS


def test_it_goes_on_while_it_is_not_enough(fake: FakeTime) -> None:
    works = [lambda: fake.pass_ms(10), lambda: fake.pass_ms(10)]
    start = fake.perf_counter()
    finished(clock.time_in_turn(works, "pair", 5, is_enough=lambda _: False))

    assert fake.perf_counter() - start == pytest.approx(5, abs=0.1)


def laps_of(wall_ms: float, cpu_ms: float, gauge: Gauge = QUIET) -> Laps:
    return Laps(samples_ms=(wall_ms,) * 30, cpu_ms=(cpu_ms,) * 30, gauge=gauge)


def test_one_thread_is_compared_by_the_time_it_had_a_core() -> None:
    alone, waiting = laps_of(10, 10), laps_of(18, 10)

    assert compare_laps(alone, waiting, threads=1).value == pytest.approx(1)


def test_waiting_long_for_a_core_is_not_work_that_is_done_elsewhere() -> None:
    crowded = Gauge(wall_over_cpu=3.0)
    some, more = laps_of(30, 10, crowded), laps_of(33, 10, crowded)

    assert compare_laps(some, more, threads=1).value == pytest.approx(1)


def test_several_threads_are_compared_by_the_clock_on_the_wall() -> None:
    """Threads that spin while they wait for each other burn CPU time."""
    assert compare_laps(laps_of(20, 30), laps_of(10, 20), threads=2).value == pytest.approx(2)


def test_work_that_is_done_elsewhere_is_compared_by_the_clock_on_the_wall() -> None:
    assert compare_laps(laps_of(20, 1), laps_of(10, 1), threads=1).value == pytest.approx(2)
    assert compare_laps(laps_of(20, 20), laps_of(10, 1), threads=1).value == pytest.approx(2)


def test_a_cpu_clock_that_stood_still_for_a_turn_is_not_used() -> None:
    coarse = Laps(samples_ms=(10.0,) * 30, cpu_ms=(0.0, *(10.3,) * 29), gauge=QUIET)

    assert compare_laps(coarse, laps_of(5, 5), threads=1).value == pytest.approx(2)
    assert compare_laps(laps_of(5, 5), coarse, threads=1).value == pytest.approx(0.5)


def test_laps_are_quiet_unless_the_gauge_says_otherwise() -> None:
    assert Laps(samples_ms=(1.0,)).is_quiet
    assert Laps(samples_ms=(1.0,), gauge=QUIET).is_quiet
    assert not Laps(samples_ms=(1.0,), gauge=CROWDED).is_quiet
