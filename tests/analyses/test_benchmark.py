from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sparsify_tui.analyses import clock
from sparsify_tui.analyses.benchmark import (
    benchmark_optimization,
    compressed_size,
    measure_metric,
)
from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.project import BenchmarkRun
from sparsify_tui.engines.ort import OnnxRuntime, OrtSession
from sparsify_tui.errors import UsageError
from tests.analyses.fakes import finished, options
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


def benchmark(path: Path, cases: list[list[int]], level: float = 0.5) -> BenchmarkRun:
    run: BenchmarkRun = finished(
        benchmark_optimization(
            options=options(path, threads=1),
            levels={"a": level},
            label="half",
            name="try",
            cases=cases,
            seconds=0.02,
        )
    )
    return run


def test_each_case_is_a_pair_of_runs_and_a_comparison(tmp_path: Path) -> None:
    run = benchmark(saved(two_layers(), tmp_path / "m.onnx"), [[1, 1], [4, 1]])

    assert [one.label for one in run.runs] == [
        "original b1 t1",
        "half b1 t1",
        "original b4 t1",
        "half b4 t1",
    ]
    assert [(one.a, one.b) for one in run.comparisons] == [
        ("original b1 t1", "half b1 t1"),
        ("original b4 t1", "half b4 t1"),
    ]
    assert run.sparsity == pytest.approx(16 / 56)
    assert run.metric is not None
    assert run.metric.name == "agreement"


def test_zeros_show_in_the_compressed_size_alone(tmp_path: Path) -> None:
    path = saved_external(two_layers(), tmp_path / "m.onnx")
    dense, sparse = (benchmark(path, [[1, 1]], level) for level in (0.0, 0.95))

    assert sparse.compressed_bytes < dense.compressed_bytes == dense.original_compressed_bytes
    assert sparse.file_bytes == dense.file_bytes


def test_the_batch_is_checked_before_anything_is_measured(tmp_path: Path) -> None:
    path = saved(fixed_batch(), tmp_path / "m.onnx")

    with pytest.raises(UsageError, match="fixed at 2"):
        benchmark(path, [[1, 1], [3, 1]], level=0.0)
    assert {run.batch for run in benchmark(path, [[1, 1]], level=0.0).runs} == {2}


@pytest.fixture
def labelled(tmp_path: Path) -> Opened:
    """A model with data whose labels it gets wrong in one case of four."""
    path, data = saved(two_layers(), tmp_path / "m.onnx"), tmp_path / "d.npz"
    x = np.random.default_rng(1).standard_normal((100, 4)).astype(np.float32)
    np.savez(data, x=x)
    opened = open_model(RunOptions(path=str(path), data=str(data)))
    (outputs,) = opened.engine.open(path, threads=1).run({"x": x})
    labels = outputs.argmax(axis=1)
    labels[::4] = (labels[::4] + 1) % 3
    np.savez(data, x=x, labels=labels)
    return open_model(RunOptions(path=str(path), data=str(data)))


def test_labels_make_the_metric_top_1_over_all_samples(labelled: Opened, tmp_path: Path) -> None:
    negated = saved(two_layers(scale=-1.0), tmp_path / "changed.onnx")

    same = measure_metric(labelled, Path(labelled.options.path))
    worse = measure_metric(labelled, negated)

    assert same is not None
    assert (same.name, same.before, same.after) == ("top-1", 0.75, 0.75)
    assert worse is not None
    assert worse.before == 0.75
    assert worse.after < 0.5


def test_outputs_that_are_not_finite_have_no_metric(tmp_path: Path) -> None:
    path = saved(divides_by_its_norm(), tmp_path / "m.onnx")
    run = finished(
        benchmark_optimization(
            options=options(path),
            levels={"fc.weight": 0.999},
            label="nothing",
            name="left",
            cases=[[1, 1]],
            seconds=0.02,
        )
    )

    assert run.metric is None


def test_the_compressed_size_is_that_of_deflate(tmp_path: Path) -> None:
    content = b"ab" * 3_000_000
    (tmp_path / "one").write_bytes(content)

    deflate = zlib.compressobj(level=1)
    wanted = len(deflate.compress(content) + deflate.flush())
    assert compressed_size(tmp_path) == pytest.approx(wanted, rel=0.01)
    (tmp_path / "two").write_bytes(content)
    assert compressed_size(tmp_path) == pytest.approx(2 * wanted, rel=0.01)


def test_both_sessions_of_a_comparison_are_quiet_between_their_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_turn: list[bool] = []
    opening = OnnxRuntime.open

    def watched_open(engine: OnnxRuntime, file: Path, **how: Any) -> OrtSession:
        in_turn.append(how.get("in_turn", False))
        return opening(engine, file, **how)

    monkeypatch.setattr(OnnxRuntime, "open", watched_open)
    benchmark(saved(two_layers(), tmp_path / "m.onnx"), [[1, 1]])

    assert in_turn[:2] == [True, True]
