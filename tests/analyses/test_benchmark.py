from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import pytest

from sparsify_tui.analyses import benchmark as module
from sparsify_tui.analyses import clock, turns
from sparsify_tui.analyses.benchmark import benchmark_models, compressed_size
from sparsify_tui.codec import document_from
from sparsify_tui.core.cases import BenchmarkRequest, ChangedModel, Prediction
from sparsify_tui.core.changes import Changes
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.project import BenchmarkRun
from sparsify_tui.core.protocols import Engine, Partial, Progress
from sparsify_tui.engines import engine_of
from sparsify_tui.engines.ort import OnnxRuntime, OrtSession
from sparsify_tui.errors import ModelError, UsageError
from tests.analyses.fakes import finished, options, watched
from tests.analyses.models import (
    divides_by_its_norm,
    fixed_batch,
    saved,
    saved_external,
    two_layers,
)


@pytest.fixture(autouse=True)
def _short_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "WARM_UP_S", 0.01)
    monkeypatch.setattr(clock, "MOST_WARM_UP_S", 0.05)


def pruned(name: str, level: float, layer: str = "a", **more: Any) -> ChangedModel:
    levels = ((LayerId(layer), level),) if level else ()
    return ChangedModel(name=name, changes=Changes(levels=levels), **more)


def asked(path: Path, *models: ChangedModel, **request: Any) -> dict[str, Any]:
    fields = {"threads": (1,), "seconds": 0.02} | request
    return {
        "options": options(path, threads=1),
        "models": [document_from(model) for model in models],
        "request": document_from(BenchmarkRequest(**fields)),
        "name": "try",
    }


def benchmark(path: Path, *models: ChangedModel, **request: Any) -> BenchmarkRun:
    run: BenchmarkRun = finished(benchmark_models(**asked(path, *models, **request)))
    return run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return saved(two_layers(), tmp_path / "m.onnx")


def test_every_case_has_the_original_and_all_optimizations_each_compared_with_it(
    path: Path,
) -> None:
    run = benchmark(path, pruned("half", 0.5), pruned("most", 0.9), batches=(1, 4))

    assert [one.label for one in run.runs] == [
        f"{name} b{batch} t1" for batch in (1, 4) for name in ("original", "half", "most")
    ]
    assert [(one.a, one.b) for one in run.comparisons] == [
        (f"original b{batch} t1", f"{name} b{batch} t1")
        for batch in (1, 4)
        for name in ("half", "most")
    ]
    assert [one.sparsity for one in run.models] == pytest.approx([16 / 56, 29 / 56], abs=0.01)
    assert [one.metrics[0].name for one in run.models] == ["agreement"] * 2


def test_each_run_carries_what_it_cost_and_where_it_ran(path: Path) -> None:
    run = benchmark(path, pruned("half", 0.5))

    for one in run.runs:
        assert one.load_ms is not None
        assert one.load_ms > 0
        assert one.cold_ms is not None
        assert one.cold_ms > 0
        assert one.environment is not None
        assert (one.environment.threads, one.environment.engine) == (1, "onnxruntime")
        assert one.peak_bytes is None or one.peak_bytes >= 0


def test_without_an_optimization_the_original_is_measured_alone(path: Path) -> None:
    run = benchmark(path, batches=(1, 2), threads=(1, 2))

    assert [one.label for one in run.runs] == [
        "original b1 t1", "original b1 t2", "original b2 t1", "original b2 t2",
    ]  # fmt: skip
    assert run.comparisons == run.models == ()


def test_several_streams_are_a_case_of_their_own(path: Path) -> None:
    run = benchmark(path, pruned("half", 0.5), streams=(1, 3))

    assert [(one.label, one.streams) for one in run.runs] == [
        ("original b1 t1", 1), ("half b1 t1", 1), ("original b1 t1 s3", 3), ("half b1 t1 s3", 3),
    ]  # fmt: skip


def test_names_that_are_the_same_are_told_apart(path: Path) -> None:
    run = benchmark(path, pruned("half", 0.5), pruned("half", 0.6), pruned("original", 0.7))

    assert [one.label for one in run.runs] == [
        "original b1 t1", "half b1 t1", "half (2) b1 t1", "original (2) b1 t1",
    ]  # fmt: skip
    assert len({one.b for one in run.comparisons}) == 3


def test_a_prediction_stands_beside_the_case_it_was_made_for(path: Path) -> None:
    half = pruned("half", 0.5, prediction=Prediction(batch=4, threads=1, ms=7.0))
    run = benchmark(path, half, batches=(1, 4))

    assert [one.predicted_ms for one in run.runs] == [None, None, None, 7.0]


def test_the_time_left_is_that_of_the_whole_queue(path: Path) -> None:
    seen, _ = watched(benchmark_models(**asked(path, batches=(1, 2, 3))))

    queue = [one for one in seen if isinstance(one, Progress) and one.total == 3]
    assert {one.done for one in queue} == {0, 1, 2}
    lefts = [one.left_s for one in queue if one.left_s is not None]
    assert lefts[0] > lefts[-1]


def test_zeros_show_in_the_compressed_size_alone(tmp_path: Path) -> None:
    path = saved_external(two_layers(), tmp_path / "m.onnx")
    run = benchmark(path, pruned("dense", 0.0), pruned("sparse", 0.95))
    dense, sparse = run.models

    assert sparse.compressed_bytes < dense.compressed_bytes == run.original_compressed_bytes
    assert sparse.file_bytes == dense.file_bytes == run.original_bytes


def test_what_is_not_faster_carries_a_note(path: Path) -> None:
    (same,) = benchmark(path, pruned("same", 0.5)).models

    assert same.note


def test_the_batch_is_checked_before_anything_is_measured(tmp_path: Path) -> None:
    path = saved(fixed_batch(), tmp_path / "m.onnx")

    with pytest.raises(UsageError, match="fixed at 2"):
        benchmark(path, batches=(1, 3))
    (run,) = benchmark(path, batches=(1, 2)).runs
    assert run.batch == 2


def test_outputs_that_are_not_finite_have_no_metric(tmp_path: Path) -> None:
    path = saved(divides_by_its_norm(), tmp_path / "m.onnx")
    run = benchmark(path, pruned("left", 0.999, "fc.weight"))

    assert run.models[0].metrics == ()


def test_the_compressed_size_is_that_of_deflate(tmp_path: Path) -> None:
    content = b"ab" * 3_000_000
    (tmp_path / "one").write_bytes(content)

    deflate = zlib.compressobj(level=1)
    wanted = len(deflate.compress(content) + deflate.flush())
    assert compressed_size(tmp_path) == pytest.approx(wanted, rel=0.01)
    (tmp_path / "two").write_bytes(content)
    assert compressed_size(tmp_path) == pytest.approx(2 * wanted, rel=0.01)


def test_sessions_of_a_comparison_are_quiet_between_their_turns(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_turn: list[bool] = []
    opening = OnnxRuntime.open

    def watched_open(engine: OnnxRuntime, file: Path, **how: Any) -> OrtSession:
        in_turn.append(how.get("in_turn", False))
        return opening(engine, file, **how)

    monkeypatch.setattr(OnnxRuntime, "open", watched_open)
    benchmark(path, pruned("half", 0.5))

    assert in_turn.count(True) == 2


class Refusing(OnnxRuntime):
    """A second engine, which runs the original but no other file."""

    def open(self, path: Path, **how: Any) -> OrtSession:
        if path.name == "model.onnx":
            raise ModelError("No kernel for it.")
        return super().open(path, **how)


@pytest.fixture
def _two_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    engines: dict[str, Engine] = {
        "onnxruntime": engine_of(),
        "second": Refusing("second", "CPUExecutionProvider"),
    }
    monkeypatch.setattr(module, "engine_of", engines.__getitem__)


@pytest.mark.usefixtures("_two_engines")
def test_engines_are_compared_too_and_a_refusal_is_told(path: Path) -> None:
    run = benchmark(path, pruned("half", 0.5), engines=("onnxruntime", "second"))

    assert [one.label for one in run.runs] == [
        "original onnxruntime b1 t1", "half onnxruntime b1 t1", "original second b1 t1",
    ]  # fmt: skip
    assert [(one.a, one.b) for one in run.comparisons] == [
        ("original onnxruntime b1 t1", "half onnxruntime b1 t1"),
        ("original onnxruntime b1 t1", "original second b1 t1"),
    ]
    assert run.problems == ("half b1 t1 in second: No kernel for it.",)


def kept_by(path: Path, *models: ChangedModel, **request: Any) -> list[BenchmarkRun]:
    """What a benchmark yields of itself on its way."""
    seen, _ = watched(benchmark_models(**asked(path, *models, **request)))
    return [one.value for one in seen if isinstance(one, Partial)]


def test_each_case_is_handed_on_when_it_is_over_scored_and_judged(path: Path) -> None:
    kept = kept_by(path, pruned("half", 0.5), batches=(1, 2))

    assert [(one.cases_done, len(one.runs), len(one.comparisons)) for one in kept] == [
        (0, 0, 0), (1, 2, 1), (2, 4, 2),
    ]  # fmt: skip
    assert [case.label for case in kept[0].cases] == ["b1 t1", "b2 t1"]
    assert all(one.models[0].metrics for one in kept)
    assert all(one.models[0].note for one in kept), "not optimized until it is shown to be"
    assert [one.is_complete for one in kept] == [False, False, True]
    assert len({one.id for one in kept}) == 1


def test_what_ended_early_goes_on_behind_its_cases(path: Path) -> None:
    half = pruned("half", 0.5)
    first = kept_by(path, half, batches=(1, 2, 3))[1]
    seen, last = watched(
        benchmark_models(**asked(path, half, batches=(1, 2, 3)), so_far=document_from(first))
    )

    assert last.runs[:2] == first.runs
    assert [one.label for one in last.runs[2:]] == [
        "original b2 t1", "half b2 t1", "original b3 t1", "half b3 t1",
    ]  # fmt: skip
    assert (last.id, last.created, last.is_complete) == (first.id, first.created, True)
    assert last.models[0].metrics == first.models[0].metrics
    assert {one.done for one in seen if isinstance(one, Progress) and one.total == 3} == {1, 2}


class TooLarge(OnnxRuntime):
    """Runs nothing on more than one thread."""

    def open(self, path: Path, *, threads: int, **how: Any) -> OrtSession:
        if threads > 1:
            raise ModelError("It does not fit.")
        return super().open(path, threads=threads, **how)


@pytest.fixture
def _large(monkeypatch: pytest.MonkeyPatch) -> None:
    large = TooLarge("onnxruntime", "CPUExecutionProvider")
    monkeypatch.setattr(module, "engine_of", lambda _: large)


@pytest.mark.usefixtures("_large")
def test_a_case_that_fails_loses_no_other(path: Path) -> None:
    run = benchmark(path, pruned("half", 0.5), batches=(1, 2), threads=(2, 1))

    assert [one.label for one in run.runs] == [
        "original b1 t1", "half b1 t1", "original b2 t1", "half b2 t1",
    ]  # fmt: skip
    assert run.problems == ("b1 t2: It does not fit.", "b2 t2: It does not fit.")
    assert run.is_complete


@pytest.mark.usefixtures("_large")
def test_where_every_case_fails_the_benchmark_does(path: Path) -> None:
    with pytest.raises(ModelError, match="does not fit"):
        benchmark(path, batches=(1, 2), threads=(2,))


@pytest.mark.usefixtures("_two_engines")
def test_what_an_engine_refuses_is_not_called_optimized(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "judge", lambda *_, **__: "faster")

    (one,) = benchmark(path, pruned("half", 0.5)).models
    (two,) = benchmark(path, pruned("half", 0.5), engines=("onnxruntime", "second")).models

    assert one.note == ""
    assert two.note == "not shown to be faster: it did not run in every case"
