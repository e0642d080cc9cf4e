from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sparsify_tui.codec import value_from
from sparsify_tui.core.images import ImageOptions
from sparsify_tui.core.model import Found, Model, TensorSpec
from sparsify_tui.core.project import DataSet, Project
from sparsify_tui.errors import JobError, StoreError
from sparsify_tui.workbench import Workbench
from tests.workbench.fakes import FakeJobs, model

FOUND = Found(dims=(("t", 576),), values=(("sr", 16000.0),))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    path.write_text("net")
    return path


@pytest.fixture
def jobs(file: Path) -> FakeJobs:
    open_length = replace(
        model(file), inputs=(TensorSpec(name="x", dtype="float32", shape=("n", "t")),)
    )
    return FakeJobs({"inspect": open_length, "fit": replace(open_length, found=FOUND)})


@pytest.fixture
def bench(tmp_path: Path, jobs: FakeJobs) -> Workbench:
    return Workbench(tmp_path / "home", jobs)


async def test_what_was_found_by_trying_goes_into_every_later_job(
    bench: Workbench, file: Path
) -> None:
    project = await bench.projects.create(file)

    assert bench.projects.load(project.id).model.found == FOUND
    assert bench.projects.run_options(project).found == FOUND


async def test_nothing_is_tried_where_nothing_is_guessed(
    bench: Workbench, file: Path, jobs: FakeJobs
) -> None:
    await bench.projects.create(file, dims={"t": 8})
    jobs.answers["inspect"] = model(file)
    await bench.projects.create(file)

    assert [job.kind for job in jobs.asked] == ["inspect", "inspect"]


async def test_a_model_that_ends_the_trial_is_still_read(
    bench: Workbench, file: Path, jobs: FakeJobs
) -> None:
    jobs.answers["fit"] = JobError("The model crashed the runtime (SIGSEGV); contained.")

    found = await bench.projects.inspect(file)
    assert found.layers
    assert any("SIGSEGV" in warning for warning in found.warnings)


async def given_inputs(bench: Workbench, project: Project) -> Project:
    return await bench.inputs.set_inputs(project.id, {"t": 4}, {})


async def test_what_was_given_to_a_failed_measurement_is_forgotten(
    bench: Workbench, file: Path, jobs: FakeJobs
) -> None:
    before = await bench.projects.create(file)

    def at_given_sizes(args: dict[str, Any]) -> Model:
        return replace(before.model, flops=len(args["options"]["dims"]))

    jobs.answers["inspect"] = jobs.answers["fit"] = at_given_sizes
    jobs.answers["data"] = DataSet(role="test", path="d.npz", samples=1, labelled=True)
    await given_inputs(bench, before)
    given = await bench.inputs.attach_data(before.id, Path("d.npz"))
    assert (given.dims, given.model.flops) == ((("t", 4),), 1)

    bench.inputs.take_back(before, given)

    after = bench.projects.load(before.id)
    assert (after.dims, after.data, after.model) == ((), (), before.model)


async def test_a_project_made_for_a_failed_measurement_goes_with_it(
    bench: Workbench, file: Path
) -> None:
    made = await bench.projects.create(file, dims={"t": 4})

    bench.inputs.take_back(None, made)

    with pytest.raises(StoreError):
        bench.projects.load(made.id)


async def test_inputs_that_something_was_stored_with_are_kept(bench: Workbench, file: Path) -> None:
    before = await bench.projects.create(file)
    given = await given_inputs(bench, before)
    bench.projects.describe(before.id, "measured")

    bench.inputs.take_back(before, given)
    bench.inputs.take_back(None, given)

    assert bench.projects.load(before.id).dims == (("t", 4),)


def described(args: dict[str, Any]) -> DataSet:
    """What a job would find: unlabelled, under the role and options it was asked for."""
    return DataSet(
        role=args["role"] or "test",
        path=args["options"]["data"],
        samples=1,
        labelled=False,
        images=value_from(args["options"]["images"][-1][1], ImageOptions),
    )


async def test_attached_again_a_set_keeps_its_role_and_how_its_images_are_read(
    bench: Workbench, file: Path, jobs: FakeJobs, tmp_path: Path
) -> None:
    project = await bench.projects.create(file)
    jobs.answers["data"] = described
    given = {"mean": "0.5", "layout": "nhwc"}
    await bench.inputs.attach_data(project.id, tmp_path, "calibration", images=given)

    after = await bench.inputs.attach_data(project.id, tmp_path)
    assert after.data_for("test") is None
    kept = after.data_for("calibration")
    assert kept is not None
    assert kept.images == ImageOptions(mean=(0.5,), layout="nhwc")
    other = await bench.inputs.attach_data(project.id, tmp_path / "other")
    assert other.data_for("test") == replace(
        kept, role="test", path=str(tmp_path / "other"), images=ImageOptions()
    )
    assert [one["role"] for one in jobs.asked[-1].args["attached"]] == ["calibration"]


async def test_every_later_job_is_told_how_images_are_read(
    bench: Workbench, file: Path, jobs: FakeJobs, tmp_path: Path
) -> None:
    project = await bench.projects.create(file)
    jobs.answers["data"] = described
    after = await bench.inputs.attach_data(project.id, tmp_path, images={"mean": "0.5"})

    options = replace(bench.projects.run_options(after), data=str(tmp_path))
    assert options.image_options == ImageOptions(mean=(0.5,))
    assert replace(options, data="else").image_options == ImageOptions()
