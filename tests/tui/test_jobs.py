from __future__ import annotations

import asyncio

from sparsify_tui.core.protocols import Progress
from sparsify_tui.errors import ModelError
from sparsify_tui.tui.jobs import Job, JobQueue


def queue_with_log() -> tuple[JobQueue, list[str]]:
    log: list[str] = []
    return JobQueue(lambda: None, lambda error, title: log.append(f"{title}: {error}")), log


async def test_one_job_runs_at_a_time_in_the_order_they_came() -> None:
    queue, _ = queue_with_log()
    seen: list[str] = []

    def work(name: str):
        async def run(_progress):
            seen.append(f"{name} starts")
            await asyncio.sleep(0.01)
            seen.append(f"{name} ends")

        return run

    jobs = [queue.start(Job(title=name, section="1"), work(name)) for name in "ab"]
    await asyncio.sleep(0)
    assert [job.state for job in queue.open_jobs] == ["running", "waiting"]
    await asyncio.gather(*(job.task for job in jobs))

    assert seen == ["a starts", "a ends", "b starts", "b ends"]
    assert [job.state for job in jobs] == ["done", "done"]


async def test_a_failed_job_is_reported_and_the_next_one_runs() -> None:
    queue, log = queue_with_log()
    results: list[int] = []

    async def fail(_progress):
        raise ModelError("It broke.", "Mend it.")

    async def work(_progress):
        return 7

    failed = queue.start(Job(title="first", section="1"), fail)
    done = queue.start(Job(title="second", section="1"), work, results.append)
    await asyncio.gather(failed.task, done.task)

    assert log == ["first: It broke. Mend it."]
    assert (failed.state, failed.reason) == ("failed", "It broke. Mend it.")
    assert results == [7]


async def test_a_waiting_job_can_be_stopped_before_it_begins() -> None:
    queue, _ = queue_with_log()
    gate = asyncio.Event()

    async def hold(_progress):
        await gate.wait()

    first = queue.start(Job(title="first", section="1"), hold)
    second = queue.start(Job(title="second", section="1"), hold)
    await asyncio.sleep(0)
    second.cancel()
    gate.set()
    await asyncio.gather(first.task, second.task)

    assert (first.state, second.state) == ("done", "stopped")


async def test_a_line_tells_how_far_a_job_is() -> None:
    queue, _ = queue_with_log()
    lines: list[str] = []

    async def work(progress):
        progress(Progress(done=3, total=20, item="stem", left_s=8.0))
        lines.append(queue.jobs[0].line)

    await queue.start(Job(title="perf", section="1"), work).task

    assert lines == ["perf 3/20 8.0 s left"]
    assert queue.jobs[0].line == "perf done"
