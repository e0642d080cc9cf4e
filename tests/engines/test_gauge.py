from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sparsify_tui.core.timing import Gauge
from sparsify_tui.engines import gauge, machine
from sparsify_tui.engines.gauge import CoreTimes, Reading, gauge_between, take_reading

STEADY = (2.5,) * 20
START = Reading(
    wall_s=100.0,
    thread_s=5.0,
    process_s=6.0,
    waited_s=1.0,
    cores=CoreTimes(busy=50.0, stolen=1.0, total=200.0),
    switches=40,
    throttled=2,
)


def after(seconds: float, **rises: float) -> Reading:
    """A quiet single-threaded stretch on two cores, with some figures different."""
    quiet = {"thread_s": seconds, "process_s": seconds, "waited_s": 0.0, "busy": seconds}
    rise = quiet | {"stolen": 0.0, "switches": 0, "throttled": 0} | rises
    assert START.cores is not None
    assert START.waited_s is not None
    return Reading(
        wall_s=START.wall_s + seconds,
        thread_s=START.thread_s + rise["thread_s"],
        process_s=START.process_s + rise["process_s"],
        waited_s=START.waited_s + rise["waited_s"],
        cores=CoreTimes(
            busy=START.cores.busy + rise["busy"],
            stolen=START.cores.stolen + rise["stolen"],
            total=START.cores.total + 2 * seconds,
        ),
        switches=40 + int(rise["switches"]),
        throttled=2 + int(rise["throttled"]),
    )


def gauged(last: Reading, first: Reading = START, turns: tuple[float, ...] = STEADY) -> Gauge:
    return gauge_between(first, last, STEADY, turns)


def test_a_quiet_machine_raises_no_doubt() -> None:
    quiet = gauged(after(4.0))

    assert quiet.doubts == ()
    assert quiet.wall_over_cpu == pytest.approx(1)
    assert quiet.foreign == pytest.approx(0)
    assert (quiet.steal, quiet.throttled, quiet.switches_per_s) == (0, 0, 0)
    assert (quiet.calibration, quiet.slowdown) == (1, 1)


def test_waiting_for_a_core_counts_in_every_thread() -> None:
    """Two threads had a core for 3 s each, of the 4 s that both wanted one."""
    assert gauged(after(4.0, thread_s=3, process_s=6, waited_s=2)).wall_over_cpu == (
        pytest.approx(8 / 6)
    )


def test_sleeping_is_not_waiting_for_a_core() -> None:
    assert gauged(after(4.0, thread_s=0.1, process_s=0.1)).wall_over_cpu == pytest.approx(1)


def test_without_the_scheduler_s_word_the_cpu_time_of_the_loop_counts() -> None:
    first, shared = replace(START, waited_s=None), after(4.0, thread_s=2, process_s=2)

    assert gauged(replace(shared, waited_s=None), first).wall_over_cpu == pytest.approx(2)


def test_without_it_an_engine_may_still_work_in_threads_of_its_own() -> None:
    first, elsewhere = replace(START, waited_s=None), after(4.0, thread_s=0.1, process_s=8)

    assert gauged(replace(elsewhere, waited_s=None), first).wall_over_cpu == pytest.approx(1)


def test_what_is_busy_and_not_ours_is_foreign() -> None:
    assert gauged(after(4.0, busy=8.0)).foreign == pytest.approx(1)
    assert gauged(after(4.0, process_s=8.0, busy=8.0)).foreign == pytest.approx(0)
    assert gauged(after(4.0, busy=3.9)).foreign == 0, "ticks are coarser than our own clock"


def test_counters_are_told_as_shares_and_rates() -> None:
    taken = gauged(after(4.0, stolen=0.8, switches=20, throttled=3))

    assert taken.steal == pytest.approx(0.1)
    assert taken.switches_per_s == pytest.approx(5)
    assert taken.throttled == 3


def test_the_loop_tells_of_a_machine_that_changed_its_speed_or_is_shared() -> None:
    slower = gauged(after(4.0), turns=(3.0,) * 20)
    shared = gauged(after(4.0), turns=(*(2.5,) * 4, *(5.0,) * 16))

    assert slower.calibration == pytest.approx(1.2)
    assert shared.calibration == pytest.approx(2)
    assert gauge_between(START, after(4.0), (5.0,) * 19 + (2.5,), (5.0,) * 20).slowdown == 2


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A system that has the files that are named, and no others; cores 1 and 3 are ours."""
    monkeypatch.setattr(gauge, "_PROC", tmp_path / "proc")
    monkeypatch.setattr(machine, "_CGROUP", tmp_path / "cgroup")
    monkeypatch.setattr(machine, "_OWN_GROUPS", tmp_path / "proc/self/cgroup")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 3}, raising=False)
    monkeypatch.setattr(os, "sysconf", lambda _: 100)

    def make(files: dict[str, str]) -> None:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)

    return make


def test_a_system_that_says_nothing_leaves_gaps(system: Callable[..., None]) -> None:
    system({})
    reading = take_reading()

    assert (reading.waited_s, reading.cores, reading.switches, reading.throttled) == (None,) * 4
    assert reading.wall_s > 0

    told = gauge_between(reading, take_reading(), STEADY, STEADY)
    assert (told.foreign, told.steal, told.switches_per_s, told.throttled) == (None,) * 4
    assert told.wall_over_cpu >= 1


def test_only_the_cores_that_are_ours_count(system: Callable[..., None]) -> None:
    """Columns: user nice system idle iowait irq softirq steal guest guest_nice."""
    row = "100 10 20 900 30 4 6 50 70 80"
    system(
        {
            "proc/stat": f"cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 9 9 9 9 9 9 9 9 9 9\ncpu1 {row}\n"
            f"cpu3 {row}\ncpu13 9 9 9 9 9 9 9 9 9 9\nintr 5 0 0\n"
        }
    )

    assert take_reading().cores == CoreTimes(busy=2.8, stolen=1.0, total=22.4)


def test_the_waits_of_all_threads_are_added(system: Callable[..., None]) -> None:
    system(
        {
            "proc/self/task/7/schedstat": "5000000000 250000000 12\n",
            "proc/self/task/8/schedstat": "1000000000 500000000 3\n",
        }
    )

    assert take_reading().waited_s == pytest.approx(0.75)


def test_a_kernel_that_counts_no_waits_is_not_believed(system: Callable[..., None]) -> None:
    system({"proc/self/task/7/schedstat": "0 0 0\n"})

    assert take_reading().waited_s is None


def test_switches_and_throttling_are_read_in_both_kinds_of_control_groups(
    system: Callable[..., None],
) -> None:
    stat = "nr_periods 10\nnr_throttled {}\nthrottled_usec 9\n"
    system(
        {
            "proc/self/status": "voluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t17\n",
            "proc/self/cgroup": "3:cpu,cpuacct:/box\n1:name=systemd:/x\n0::/user/app\n",
            "cgroup/cpu,cpuacct/box/cpu.stat": stat.format(1),
            "cgroup/user/app/cpu.stat": stat.format(2),
            "cgroup/user/cpu.stat": stat.format(4),
            "cgroup/x/cpu.stat": stat.format(100),
        }
    )
    reading = take_reading()

    assert reading.switches == 17
    assert reading.throttled == 7


def test_this_machine_can_be_watched() -> None:
    read_gauge = gauge.watch_machine()
    seen = read_gauge()

    assert seen.wall_over_cpu >= 1
    assert seen.slowdown >= 1
    assert seen.cores == machine.allowed_cores()
    assert seen.load is None or seen.load >= 0
