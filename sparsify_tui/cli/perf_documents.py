"""What `profile perf` answers with, as the command contract fixes its keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sparsify_tui.cli.channel_documents import by_share, channel_lines, channels_document
from sparsify_tui.cli.documents import timing_document
from sparsify_tui.codec import document_from
from sparsify_tui.core.best import accuracy_text, int8_speed_up
from sparsify_tui.core.lane import Int8Lane, Mix
from sparsify_tui.core.model import Model
from sparsify_tui.core.profile import LayerTime, PerfProfile
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.timing import trust_label
from sparsify_tui.core.units import format_interval, format_percent, format_rate


def perf_document(profile: PerfProfile) -> dict[str, Any]:
    """A measured profile; what was not measured is null."""
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
        "peak": None if profile.peak is None else document_from(profile.peak),
        "int8": None if profile.int8 is None else _lane_document(profile, profile.int8),
        "channels": None if profile.channels is None else channels_document(profile.channels),
        "layers": [_layer_document(row) for row in profile.layers],
        "other": [document_from(row) for row in profile.others],
    }


def flops_document(model: Model) -> dict[str, Any]:
    """The profile without any measurement."""
    rows = [
        _layer_document(LayerTime(id=layer.id, ms=None, share=None, flops=layer.flops))
        for layer in model.layers
    ]
    return {"profile": None, "environment": None, "total": None, "layers": rows, "other": []}


def perf_lines(profile: PerfProfile) -> Iterator[str]:
    """The profile in a few sentences."""
    yield f"{trust_label(profile.total)}, {format_rate(profile.total.items_per_s)}"
    yield f"{format_percent(profile.coverage)} of the prunable layers have a time"
    if profile.peak is not None:
        yield (
            f"peak of this machine: {profile.peak.gflops:.0f} GFLOP/s, "
            f"{profile.peak.gbytes_per_s:.1f} GB/s"
        )
    if profile.int8 is not None:
        yield from _int8_lines(profile, profile.int8)
    if profile.channels is not None:
        yield from channel_lines(profile.channels)


def _int8_lines(profile: PerfProfile, lane: Int8Lane) -> Iterator[str]:
    ratio = int8_speed_up(profile)
    if ratio is None or lane.total is None:
        yield f"int8: {clean_text(lane.refused, 400)}"
        return
    yield (
        f"int8 in all {len(lane.layers)} layers that can: {trust_label(lane.total)}, "
        f"{format_interval(ratio.value, ratio.low, ratio.high)} as fast; "
        f"calibrated on {clean_text(lane.calibration)}"
    )
    yield accuracy_text(lane)
    yield from (f"int8 copy: {clean_text(repair, 400)}" for repair in lane.repairs)


def _layer_document(row: LayerTime) -> dict[str, Any]:
    return {
        "id": row.id,
        "ms": row.ms,
        "share": row.share,
        "flops": row.flops,
        "bytes": row.bytes,
        "gflops": row.gflops,
        "intensity": row.intensity,
        "kernel": row.kernel,
        "int8_ms": row.int8_ms,
        "int8_kernel": row.int8_kernel,
        "int8_note": row.int8_note,
        "channel_ms": by_share(row.channel_ms) if row.channel_ms else None,
    }


def _lane_document(profile: PerfProfile, lane: Int8Lane) -> dict[str, Any]:
    return {
        "refused": lane.refused or None,
        "total": None if lane.total is None else timing_document(lane.total),
        "float_ms": lane.float_ms,
        "calibration": lane.calibration,
        "repairs": list(lane.repairs),
        "layers": list(lane.layers),
        "element_ns": lane.element_ns,
        "share_ms": lane.share_ms,
        "mixes": [_mix_document(mix) for mix in lane.mixes],
        "median_error": lane.median_error,
        "batch": profile.batch,
    }


def _mix_document(mix: Mix) -> dict[str, Any]:
    return {**document_from(mix), "error": mix.error}
