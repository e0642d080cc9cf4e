"""What commands answer with, as the command contract fixes its keys."""

from __future__ import annotations

from typing import Any

from sparsify_tui.codec import document_from
from sparsify_tui.core.estimate import Estimate, Outlook
from sparsify_tui.core.model import Layer, Model
from sparsify_tui.core.optimization import Optimization, reached_sparsity
from sparsify_tui.core.profile import LossProfile, PerfProfile
from sparsify_tui.core.project import BenchmarkRun, Comparison, Project
from sparsify_tui.core.timing import Timing

_TIMING = ("median_ms", "low_ms", "high_ms", "p90_ms", "p99_ms", "items_per_s", "runs", "trusted")
_LAYER = ("id", "node", "op_type", "weight", "module_path", "params", "flops")
_LAYER_REST = ("prunable", "quantizable", "density", "group")


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


def perf_document(profile: PerfProfile) -> dict[str, Any]:
    """Answer of `profile perf`."""
    rows = [
        {"id": row.id, "ms": row.ms, "share": row.share, "int8_ms": None, "channel_ms": None}
        for row in profile.layers
    ]
    return {
        "profile": profile.id,
        "name": profile.name,
        "created": profile.created,
        "environment": document_from(profile.environment),
        "batch": profile.batch,
        "threads": profile.environment.threads,
        "inputs": profile.inputs,
        "total": timing_document(profile.total),
        "cold_ms": profile.cold_ms,
        "coverage": profile.coverage,
        "profiler_cost_ms": profile.profiler_cost_ms,
        "measured_ms": profile.measured_ms,
        "not_attributed_ms": profile.not_attributed_ms,
        "layers": rows,
        "other": [document_from(row) for row in profile.others],
    }


def loss_document(profile: LossProfile) -> dict[str, Any]:
    """Answer of `profile loss`."""
    rows = [
        {
            "id": row.id,
            "weight": row.weight,
            "status": row.status,
            "sensitivity": dict(zip(map(str, profile.levels), row.values, strict=False)) or None,
            "quantization": None,
            "reason": row.reason,
        }
        for row in profile.layers
    ]
    return {
        "profile": profile.id,
        "name": profile.name,
        "created": profile.created,
        "method": profile.method,
        "metric": profile.metric,
        "meaning": "the shape of each layer's own curve; not a ranking across layers",
        "data": {"source": profile.source, "samples": profile.samples},
        "levels": list(profile.levels),
        "cpu_s": profile.cpu_s,
        "wall_s": profile.wall_s,
        "layers": rows,
    }


def plan_document(
    project: Project, plan: Optimization, outlook: Outlook, *, is_met: bool
) -> dict[str, Any]:
    """Answer of `optimize`."""
    pruning = plan.pruning
    return {
        "optimization": plan.id,
        "name": plan.name,
        "target": {"sparsity": pruning.target, "scope": pruning.scope},
        "met": is_met,
        "achieved": {"sparsity": reached_sparsity(plan, project.model)},
        "estimate": {
            name: estimate_document(getattr(outlook, name))
            for name in ("speed_up", "compression", "loss", "recovery")
        },
        "params": {"before": outlook.params, "after": outlook.remaining_params},
        "flops": {"before": outlook.flops, "after": outlook.remaining_flops},
        "layers": [
            {
                "id": one.id,
                "level": one.effective,
                "structure": pruning.structure,
                "quantized": False,
                "locked": one.locked,
            }
            for one in pruning.layers
        ],
        "modifiers": [type(one).__name__ for one in plan.modifiers],
        "problems": list(plan.problems()),
    }


def benchmark_document(run: BenchmarkRun) -> dict[str, Any]:
    """Answer of `benchmark`."""
    return {
        "benchmark": run.id,
        "name": run.name,
        "created": run.created,
        "environment": document_from(run.environment),
        "inputs": run.inputs,
        "sparsity": run.sparsity,
        "bytes": {
            "file": run.file_bytes,
            "compressed": run.compressed_bytes,
            "original_compressed": run.original_compressed_bytes,
        },
        "runs": [
            {
                "label": one.label,
                "engine": one.engine,
                "batch": one.batch,
                "threads": one.threads,
                "timing": timing_document(one.timing),
            }
            for one in run.runs
        ],
        "comparisons": [comparison_document(one) for one in run.comparisons],
        "metric": None if run.metric is None else document_from(run.metric),
    }


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """Two runs, the ratio of their medians, and what may be said of it."""
    return {
        "a": comparison.a,
        "b": comparison.b,
        "ratio": estimate_document(comparison.ratio),
        "verdict": comparison.verdict,
    }
