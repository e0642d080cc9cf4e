from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sparsify_tui.codec import document_from, value_from
from sparsify_tui.core.cases import BenchmarkRequest, Case, ChangedModel
from sparsify_tui.core.channels.groups import GroupId
from sparsify_tui.core.modifiers import ChannelPruning, GroupLevel, Quantization
from sparsify_tui.core.project import AppliedModel, BenchmarkRun, DataSet, Project, Run
from sparsify_tui.errors import CancelledJobError, JobError, UsageError
from sparsify_tui.jobs.spec import JobSpec
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.jobs import JOB_KINDS
from tests.core import channel_examples, examples
from tests.workbench.fakes import FakeJobs, read_as


def answer(args: Mapping[str, Any]) -> Any:
    """A benchmark that keeps what it was asked for."""
    request = value_from(args["request"], BenchmarkRequest)
    return examples.benchmark_run(name=args["name"], request=request)


@pytest.fixture
def jobs() -> FakeJobs:
    return FakeJobs(answers={"inspect": read_as(), "benchmark": answer})


@pytest.fixture
def bench(tmp_path: Path, jobs: FakeJobs) -> Workbench:
    return Workbench(tmp_path / "home", run=jobs)


@pytest.fixture
async def net(bench: Workbench, tmp_path: Path) -> Project:
    (tmp_path / "net.onnx").write_text("one")
    project = await bench.projects.create(tmp_path / "net.onnx", dims={"n": 2}, values={"x": 0.5})
    data = tuple(
        DataSet(role=role, path=f"{role}.npz", samples=1, labelled=False)
        for role in ("calibration", "test")
    )
    return bench.projects.update(project.id, lambda stored: replace(stored, data=data))


async def test_a_benchmark_is_stored_with_what_was_asked_for(
    bench: Workbench, net: Project
) -> None:
    plan = bench.plans.create(net.id)
    request = BenchmarkRequest(optimizations=(plan.id,), batches=(1, 8), threads=(1, 2))

    run = await bench.benchmarks.run(net.id, request)

    assert run.request == request
    assert run.name == plan.name
    assert bench.projects.load(net.id).benchmarks == (run,)


async def test_the_job_is_told_what_the_project_knows(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    await bench.benchmarks.run(net.id, BenchmarkRequest(batches=(4,), threads=(3,)))

    options = jobs.asked[-1].args["options"]
    assert (options["data"], options["calibration"]) == ("test.npz", "calibration.npz")
    assert options["test"] == "test.npz"
    assert (options["batch"], options["threads"], options["engine"]) == (4, 3, "onnxruntime")
    assert dict(options["dims"]) == {"n": 2}
    assert dict(options["values"]) == {"x": 0.5}


async def test_all_that_is_asked_for_is_built_and_called_by_the_first(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    plans = [bench.plans.create(net.id) for _ in range(3)]

    request = BenchmarkRequest(optimizations=tuple(plan.id for plan in plans))
    run = await bench.benchmarks.run(net.id, request)

    assert [one["name"] for one in jobs.asked[-1].args["models"]] == [one.name for one in plans]
    assert run.name == f"{plans[0].name} +2"


async def test_without_an_optimization_the_original_is_measured(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    run = await bench.benchmarks.run(net.id, BenchmarkRequest())

    assert run.name == "original"
    assert jobs.asked[-1].args["models"] == []
    assert run.request is not None
    assert run.request.threads, "the threads are those of then, when it is asked for again"


async def test_int8_and_what_was_predicted_of_it_come_along(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    plan = bench.plans.create(net.id)
    found = examples.placement("node_one")
    int8 = plan.with_modifier(Quantization(layers=found.changes.int8, found=found))
    bench.projects.update(net.id, lambda stored: replace(stored, optimizations=(int8,)))

    await bench.benchmarks.run(net.id, BenchmarkRequest(optimizations=(plan.id,)))

    model = value_from(jobs.asked[-1].args["models"][0], ChangedModel)
    assert model.changes.int8 == ("node_one",)
    assert model.prediction is not None
    assert model.prediction.ms == found.predicted_ms


async def test_the_same_is_asked_for_again(bench: Workbench, jobs: FakeJobs, net: Project) -> None:
    plan = bench.plans.create(net.id)
    first = await bench.benchmarks.run(
        net.id, BenchmarkRequest(optimizations=(plan.id,), streams=(2,)), name="mine"
    )

    again = await bench.benchmarks.run_again(net.id, first)

    assert (again.name, again.request) == ("mine", first.request)
    assert jobs.asked[-1].args == jobs.asked[-2].args


async def test_what_an_earlier_version_made_cannot_be_asked_for_again(
    bench: Workbench, net: Project
) -> None:
    with pytest.raises(UsageError, match="not known"):
        await bench.benchmarks.run_again(net.id, examples.benchmark_run(request=None))


@pytest.mark.parametrize(
    "wrong",
    [
        {"batches": ()},
        {"batches": (1, 0)},
        {"threads": (1, -1)},
        {"threads": (10**6,)},
        {"streams": ()},
        {"streams": (0,)},
        {"streams": (1000,)},
        {"engines": ()},
        {"engines": ("torch",)},
        {"optimizations": ("gone",)},
        {"metric": "score.py"},
        {"metric": ":f"},
    ],
)
async def test_a_request_is_checked_before_a_job_is_started(
    bench: Workbench, jobs: FakeJobs, net: Project, wrong: dict[str, Any]
) -> None:
    with pytest.raises(UsageError):
        await bench.benchmarks.run(net.id, BenchmarkRequest(**wrong))

    assert "benchmark" not in [spec.kind for spec in jobs.asked]


async def test_the_users_metric_is_found_from_anywhere(
    bench: Workbench, jobs: FakeJobs, net: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    await bench.benchmarks.run(net.id, BenchmarkRequest(metric="score.py:right"))

    assert jobs.asked[-1].args["request"]["metric"] == f"{tmp_path / 'score.py'}:right"


async def test_a_failure_names_what_the_project_remembers(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    jobs.answers["benchmark"] = JobError("It crashed.")

    with pytest.raises(JobError, match=r"dim\.n=2, value\.x=0\.5"):
        await bench.benchmarks.run(net.id, BenchmarkRequest())


async def test_what_was_applied_is_handed_on_after_a_job_that_times(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    applied = AppliedModel(file="out", bytes=1, layers=(), output_error=0.0, source="noise")
    jobs.answers["apply"] = applied
    plan = bench.plans.create(net.id)

    assert await bench.benchmarks.apply(net.id, plan, "out", seconds=0.5) == applied
    assert jobs.asked[-1].args["seconds"] == 0.5
    assert jobs.asked[-1].exclusive
    assert JOB_KINDS["apply"].is_timing


async def test_a_repair_that_is_asked_for_goes_before_that_of_the_plan(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    jobs.answers["apply"] = AppliedModel(
        file="out", bytes=1, layers=(), output_error=0.0, source="noise"
    )
    plan = bench.plans.create(net.id)

    told = []
    for repair in (None, "auto"):
        await bench.benchmarks.apply(net.id, plan, "out", repair=repair)
        told.append(jobs.asked[-1].args["model"]["changes"]["repair"])

    assert told == [plan.changes.repair, "auto"]


@pytest.mark.parametrize("digest", ["other", ""])
async def test_channels_of_another_content_of_the_file_are_refused(
    bench: Workbench, net: Project, digest: str
) -> None:
    channels = ChannelPruning(
        map=channel_examples.analysis().map,
        groups=(GroupLevel(id=GroupId("stem"), kept=8, order=tuple(range(16))),),
        model_digest=digest,
    )
    plan = examples.plan_of(channels)
    assert plan.changes.channels

    with pytest.raises(UsageError, match="another content") as caught:
        await bench.benchmarks.apply(net.id, plan, "out")

    assert caught.value.hint


async def test_a_benchmark_is_found_by_id_or_name(bench: Workbench, net: Project) -> None:
    project = replace(net, benchmarks=(examples.benchmark_run(),))

    assert bench.benchmarks.find(project, "b1") == bench.benchmarks.find(project, "benchmark")
    with pytest.raises(UsageError, match="Known: benchmark"):
        bench.benchmarks.find(project, "gone")


@pytest.mark.parametrize(("text", "counts"), [("1,8", (1, 8)), (" 2 , 2,", (2,))])
def test_counts_are_read_from_text(bench: Workbench, text: str, counts: tuple[int, ...]) -> None:
    assert bench.benchmarks.counts_from(text) == counts
    assert bench.benchmarks.check_counts(text) is None


@pytest.mark.parametrize("text", ["", ",", "0", "-1", "one", "1.5", "1;2"])
def test_text_that_is_no_count_is_said(bench: Workbench, text: str) -> None:
    assert bench.benchmarks.check_counts(text)


def test_engines_are_read_from_text(bench: Workbench) -> None:
    assert bench.benchmarks.engines_from("onnxruntime, onnxruntime") == ("onnxruntime",)
    assert bench.benchmarks.check_engines("torch")
    assert bench.benchmarks.check_engines("")


class Crashing:
    """A benchmark of four cases, some of which end their process; or the user does."""

    def __init__(self, *crashing: int, cancelled_at: int | None = None) -> None:
        self.crashing = crashing
        self.cancelled_at = cancelled_at
        self.begun: list[int] = []

    async def __call__(self, spec: JobSpec, _progress: object, on_partial: Any) -> Any:
        if spec.kind != "benchmark":
            return await FakeJobs(answers={"inspect": read_as()})(spec)
        so_far = spec.args["so_far"]
        run = value_from(so_far, BenchmarkRun) if so_far else fresh(spec.args["name"])
        self.begun.append(run.cases_done)
        for at in range(run.cases_done, len(run.cases)):
            on_partial(document_from(run))
            if at in self.crashing:
                raise JobError("The model crashed the runtime (SIGSEGV); contained.")
            if at == self.cancelled_at:
                raise asyncio.CancelledError
            run = replace(run, runs=(*run.runs, measured(run, at)), cases_done=at + 1)
        on_partial(document_from(run))
        return document_from(run)


def fresh(name: str) -> BenchmarkRun:
    cases = tuple(Case(batch=batch, threads=1) for batch in (1, 2, 4, 8))
    return examples.benchmark_run(
        id="new", name=name, cases=cases, models=(), runs=(), comparisons=()
    )


def measured(run: BenchmarkRun, at: int) -> Run:
    return examples.run_of(f"original {run.cases[at].label}", batch=run.cases[at].batch)


async def crashing_bench(tmp_path: Path, jobs: Any) -> tuple[Workbench, Project]:
    (tmp_path / "net.onnx").write_text("one")
    bench = Workbench(tmp_path / "home", run=jobs)
    return bench, await bench.projects.create(tmp_path / "net.onnx")


async def test_behind_a_case_that_ends_its_process_a_fresh_one_goes_on(tmp_path: Path) -> None:
    jobs = Crashing(1)
    bench, net = await crashing_bench(tmp_path, jobs)

    run = await bench.benchmarks.run(net.id, BenchmarkRequest())

    assert [one.label for one in run.runs] == ["original b1 t1", "original b4 t1", "original b8 t1"]
    assert run.problems == ("b2 t1: The model crashed the runtime (SIGSEGV); contained.",)
    assert run.is_complete
    assert jobs.begun == [0, 2]
    assert bench.projects.load(net.id).benchmarks == (run,)


@pytest.mark.parametrize(
    ("crashing", "labels"),
    [
        ((3,), ["original b1 t1", "original b2 t1", "original b4 t1"]),
        ((0, 1, 2), ["original b8 t1"]),
    ],
)
async def test_the_first_and_the_last_case_may_end_their_process_too(
    tmp_path: Path, crashing: tuple[int, ...], labels: list[str]
) -> None:
    bench, net = await crashing_bench(tmp_path, Crashing(*crashing))

    run = await bench.benchmarks.run(net.id, BenchmarkRequest())

    assert [one.label for one in run.runs] == labels
    assert len(run.problems) == len(crashing)
    assert bench.projects.load(net.id).benchmarks == (run,)


async def test_where_every_case_ends_its_process_nothing_is_stored(tmp_path: Path) -> None:
    jobs = Crashing(0, 1, 2, 3)
    bench, net = await crashing_bench(tmp_path, jobs)

    with pytest.raises(JobError, match="SIGSEGV"):
        await bench.benchmarks.run(net.id, BenchmarkRequest())

    assert jobs.begun == [0, 1, 2, 3]
    assert bench.projects.load(net.id).benchmarks == ()


async def test_a_job_that_ends_before_its_first_case_is_not_begun_again(
    bench: Workbench, jobs: FakeJobs, net: Project
) -> None:
    jobs.answers["benchmark"] = JobError("The job was killed.")

    with pytest.raises(JobError, match="killed"):
        await bench.benchmarks.run(net.id, BenchmarkRequest())

    assert [spec.kind for spec in jobs.asked].count("benchmark") == 1


async def test_what_is_cancelled_keeps_its_finished_cases(tmp_path: Path) -> None:
    bench, net = await crashing_bench(tmp_path, Crashing(cancelled_at=3))
    told: list[BenchmarkRun] = []

    with pytest.raises(asyncio.CancelledError):
        await bench.benchmarks.run(net.id, BenchmarkRequest(), on_partial=told.append)

    (kept,) = bench.projects.load(net.id).benchmarks
    assert [one.label for one in kept.runs] == [
        "original b1 t1",
        "original b2 t1",
        "original b4 t1",
    ]
    assert [one.cases_done for one in told] == [1, 2, 3]
    assert told[-1] == kept


async def test_what_is_cancelled_in_its_first_case_leaves_nothing(tmp_path: Path) -> None:
    bench, net = await crashing_bench(tmp_path, Crashing(cancelled_at=0))

    with pytest.raises(asyncio.CancelledError):
        await bench.benchmarks.run(net.id, BenchmarkRequest())

    assert bench.projects.load(net.id).benchmarks == ()


async def test_a_name_and_notes_given_meanwhile_stay(tmp_path: Path) -> None:
    bench, net = await crashing_bench(tmp_path, Crashing())

    def rename(run: BenchmarkRun) -> None:
        if run.cases_done == 1:
            bench.projects.rename_item(net.id, run.id, "mine")
            bench.projects.annotate_item(net.id, run.id, "on mains power")

    run = await bench.benchmarks.run(net.id, BenchmarkRequest(), on_partial=rename)

    assert (run.name, run.notes, run.cases_done) == ("mine", "on mains power", 4)
    assert bench.projects.load(net.id).benchmarks == (run,)


@pytest.mark.parametrize("case", [1, 4])
async def test_one_that_is_deleted_while_it_is_measured_stays_deleted(
    tmp_path: Path, case: int
) -> None:
    bench, net = await crashing_bench(tmp_path, Crashing())

    def delete(run: BenchmarkRun) -> None:
        if run.cases_done == case:
            bench.projects.delete_item(net.id, run.id)

    with pytest.raises(CancelledJobError, match="was deleted while it was measured"):
        await bench.benchmarks.run(net.id, BenchmarkRequest(), on_partial=delete)

    assert bench.projects.load(net.id).benchmarks == ()


async def test_a_job_that_ends_before_it_goes_on_ends_the_benchmark(tmp_path: Path) -> None:
    jobs = Crashing(1)

    async def only_once(spec: JobSpec, progress: object, on_partial: Any) -> Any:
        if jobs.begun:
            jobs.begun.append(-1)
            raise JobError("The job was killed.")
        return await jobs(spec, progress, on_partial)

    bench, net = await crashing_bench(tmp_path, only_once)

    with pytest.raises(JobError, match="killed"):
        await bench.benchmarks.run(net.id, BenchmarkRequest())

    assert jobs.begun == [0, -1]
    (kept,) = bench.projects.load(net.id).benchmarks
    assert (len(kept.runs), kept.cases_done) == (1, 2)
    assert kept.problems == ("b2 t1: The model crashed the runtime (SIGSEGV); contained.",)
