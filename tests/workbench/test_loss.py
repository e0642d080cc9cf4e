from __future__ import annotations

from dataclasses import replace

import pytest

from sparsify_tui.codec import value_from
from sparsify_tui.core.loss_profile import LossProfile, LossRequest
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.profile import LayerTime
from sparsify_tui.core.project import DataSet, Project
from sparsify_tui.errors import CancelledJobError, DataError, JobError, UsageError
from sparsify_tui.workbench import Workbench
from tests.core import examples
from tests.workbench.fakes import FakeJobs
from tests.workbench.losses import ASKED, IDS, as_far_as, broken_off, log_of, stored


async def test_a_magnitude_profile_is_stored_when_it_is_done(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    profile = await bench.loss.magnitude(net.id, levels=(0.9, 0.5, 0.9))

    assert stored(bench, net) == (profile,)
    assert jobs.asked[-1].args["levels"] == [0.5, 0.9]


async def test_a_magnitude_job_that_fails_stores_nothing(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    jobs.answers["magnitude"] = JobError("It crashed.")

    with pytest.raises(JobError):
        await bench.loss.magnitude(net.id)

    assert bench.projects.load(net.id) == net


async def test_a_one_shot_profile_is_stored_from_its_start_and_grows(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    jobs.partials = (as_far_as("magnitude"), as_far_as("anchors"), as_far_as("levels"))
    seen: list[tuple[LossProfile, tuple[LossProfile, ...]]] = []

    profile = await bench.loss.one_shot(
        net.id, request=ASKED, on_partial=lambda one: seen.append((one, stored(bench, net)))
    )

    begun = seen[0][0]
    assert (begun.stage, begun.is_complete, begun.is_ranking) == ("magnitude", False, False)
    assert [(row.id, row.status, row.pruning.values) for row in begun.layers] == [
        (one, "not measured", ()) for one in IDS
    ]
    assert [one.stage for one, _ in seen] == ["magnitude", "magnitude", "anchors", "levels"]
    assert all(there == (one,) for one, there in seen), "each state is stored when it is told"
    assert stored(bench, net) == (profile,)
    assert (profile.id, profile.stage) == (begun.id, "done")


async def test_within_a_stage_a_profile_is_stored_now_and_then_only(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    jobs.partials = tuple(as_far_as("levels", wall_s=float(n)) for n in range(50))
    there = set()

    await bench.loss.one_shot(net.id, on_partial=lambda _: there.add(stored(bench, net)[0].wall_s))

    assert len(there) <= 3


async def test_the_job_is_told_what_to_measure_on_what(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    calibration = DataSet(role="calibration", path="c.npz", samples=1, labelled=False)
    test = DataSet(role="test", path="t.npz", samples=1, labelled=True)
    times = (
        LayerTime(id=LayerId("node_one"), ms=1.0, share=0.5),
        LayerTime(id=LayerId("node_two"), ms=None, share=None),
    )
    perf = examples.perf_profile(layers=times, model_digest="d1")
    bench.projects.update(
        net.id, lambda one: replace(one, data=(test, calibration), perf_profiles=(perf,))
    )

    profile = await bench.loss.one_shot(net.id, request=ASKED, name=" mine ")

    args = jobs.asked[-1].args
    assert args["options"]["data"] == "c.npz", "layers are not judged on the test set"
    assert value_from(args["request"], LossRequest) == ASKED
    assert args["shares"] == {"node_one": 0.5}
    assert (args["profile_id"], args["name"]) == (profile.id, "mine")
    assert args["log"] == str(log_of(bench, profile))


async def test_profiles_without_a_name_get_one_that_no_other_has(
    bench: Workbench, net: Project
) -> None:
    sparse = replace(ASKED, structure="2:4")
    for request in (ASKED, ASKED, sparse):
        await bench.loss.one_shot(net.id, request=request)

    assert [one.name for one in stored(bench, net)] == ["one-shot", "one-shot 2", "one-shot 2:4"]
    assert stored(bench, net)[-1].levels == (0.5,)


async def test_a_crash_leaves_what_was_measured(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    profile = await broken_off(bench, jobs, net)

    assert (profile.stage, profile.is_complete) == ("anchors", False)
    assert profile.layers[0].pruning.values == (0.7, 0.9)


async def test_a_crash_leaves_the_newest_state_though_it_was_not_time_to_store_it(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    jobs.partials = tuple(as_far_as("levels", wall_s=float(n)) for n in range(5))
    jobs.answers["loss"] = JobError("It crashed.")

    with pytest.raises(JobError):
        await bench.loss.one_shot(net.id)

    assert stored(bench, net)[0].wall_s == 4.0


async def test_a_request_that_turns_out_to_make_no_sense_leaves_nothing(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    jobs.answers["loss"] = DataError("The data does not fit.")

    with pytest.raises(DataError):
        await bench.loss.one_shot(net.id)

    assert stored(bench, net) == ()


async def test_what_was_given_for_a_request_that_makes_no_sense_is_taken_back(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    given = await bench.inputs.set_inputs(net.id, {"n": 3}, {})
    jobs.answers["loss"] = DataError("The data does not fit.")
    with pytest.raises(DataError):
        await bench.loss.one_shot(net.id)

    bench.inputs.take_back(net, given)

    assert bench.projects.load(net.id).dims == ()


async def test_an_explained_end_after_a_part_leaves_the_part(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    jobs.partials = (as_far_as("anchors"),)
    jobs.answers["loss"] = DataError("The file is gone.")

    with pytest.raises(DataError):
        await bench.loss.one_shot(net.id)

    assert [one.stage for one in stored(bench, net)] == ["anchors"]


async def test_a_profile_that_is_deleted_while_it_is_measured_stays_deleted(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    jobs.partials = (as_far_as("anchors"), as_far_as("levels"))

    with pytest.raises(CancelledJobError, match="was deleted"):
        await bench.loss.one_shot(
            net.id,
            on_partial=lambda one: bench.projects.delete_item(net.id, one.id) and None,
        )

    assert stored(bench, net) == ()


async def test_a_profile_that_is_renamed_while_it_is_measured_keeps_its_new_name(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    jobs.partials = (as_far_as("anchors"),)

    def rename(one: LossProfile) -> None:
        bench.projects.rename_item(net.id, one.id, "mine")
        bench.projects.annotate_item(net.id, one.id, "calm machine")

    profile = await bench.loss.one_shot(net.id, on_partial=rename)

    assert (profile.name, profile.notes, profile.stage) == ("mine", "calm machine", "done")
    assert stored(bench, net) == (profile,)


async def test_deleting_a_profile_or_its_project_removes_its_log(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    first = await broken_off(bench, jobs, net)
    second = bench.loss.copy(net.id, first)
    assert log_of(bench, second).read_text() == "items"

    bench.projects.delete_item(net.id, first.id)
    assert (log_of(bench, first).exists(), log_of(bench, second).exists()) == (False, True)

    bench.projects.delete(net.id)
    assert not log_of(bench, second).exists()


async def test_a_copy_is_a_profile_of_its_own(bench: Workbench, net: Project) -> None:
    first = await bench.loss.one_shot(net.id)

    twin = bench.loss.copy(net.id, first)

    assert stored(bench, net) == (first, twin)
    assert replace(twin, id=first.id, name=first.name, created=first.created) == first
    assert (twin.name, twin.id != first.id) == ("one-shot-copy", True)


async def test_profiles_are_compared_by_id_or_name(bench: Workbench, net: Project) -> None:
    first = await bench.loss.one_shot(net.id, request=ASKED)
    await bench.loss.magnitude(net.id)
    project = bench.projects.load(net.id)

    comparison = bench.loss.compare(project, (first.id, "loss"))

    assert [one.name for one in comparison.profiles] == ["one-shot", "loss"]
    with pytest.raises(UsageError):
        bench.loss.compare(project, (first.id,))
    with pytest.raises(UsageError, match="Known: one-shot, loss"):
        bench.loss.compare(project, (first.id, "nope"))


def test_text_is_checked_as_it_is_read(bench: Workbench) -> None:
    assert bench.loss.check_levels("0.5,0.9") is None
    assert "between 0 and 1" in (bench.loss.check_levels("0.5,1") or "")
    assert bench.loss.check_schemes("int8,none") is not None
    assert bench.loss.check_schemes("none") is None
