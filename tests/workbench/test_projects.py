from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from sparsify_tui.core.project import DataSet, Project
from sparsify_tui.core.training import TrainingSettings
from sparsify_tui.errors import DataError, ModelError, StoreError, UsageError
from sparsify_tui.workbench import Workbench
from tests.core import examples
from tests.workbench.fakes import FakeJobs, read_as


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    path.write_text("one")
    return path


def fill(file: Path, content: str) -> None:
    file.write_text(content)


def stamp_anew(file: Path) -> None:
    os.utime(file, ns=(1, 1))


def move(file: Path) -> Path:
    return file.rename(file.with_name("moved.onnx"))


@pytest.fixture
def jobs() -> FakeJobs:
    return FakeJobs(answers={"inspect": read_as({"two": "d2"})})


@pytest.fixture
def bench(tmp_path: Path, jobs: FakeJobs) -> Workbench:
    return Workbench(tmp_path / "home", run=jobs)


@pytest.fixture
async def net(bench: Workbench, file: Path) -> Project:
    return await bench.projects.create(file)


async def test_a_project_is_named_after_its_file_or_as_asked(bench: Workbench, file: Path) -> None:
    names = [
        (await bench.projects.create(file)).name,
        (await bench.projects.create(file)).name,
        (await bench.projects.create(file, name=" mine ")).name,
    ]

    assert names == ["net", "net-2", "mine"]
    assert {one.name for one in bench.projects.list()} == set(names)


async def test_opening_a_file_makes_its_project_once(bench: Workbench, file: Path) -> None:
    first = await bench.projects.open(str(file))
    again = await bench.projects.open(str(file))

    assert first.id == again.id
    with pytest.raises(UsageError, match="no project nope"):
        await bench.projects.open("nope")


async def test_an_id_wins_over_a_name(bench: Workbench, file: Path, net: Project) -> None:
    other = await bench.projects.create(file, name=net.id)

    assert bench.projects.find(net.id).id == net.id
    assert bench.projects.find(other.id).id == other.id


async def test_a_file_that_cannot_be_seen_starts_no_job(bench: Workbench, jobs: FakeJobs) -> None:
    with pytest.raises(ModelError, match="no such file"):
        await bench.projects.create(Path("nope.onnx"))

    assert jobs.asked == []
    assert bench.projects.list() == ()


async def test_a_model_that_cannot_be_read_makes_no_project(
    bench: Workbench, jobs: FakeJobs, file: Path
) -> None:
    jobs.answers["inspect"] = ModelError("It is damaged.")

    with pytest.raises(ModelError, match="damaged"):
        await bench.projects.create(file)

    assert bench.projects.list() == ()


async def test_a_name_belongs_to_one_project(bench: Workbench, file: Path, net: Project) -> None:
    other = await bench.projects.create(file)

    with pytest.raises(UsageError, match="another project called net"):
        bench.projects.rename(other.id, "net")
    with pytest.raises(UsageError, match="must not be empty"):
        bench.projects.rename(other.id, "  ")
    assert bench.projects.rename(net.id, "net").name == "net"


async def test_edits_are_stored(bench: Workbench, net: Project) -> None:
    bench.projects.describe(net.id, "what it is")
    bench.projects.set_training(net.id, TrainingSettings(epochs=7))

    stored = bench.projects.load(net.id)
    assert (stored.description, stored.training.epochs) == ("what it is", 7)
    assert bench.projects.size_on_disk(net.id) == bench.projects.path_of(net.id).stat().st_size
    bench.projects.delete(net.id)
    with pytest.raises(StoreError):
        bench.projects.load(net.id)


async def test_sizes_and_values_are_checked_by_reading_the_model_again(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    after = await bench.inputs.set_inputs(net.id, {"n": 4}, {"x": 0.5})

    assert dict(jobs.asked[-1].args["options"]["dims"]) == {"n": 4}
    assert (after.dims, after.values) == ((("n", 4),), (("x", 0.5),))
    jobs.answers["inspect"] = UsageError("No such dimension.")
    with pytest.raises(UsageError):
        await bench.inputs.set_inputs(net.id, {"z": 1}, {})
    assert bench.projects.load(net.id).dims == (("n", 4),)


async def test_data_takes_the_place_of_earlier_data_of_its_role(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    def found(args: dict[str, object]) -> DataSet:
        labelled = "labelled" in str(args["options"])
        return DataSet(
            role="test" if labelled else "calibration",
            path=str(args["options"]),
            samples=1,
            labelled=labelled,
        )

    jobs.answers["data"] = found
    for name in ("a.npz", "labelled.npz", "b.npz"):
        after = await bench.inputs.attach_data(net.id, Path(name))

    assert {one.role for one in after.data} == {"calibration", "test"}
    calibration, test = after.data_for("calibration"), after.data_for("test")
    assert calibration is not None
    assert "b.npz" in calibration.path
    assert test is not None
    assert "labelled.npz" in test.path
    assert bench.inputs.remove_data(net.id, "test").data == (calibration,)


async def test_data_that_does_not_fit_changes_nothing(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    jobs.answers["data"] = DataError("It does not fit.")

    with pytest.raises(DataError):
        await bench.inputs.attach_data(net.id, Path("a.npz"))

    assert bench.projects.load(net.id) == net


async def test_a_touched_file_is_accepted_by_its_digest(
    bench: Workbench, file: Path, net: Project
) -> None:
    stamp_anew(file)
    assert bench.projects.model_state(net) == "changed"

    ready = await bench.projects.ready(net.id)

    assert bench.projects.model_state(ready) == "ok"
    assert ready.model == net.model


async def test_another_model_in_the_file_must_be_accepted(
    bench: Workbench, file: Path, net: Project
) -> None:
    fill(file, "two")

    with pytest.raises(ModelError, match="another model") as caught:
        await bench.projects.ready(net.id)

    assert "projects accept" in caught.value.hint
    accepted = await bench.projects.accept_model(net.id)
    assert accepted.model.sha256 == "d2"
    assert await bench.projects.ready(net.id) == accepted


async def test_a_moved_file_is_named_by_its_new_path(
    bench: Workbench, file: Path, net: Project
) -> None:
    moved = move(file)
    assert bench.projects.model_state(net) == "missing"
    with pytest.raises(ModelError, match="is gone"):
        await bench.projects.ready(net.id)

    accepted = await bench.projects.accept_model(net.id, moved)

    assert accepted.model == replace(net.model, path=str(moved))
    assert bench.projects.model_state(accepted) == "ok"


async def test_a_change_while_the_file_is_read_is_noticed_later(
    bench: Workbench, jobs: FakeJobs, file: Path
) -> None:
    def slow(args: object) -> object:
        found = read_as()({"options": {"path": str(file)}})
        file.write_text("longer")
        return found

    jobs.answers["inspect"] = slow

    assert bench.projects.model_state(await bench.projects.create(file)) == "changed"


async def test_notes_are_kept_with_one_measurement_only(bench: Workbench, net: Project) -> None:
    first, second = (examples.perf_profile(id=key) for key in ("p1", "p2"))
    bench.projects.update(net.id, lambda stored: replace(stored, perf_profiles=(first, second)))

    noted = bench.projects.annotate_item(net.id, "p2", " calm \n")

    assert [one.notes for one in noted.perf_profiles] == ["", "calm"]
    assert bench.projects.load(net.id) == noted
