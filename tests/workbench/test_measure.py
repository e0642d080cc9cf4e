from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sparsify_tui.core.project import DataSet, Project
from sparsify_tui.errors import JobError, UsageError
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.jobs import JOB_KINDS, timing_lock
from tests.workbench.fakes import FakeJobs, read_as


@pytest.fixture
def jobs() -> FakeJobs:
    return FakeJobs(answers={"inspect": read_as()})


@pytest.fixture
def bench(tmp_path: Path, jobs: FakeJobs) -> Workbench:
    return Workbench(tmp_path / "home", run=jobs)


@pytest.fixture
async def net(bench: Workbench, tmp_path: Path) -> Project:
    (tmp_path / "net.onnx").write_text("one")
    return await bench.projects.create(tmp_path / "net.onnx", dims={"n": 2}, values={"x": 0.5})


async def test_a_job_is_told_what_the_project_knows(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    calibration = DataSet(role="calibration", path="c.npz", samples=1, labelled=False)
    test = DataSet(role="test", path="t.npz", samples=1, labelled=True)
    bench.projects.update(net.id, lambda stored: replace(stored, data=(calibration, test)))
    jobs.answers["perf"] = JobError("stop")

    with pytest.raises(JobError):
        await bench.measure.perf(net.id, batch=3, threads=1, seconds=0.5)

    perf = jobs.asked[-1].args
    assert (perf["options"]["data"], perf["options"]["batch"], perf["seconds"]) == ("c.npz", 3, 0.5)
    assert dict(perf["options"]["dims"]) == {"n": 2}
    assert dict(perf["options"]["values"]) == {"x": 0.5}


async def test_only_timing_jobs_wait_for_each_other(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    jobs.answers["perf"] = jobs.answers["loss"] = JobError("stop")
    with pytest.raises(JobError):
        await bench.loss.one_shot(net.id)
    with pytest.raises(JobError):
        await bench.measure.perf(net.id)

    loss, perf = jobs.asked[-2:]
    assert (loss.exclusive, perf.exclusive) == (False, True)
    assert perf.lock == str(timing_lock())
    assert perf.seconds == JOB_KINDS["perf"].seconds


@pytest.mark.parametrize("wrong", [{"batch": 0}, {"threads": -1}, {"threads": 10**6}])
async def test_counts_are_checked_before_a_job_is_started(
    bench: Workbench, jobs: FakeJobs, net: Project, wrong: dict[str, Any]
) -> None:
    asked = len(jobs.asked)

    with pytest.raises(UsageError):
        await bench.measure.perf(net.id, **wrong)

    assert len(jobs.asked) == asked
