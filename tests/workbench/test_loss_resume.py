from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sparsify_tui.codec import value_from
from sparsify_tui.core.loss_profile import LossProfile, LossRequest
from sparsify_tui.core.project import Project
from sparsify_tui.errors import DataError, UsageError
from sparsify_tui.store import StoreBusyError
from sparsify_tui.store.logs import LogStore
from sparsify_tui.workbench import Workbench
from tests.workbench.fakes import FakeJobs, read_as
from tests.workbench.losses import ASKED, broken_off, log_of, stored


async def test_a_resumed_profile_goes_on_with_its_own_log_in_its_own_place(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    begun = await broken_off(bench, jobs, net)
    await bench.loss.one_shot(net.id, name="later")
    seen: list[LossProfile] = []

    profile = await bench.loss.resume(net.id, begun.id, on_partial=seen.append)

    args = jobs.asked[-1].args
    assert (args["profile_id"], args["created"]) == (begun.id, begun.created)
    assert value_from(args["request"], LossRequest) == begun.request
    assert args["log"] == str(log_of(bench, begun))
    assert seen[0] == begun
    assert [one.name for one in stored(bench, net)] == ["one-shot", "later"]
    assert stored(bench, net)[0] == profile
    assert profile.is_complete
    assert not log_of(bench, begun).exists(), "a complete profile needs no log"


async def test_a_resumed_profile_may_be_measured_elsewhere(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    await broken_off(bench, jobs, net)

    profile = await bench.loss.resume(net.id, "one-shot", workers=2, memory_bytes=10**9)

    assert profile.request == replace(ASKED, workers=2, memory_bytes=10**9)


async def test_a_profile_of_a_cluster_that_is_gone_goes_on_here(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    begun = await broken_off(bench, jobs, net)
    far = replace(begun, request=replace(ASKED, scheduler="tcp://gone:1"))
    bench.projects.update(net.id, lambda one: replace(one, loss_profiles=(far,)))

    profile = await bench.loss.resume(net.id, begun.id, scheduler="")

    assert profile.request == ASKED


async def test_a_crash_after_resuming_can_be_resumed_again(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    begun = await broken_off(bench, jobs, net)
    jobs.answers["loss"] = DataError("The file is gone.")

    with pytest.raises(DataError):
        await bench.loss.resume(net.id, begun.id)

    assert stored(bench, net) == (begun,)
    assert log_of(bench, begun).read_text() == "items"


async def test_only_what_is_not_complete_can_be_resumed(bench: Workbench, net: Project) -> None:
    await bench.loss.one_shot(net.id)
    await bench.loss.magnitude(net.id)

    for name in ("one-shot", "loss"):
        with pytest.raises(UsageError, match="is complete"):
            await bench.loss.resume(net.id, name)
    with pytest.raises(UsageError, match="no loss profile"):
        await bench.loss.resume(net.id, "nope")


async def test_a_profile_of_another_content_of_the_model_cannot_be_resumed(
    bench: Workbench, jobs: FakeJobs, net: Project, tmp_path: Path
) -> None:
    await broken_off(bench, jobs, net)
    (tmp_path / "net.onnx").write_text("another")
    jobs.answers["inspect"] = read_as({"another": "d2"})
    await bench.projects.accept_model(net.id)

    with pytest.raises(UsageError, match="another content"):
        await bench.loss.resume(net.id, "one-shot")


async def test_one_profile_is_not_measured_twice_at_a_time(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    begun = await broken_off(bench, jobs, net)

    with LogStore(bench.home).claimed(begun.id), pytest.raises(StoreBusyError):
        await bench.loss.resume(net.id, begun.id)
