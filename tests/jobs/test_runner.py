from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sparsify_tui.core.protocols import Progress
from sparsify_tui.errors import JobError, ModelError, SparsifyError, UsageError
from sparsify_tui.jobs import runner
from sparsify_tui.jobs.runner import run_job
from sparsify_tui.jobs.spec import JobSpec
from tests.jobs.stub_analyses import CHILD, ROOT

LONELY_PARENT = f"""
import asyncio, sys
from sparsify_tui.jobs import runner
from sparsify_tui.jobs.spec import JobSpec
runner._CHILD = (sys.executable, "-c", {CHILD!r})
asyncio.run(runner.run_job(JobSpec(kind="sleeping", args={{"folder": sys.argv[1]}})))
"""


@pytest.fixture
def child_is(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Runs a script of the test in place of the real child."""
    return lambda script: monkeypatch.setattr(runner, "_CHILD", (sys.executable, "-c", script))


@pytest.fixture
def stubs(child_is: Callable[[str], None]) -> None:
    """Runs the real child, but on the analyses of `stub_analyses`."""
    child_is(CHILD)


def job(kind: str, **args: Any) -> JobSpec:
    return JobSpec(kind=kind, args=args)


async def failure(spec: JobSpec) -> SparsifyError:
    with pytest.raises(SparsifyError) as caught:
        await run_job(spec)
    assert caught.value.message.isprintable()
    return caught.value


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> float:
    """Waits for a condition; returns how long it took."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, "waited in vain"
        await asyncio.sleep(0.01)
    return time.monotonic() - start


async def asleep(folder: Path) -> int:
    """Process id of a child of `sleeping`, once it sleeps and has no more to say."""
    await until((folder / "asleep").exists)
    return int((folder / "asleep").read_text())


async def test_an_unknown_kind_is_a_usage_error_of_the_real_child() -> None:
    error = await failure(job("frobnicate"))

    assert isinstance(error, UsageError)
    assert error.message == "There is no analysis 'frobnicate'."


@pytest.mark.usefixtures("stubs")
async def test_matrices_are_multiplied_by_one_thread_unless_the_user_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert (await run_job(job("threads")))["item"] == "1"

    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    assert (await run_job(job("threads")))["item"] == "2"


@pytest.mark.usefixtures("stubs")
async def test_noise_on_standard_output_is_never_taken_for_an_event() -> None:
    seen: list[Progress] = []

    result = await run_job(job("noisy", text="é\n\ud800"), seen.append)

    assert seen == [Progress(done=0, total=1, item="é\n\ud800")]
    assert result == {"done": 1, "total": 1, "item": "é\n\ud800", "left_s": None}


@pytest.mark.usefixtures("stubs")
async def test_what_there_is_so_far_is_told_apart_from_progress_and_result() -> None:
    progress: list[str] = []
    partials: list[str] = []

    result = await run_job(
        job("growing", values=["a", "b"]),
        lambda one: progress.append(one.item),
        lambda document: partials.append(document["item"]),
    )

    assert (progress, partials, result["item"]) == (["a", "b"], ["a", "b"], "all")
    assert (await run_job(job("growing", values=["a"])))["item"] == "all"


@pytest.mark.usefixtures("stubs")
async def test_a_listener_that_has_enough_of_partial_results_ends_the_job() -> None:
    def refuse(document: dict[str, Any]) -> None:
        raise UsageError(f"no {document['item']}")

    with pytest.raises(UsageError, match="no a"):
        await run_job(job("growing", values=["a", "b"]), None, refuse)


@pytest.mark.usefixtures("stubs")
async def test_a_large_result_comes_whole() -> None:
    result = await run_job(job("large", size=3_000_000))

    assert len(result["item"]) == 3_000_000


@pytest.mark.usefixtures("stubs")
async def test_what_the_child_explains_is_raised_as_it_was_meant() -> None:
    error = await failure(job("broken"))

    assert isinstance(error, ModelError)
    assert (error.message, error.hint) == ("The model is broken.", "Mend it.")


@pytest.mark.usefixtures("stubs")
async def test_a_bug_in_the_child_is_told_by_its_last_words() -> None:
    error = await failure(job("buggy"))

    assert isinstance(error, JobError)
    assert "exit 1" in error.message
    assert "ZeroDivisionError" in error.message


@pytest.mark.usefixtures("stubs")
async def test_too_much_memory_is_explained_by_the_child() -> None:
    error = await failure(JobSpec(kind="greedy", args={}, memory_bytes=1 << 32))

    assert isinstance(error, JobError)
    assert "more memory" in error.message
    assert "--dim" in error.hint


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (signal.SIGKILL, "The job was killed, most likely because memory ran out."),
        (signal.SIGSEGV, "The model crashed the runtime (SIGSEGV); contained."),
        (signal.SIGILL, "The model crashed the runtime (SIGILL); contained."),
    ],
)
async def test_a_child_that_dies_by_a_signal_gives_the_reason(
    sent: signal.Signals, reason: str, child_is: Callable[[str], None]
) -> None:
    child_is(f"import os, sys; sys.stdin.readline(); os.kill(os.getpid(), {int(sent)})")

    error = await failure(job("perf"))

    assert isinstance(error, JobError)
    assert error.message == reason
    assert error.hint


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("raise SystemExit(3)", "(exit 3): it said nothing."),
        ("", "(exit 0): it said nothing."),
        ("import sys; sys.exit('first\\n\\x1b[2Jlast')", "(exit 1): ␛[2Jlast."),
        ("import sys; sys.stderr.write('x' * 10**6); sys.exit(1)", "(exit 1): xxx"),
    ],
)
async def test_a_child_that_ends_without_a_result_is_told_by_its_last_line(
    script: str, reason: str, child_is: Callable[[str], None]
) -> None:
    child_is(script)

    error = await failure(job("perf", padding="x" * 1_000_000))

    assert reason in error.message
    assert len(error.message) < 300


async def test_half_an_event_of_a_dying_child_is_no_event(child_is: Callable[[str], None]) -> None:
    child_is('import os; os.write(1, b\'{"event": "res\'); os.kill(os.getpid(), 9)')

    assert "killed" in (await failure(job("perf"))).message


async def test_what_is_no_event_ends_the_job(child_is: Callable[[str], None]) -> None:
    child_is("import time; print('hello\\x1b[2J', flush=True); time.sleep(60)")

    error = await failure(job("perf"))

    assert isinstance(error, JobError)
    assert "no event: hello␛[2J" in error.message


@pytest.mark.parametrize("kind", ["sleeping", "stubborn"])
@pytest.mark.usefixtures("stubs")
async def test_a_cancelled_job_is_gone_within_a_second(kind: str, tmp_path: Path) -> None:
    running = asyncio.create_task(run_job(job(kind, folder=str(tmp_path))))
    pid = await asleep(tmp_path)
    start = time.monotonic()
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running

    assert not is_running(pid)
    assert time.monotonic() - start < 1


@pytest.mark.usefixtures("stubs")
async def test_a_cancelled_job_takes_its_temporary_files_along(tmp_path: Path) -> None:
    running = asyncio.create_task(run_job(job("sleeping", folder=str(tmp_path))))
    await asleep(tmp_path)
    assert len(files_in(tmp_path)) == 2

    running.cancel()
    await asyncio.wait([running])

    assert files_in(tmp_path) == ["asleep"]


@pytest.mark.usefixtures("stubs")
async def test_a_job_ends_at_its_time_limit(tmp_path: Path) -> None:
    spec = JobSpec(kind="sleeping", args={"folder": str(tmp_path)}, seconds=2)

    error = await failure(spec)

    assert isinstance(error, JobError)
    assert error.message == "The job was stopped after 2 s, its limit."
    assert not is_running(await asleep(tmp_path))


@pytest.mark.usefixtures("stubs")
async def test_a_listener_that_fails_ends_the_job(tmp_path: Path) -> None:
    def fail(progress: Progress) -> None:
        raise KeyError(progress.item)

    with pytest.raises(KeyError, match="good night"):
        await run_job(job("sleeping", folder=str(tmp_path)), fail)

    (file,) = files_in(tmp_path)
    assert not is_running(int((tmp_path / file).read_text()))


@pytest.mark.usefixtures("stubs")
async def test_two_timing_jobs_take_turns_and_the_second_says_that_it_waits(tmp_path: Path) -> None:
    log = tmp_path / "log"
    first, second = (
        JobSpec(
            kind="timed",
            args={"log": str(log), "name": name},
            exclusive=True,
            lock=str(tmp_path / "lock"),
        )
        for name in ("first", "second")
    )
    said: list[str] = []
    running = asyncio.create_task(run_job(first))
    await until(log.exists)

    await run_job(second, lambda progress: said.append(progress.item))
    await running

    assert log.read_text().splitlines() == [
        "first begins",
        "first ends",
        "second begins",
        "second ends",
    ]
    assert said == ["waits: another timing job is running", "begins", "ends"]


@pytest.mark.usefixtures("stubs")
async def test_other_jobs_do_not_wait_for_a_timing_job(tmp_path: Path) -> None:
    lock = str(tmp_path / "lock")
    timing = JobSpec(kind="sleeping", args={"folder": str(tmp_path)}, exclusive=True, lock=lock)
    running = asyncio.create_task(run_job(timing))
    await asleep(tmp_path)

    assert await run_job(JobSpec(kind="large", args={"size": 1}, lock=lock))
    running.cancel()
    await asyncio.wait([running])


@pytest.mark.usefixtures("stubs")
async def test_a_timing_job_that_was_killed_gives_its_turn_away(tmp_path: Path) -> None:
    lock = str(tmp_path / "lock")
    timing = JobSpec(kind="sleeping", args={"folder": str(tmp_path)}, exclusive=True, lock=lock)
    running = asyncio.create_task(run_job(timing))
    os.kill(await asleep(tmp_path), signal.SIGKILL)
    await asyncio.wait([running])
    said: list[str] = []

    next_one = JobSpec(kind="large", args={"size": 1}, exclusive=True, lock=lock)
    await run_job(next_one, lambda progress: said.append(progress.item))

    assert said == [""]


@pytest.fixture
def lonely_parent(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own that runs a job of `sleeping`."""
    parent = subprocess.Popen(
        [sys.executable, "-c", LONELY_PARENT, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": ROOT},
    )
    yield parent
    parent.kill()
    parent.wait()


async def test_a_child_dies_with_its_parent(
    lonely_parent: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    child = await asleep(tmp_path)
    lonely_parent.kill()

    assert await until(lambda: not is_running(child)) < 2
