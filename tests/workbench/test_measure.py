from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sparsify_tui.core.channels.front import ChannelAnalysis, ChannelFront, ChannelSearch
from sparsify_tui.core.channels.groups import ChannelMap, GroupId
from sparsify_tui.core.channels.lanes import ChannelLanes
from sparsify_tui.core.channels.width_model import WidthModel
from sparsify_tui.core.project import DataSet, Project
from sparsify_tui.engines.machine import cpu_name
from sparsify_tui.errors import JobError, UsageError
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.jobs import JOB_KINDS, timing_lock
from tests.core.examples import environment, perf_profile
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


GROUP = GroupId("conv")
ANALYSIS = ChannelAnalysis(
    map=ChannelMap(), orders=((GROUP, (1, 0)),), selection="obs", calibration="c", model_digest="d"
)
FRONT = ChannelFront(
    points=(),
    chosen=None,
    cause="nothing to cut",
    fitted_on=1,
    held_out=1,
    source="c.npz",
    is_made_up=False,
    batch=64,
    threads=1,
    model_digest="d",
    repair="auto",
)


async def test_a_search_for_widths_sees_the_calibration_set_and_never_the_test_set(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    test = DataSet(role="test", path="t.npz", samples=1, labelled=True)
    bench.projects.update(net.id, lambda stored: replace(stored, data=(test,)))
    jobs.answers["narrow"] = ChannelSearch(analysis=ANALYSIS, front=FRONT)
    jobs.answers["channels"] = ANALYSIS

    found = await bench.measure.narrow(
        net.id, batch=64, threads=1, speed_up=1.5, locked={GROUP: 8}, seconds=9.0
    )
    await bench.measure.channels(net.id)

    for asked in jobs.asked[-2:]:
        assert (asked.args["options"]["data"], asked.args["options"]["calibration"]) == (None, None)
    narrow = jobs.asked[-2].args
    assert found.front == FRONT
    assert (narrow["speed_up"], narrow["max_loss"], narrow["seconds"]) == (1.5, None, 9.0)
    assert (narrow["locked"], narrow["options"]["batch"]) == ([["conv", 8]], 64)

    calibration = DataSet(role="calibration", path="c.npz", samples=1, labelled=False)
    bench.projects.update(net.id, lambda stored: replace(stored, data=(test, calibration)))
    await bench.measure.narrow(net.id)
    assert jobs.asked[-1].args["options"]["data"] == "c.npz"


async def test_a_search_for_widths_starts_from_lanes_of_its_own_setup(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    jobs.answers["narrow"] = ChannelSearch(analysis=ANALYSIS, front=FRONT)
    lanes = ChannelLanes(model=WidthModel(full_ms=1.0))
    setup = environment(threads=1, engine="onnxruntime", cpu=cpu_name())
    digest = net.model.sha256
    profile = perf_profile(batch=8, environment=setup, channels=lanes, model_digest=digest)
    bench.projects.update(net.id, lambda stored: replace(stored, perf_profiles=(profile,)))

    await bench.measure.narrow(net.id, batch=8, threads=1)
    assert jobs.asked[-1].args["profile"]["id"] == profile.id
    await bench.measure.narrow(net.id, batch=8, threads=2)
    assert jobs.asked[-1].args["profile"] is None


@pytest.mark.parametrize(
    "wrong",
    [{"speed_up": 1.0}, {"max_loss": 0.0}, {"selection": "luck"}, {"repair": "much"}, {"batch": 0}],
)
async def test_limits_of_a_search_are_checked_before_it_is_started(
    bench: Workbench, jobs: FakeJobs, net: Project, wrong: dict[str, Any]
) -> None:
    asked = len(jobs.asked)
    with pytest.raises(UsageError):
        await bench.measure.narrow(net.id, **wrong)
    assert len(jobs.asked) == asked
