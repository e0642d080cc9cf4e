from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sparsify_tui.codec import value_from
from sparsify_tui.core.cases import BenchmarkRequest, ChangedModel
from sparsify_tui.core.modifiers import Quantization
from sparsify_tui.core.project import AppliedModel, DataSet, Project
from sparsify_tui.errors import JobError, UsageError
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.jobs import JOB_KINDS
from tests.core import examples
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
