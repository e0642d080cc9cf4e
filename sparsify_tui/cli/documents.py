"""What commands answer with, as the command contract fixes its keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sparsify_tui.codec import document_from
from sparsify_tui.core.estimate import Estimate
from sparsify_tui.core.model import Layer, Model
from sparsify_tui.core.project import (
    AppliedModel,
    BenchmarkRun,
    Comparison,
    MeasuredModel,
    Run,
)
from sparsify_tui.core.repaired import CutGroup, Repaired
from sparsify_tui.core.runs import Beside
from sparsify_tui.core.timing import Timing

_TIMING = ("median_ms", "low_ms", "high_ms", "p90_ms", "p99_ms", "items_per_s", "runs", "trusted")
_LAYER = ("id", "node", "op_type", "weight", "module_path", "params", "flops")
_LAYER_REST = ("prunable", "quantizable", "density", "group", "scope", "dtype", "quantized")


def model_document(model: Model) -> dict[str, Any]:
    """MODEL, with its layers and warnings."""
    head = {
        name: getattr(model, name)
        for name in (
            "path",
            "sha256",
            "bytes",
            "opset",
            "ir_version",
            "producer",
            "params",
            "flops",
            "precision",
        )
    }
    return {
        "model": {
            **head,
            "inputs": [document_from(spec) for spec in model.inputs],
            "outputs": [document_from(spec) for spec in model.outputs],
            "assumed": [document_from(spec) for spec in model.assumed],
            "unreached_params": model.unreached_params,
        },
        "layers": [layer_document(layer) for layer in model.layers],
        "warnings": list(model.warnings),
    }


def layer_document(layer: Layer) -> dict[str, Any]:
    """LAYER."""
    head = {name: getattr(layer, name) for name in _LAYER}
    rest = {name: getattr(layer, name) for name in _LAYER_REST}
    return {**head, "shape": list(layer.shape), **rest, "users": list(layer.users)}


def timing_document(timing: Timing) -> dict[str, Any]:
    """TIMING."""
    head = {name: getattr(timing, name) for name in _TIMING}
    return {**head, "min_ms": timing.min_ms, "reasons": list(timing.reasons)}


def estimate_document(estimate: Estimate) -> dict[str, Any]:
    """EST."""
    return document_from(estimate)


def benchmark_document(run: BenchmarkRun) -> dict[str, Any]:
    """Answer of `benchmark`."""
    first = run.models[0] if run.models else None
    return {
        "benchmark": run.id,
        "name": run.name,
        "created": run.created,
        "notes": run.notes,
        "environment": document_from(run.environment),
        "inputs": run.inputs,
        "request": None if run.request is None else document_from(run.request),
        "bytes": {"original": run.original_bytes, "compressed": run.original_compressed_bytes},
        "runs": [run_document(one) for one in run.runs],
        "comparisons": [comparison_document(one) for one in run.comparisons],
        "metric": document_from(first.metric) if first and first.metric else None,
        "models": [model_of_benchmark(one) for one in run.models],
        "problems": list(run.problems),
        "cases": {"done": run.cases_done, "total": len(run.cases), "complete": run.is_complete},
    }


def run_document(run: Run) -> dict[str, Any]:
    """One model in one case."""
    names = ("label", "optimization", "engine", "batch", "threads", "streams")
    costs = ("cold_ms", "load_ms", "peak_bytes", "predicted_ms")
    return {
        **{name: getattr(run, name) for name in names},
        "timing": timing_document(run.timing),
        **{name: getattr(run, name) for name in costs},
        "environment": None if run.environment is None else document_from(run.environment),
    }


def model_of_benchmark(model: MeasuredModel) -> dict[str, Any]:
    """One optimization: what it holds, how good it is, and whether it may be called one."""
    return {
        "optimization": model.optimization,
        "sparsity": model.sparsity,
        "int8_layers": model.int8_layers,
        "bytes": {"file": model.file_bytes, "compressed": model.compressed_bytes},
        "metrics": [document_from(one) for one in model.metrics],
        "channels": list(map(cut_document, model.channels)),
        "repaired": list(map(repaired_document, model.repaired)),
        "optimized": not model.note,
        "note": model.note,
    }


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """Two runs, the ratio of their medians, and what may be said of it."""
    return {
        "a": comparison.a,
        "b": comparison.b,
        "ratio": estimate_document(comparison.ratio),
        "verdict": comparison.verdict,
    }


def beside_document(rows: Sequence[Beside], warnings: Sequence[str]) -> dict[str, Any]:
    """Runs of benchmarks beside the first of them."""
    return {
        "runs": [
            {
                "benchmark": row.chosen.benchmark.id,
                "name": row.chosen.benchmark.name,
                **run_document(row.chosen.run),
                "ratio": estimate_document(row.ratio),
                "in_turn": row.is_in_turn,
            }
            for row in rows
        ],
        "warnings": list(warnings),
    }


def cut_document(group: CutGroup) -> dict[str, Any]:
    """A group of channels that lost some."""
    return {"group": group.id, "kind": group.kind, "size": group.size, "kept": group.kept}


def repaired_document(repaired: Repaired) -> dict[str, Any]:
    """One repair: what held-out samples said of it, and whether it was kept."""
    return {
        "what": repaired.what,
        "kept": repaired.is_kept,
        "error": {"before": repaired.before, "after": repaired.after},
        "layers": list(repaired.layers),
        "left": [{"id": layer, "reason": reason} for layer, reason in repaired.left],
        "cause": repaired.cause,
        "samples": repaired.samples,
    }


def applied_document(applied: AppliedModel) -> dict[str, Any]:
    """Answer of `apply`."""
    return {
        "file": applied.file,
        "bytes": applied.bytes,
        "layers": [
            {
                "id": layer.id,
                "sparsity": layer.sparsity,
                "quantized": layer.id in applied.int8,
                "shape": list(layer.shape),
            }
            for layer in applied.layers
        ],
        "channels": list(map(cut_document, applied.channels)),
        "repaired": list(map(repaired_document, applied.repaired)),
        "output_error": applied.output_error,
        "inputs": applied.source,
        "calibration": applied.calibration,
        "repairs": list(applied.repairs),
        "comparison": (
            None if applied.comparison is None else comparison_document(applied.comparison)
        ),
        "optimized": applied.is_optimized,
    }
