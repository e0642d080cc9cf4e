from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sparsify_tui.core.profile import LossProfile
from sparsify_tui.core.project import DataSet, Project
from sparsify_tui.errors import JobError, UsageError
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.jobs import JOB_KINDS, timing_lock
from tests.workbench.fakes import FakeJobs, read_as

LOSS = LossProfile(
    id="l1", name="all", created="2026-01-01T00:00:00+00:00", model_digest="d1",
    method="magnitude", metric="energy", source="weights", samples=0, levels=(0.5,), cpu_s=0.1,
    wall_s=0.1, layers=(),
)  # fmt: skip


@pytest.fixture
def jobs() -> FakeJobs:
    return FakeJobs(answers={"inspect": read_as(), "loss": LOSS})


@pytest.fixture
def bench(tmp_path: Path, jobs: FakeJobs) -> Workbench:
    return Workbench(tmp_path / "home", run=jobs)


@pytest.fixture
async def net(bench: Workbench, tmp_path: Path) -> Project:
    (tmp_path / "net.onnx").write_text("one")
    return await bench.projects.create(tmp_path / "net.onnx", dims={"n": 2}, values={"x": 0.5})


async def test_a_profile_is_stored_when_it_is_done(bench: Workbench, net: Project) -> None:
    profile = await bench.measure.loss(net.id)

    assert profile == LOSS
    assert bench.projects.load(net.id).loss_profiles == (LOSS,)


async def test_a_job_that_fails_stores_nothing(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    jobs.answers["loss"] = JobError("It crashed.")

    with pytest.raises(JobError):
        await bench.measure.loss(net.id)

    assert bench.projects.load(net.id) == net


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
    jobs.answers["perf"] = JobError("stop")
    await bench.measure.loss(net.id)
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


@pytest.mark.parametrize("levels", [(), (0.0,), (0.5, 1.0), (float("nan"),)])
async def test_levels_lie_between_none_and_all(
    bench: Workbench, net: Project, levels: tuple[float, ...]
) -> None:
    with pytest.raises(UsageError, match="Levels"):
        await bench.measure.loss(net.id, levels=levels)


async def test_levels_are_sorted_and_told_once(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    await bench.measure.loss(net.id, levels=(0.9, 0.5, 0.9))

    assert jobs.asked[-1].args["levels"] == [0.5, 0.9]
