"""An optimization as commands answer with it: one JSON object, or lines and a table."""

from __future__ import annotations

from typing import Any

from sparsify_tui.cli.documents import estimate_document
from sparsify_tui.cli.plan_channels import (
    channel_lines,
    front_document,
    group_documents,
    search_document,
)
from sparsify_tui.cli.report import Table
from sparsify_tui.codec import document_from
from sparsify_tui.core.channels.shares import WHOLE
from sparsify_tui.core.estimate import Estimate, Outlook
from sparsify_tui.core.model import Model
from sparsify_tui.core.modifiers import ChannelPruning, LayerLevel, Pruning
from sparsify_tui.core.modifiers.pruning import SCOPES
from sparsify_tui.core.optimization import Optimization, changeable_layers, reached_sparsity
from sparsify_tui.core.placement import Placement
from sparsify_tui.core.project import Project
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.timing import Ratio
from sparsify_tui.core.units import (
    format_count,
    format_interval,
    format_ms,
    format_percent,
    format_ratio,
)
from sparsify_tui.workbench.plan_requests import CHANNEL

_LONG = 400


def plan_document(
    project: Project, plan: Optimization, outlook: Outlook, *, is_met: bool
) -> dict[str, Any]:
    """Answer of `optimize`."""
    channels = plan.channels
    return {
        "optimization": plan.id,
        "name": plan.name,
        "target": _target_document(plan),
        "met": is_met,
        "achieved": _achieved_document(project.model, plan),
        "estimate": {
            name: estimate_document(getattr(outlook, name))
            for name in ("speed_up", "compression", "loss", "recovery")
        },
        "params": {"before": outlook.params, "after": outlook.remaining_params},
        "flops": {"before": outlook.flops, "after": outlook.remaining_flops},
        "placement": _placement_document(plan.placement, project.model),
        "layers": _layer_documents(project.model, plan),
        "groups": group_documents(channels),
        "front": front_document(channels.found),
        "search": search_document(channels.found),
        "modifiers": [type(one).__name__ for one in plan.modifiers],
        "problems": list(plan.problems()),
    }


def _target_document(plan: Optimization) -> dict[str, Any]:
    pruning, channels = plan.find(Pruning), plan.find(ChannelPruning)
    if pruning is not None:
        return {"sparsity": pruning.target, "scope": pruning.scope}
    is_spread = channels is not None and channels.found is None
    return {
        "sparsity": channels.target if channels is not None and is_spread else None,
        "scope": SCOPES[0] if is_spread else None,
    }


def _achieved_document(model: Model, plan: Optimization) -> dict[str, float]:
    """Zeros among the prunable weights; of a plan that only cuts, the share of units that go."""
    channels = plan.find(ChannelPruning)
    if channels is None:
        return {"sparsity": reached_sparsity(plan, model)}
    has_zeros = plan.find(Pruning) is not None
    return {
        "sparsity": reached_sparsity(plan, model) if has_zeros else channels.share,
        "channels": channels.share,
    }


def _layer_documents(model: Model, plan: Optimization) -> list[dict[str, Any]]:
    choices, channels, shares = _choices(plan), plan.find(ChannelPruning), plan.channels.shares
    rows = []
    for layer in changeable_layers(model):
        choice = choices.get(layer.id)
        is_cut = channels is not None and not (choice and choice.effective)
        level = choice.effective if choice else 0.0
        rows.append(
            {
                "id": layer.id,
                "level": plan.channels.level_of(layer.id) if is_cut else level,
                "structure": CHANNEL if is_cut else plan.pruning.structure,
                "weights_left": shares.get(layer.id, WHOLE).weights,
                "quantized": layer.id in plan.quantized,
                "locked": choice is not None and choice.locked,
            }
        )
    return rows


def _placement_document(found: Placement | None, model: Model) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "chosen": len(found.changes.int8),
        "total": sum(1 for layer in model.layers if layer.quantizable),
        "cause": found.cause,
        "float_form": found.float_form,
        "ratio": _ratio_document(found.ratio),
        "speed_up": _ratio_document(found.speed_up),
        "passes": [_ratio_document(one) for one in found.passes],
        "raced": [document_from(one) for one in found.raced],
        "metric": found.metric,
        "calibration": found.calibration,
        "repairs": list(found.repairs),
        "predicted_ms": found.predicted_ms,
        "measured_ms": found.measured_ms,
        "batch": found.batch,
        "threads": found.threads,
    }


def _ratio_document(ratio: Ratio | None) -> dict[str, Any] | None:
    return None if ratio is None else document_from(ratio)


def plan_lines(plan: Optimization, outlook: Outlook, *, is_met: bool) -> list[str]:
    """What an optimization brings, each figure with its basis."""
    cause = "too much is locked or off, or no width is so near"
    missed = f"target {format_percent(_target(plan))} not reached: {cause}"
    return [
        (
            f"{clean_text(plan.name)}: {format_percent(outlook.sparsity)} of prunable weights "
            f"zero, {outlook.int8_layers} layers int8"
        ),
        (
            f"parameters {format_count(outlook.params)} → "
            f"{format_count(outlook.remaining_params)}, "
            f"compression of their bytes {format_ratio(outlook.compression.value)} "
            f"{outlook.compression.basis}"
        ),
        (
            f"FLOPs on non-zero weights {format_count(outlook.flops)} → "
            f"{format_count(outlook.remaining_flops)}"
        ),
        f"speed-up on onnxruntime {_speed_up(outlook.speed_up)}",
        *(clean_text(line, _LONG) for line in channel_lines(plan.channels)),
        *(_placement_lines(plan.placement) if plan.placement else ()),
        *(() if is_met or plan.channels.found else (missed,)),
        *(f"problem: {problem}" for problem in plan.problems()),
    ]


def _target(plan: Optimization) -> float:
    pruning = plan.find(Pruning)
    return pruning.target if pruning else plan.channels.target


def _speed_up(estimate: Estimate) -> str:
    note = f": {clean_text(estimate.note, _LONG)}" if estimate.note else ""
    ratio = format_interval(estimate.value, estimate.low, estimate.high)
    return f"{ratio} {estimate.basis}{note}"


def _placement_lines(found: Placement) -> list[str]:
    """What the search for int8 found, and what that rests on."""
    lines = []
    if not found.changes.int8:
        lines.append(f"nothing became int8: {found.cause}")
    elif found.cause:
        lines.append(f"int8: {found.cause}")
    if found.passes:
        passes = ", ".join(format_ratio(one.value) for one in found.passes)
        lines.append(f"gate: {passes} of the fastest float form, {found.float_form}")
    if found.measured_ms is not None:
        lines.append(
            f"measured {format_ms(found.measured_ms)} ms, "
            f"predicted {format_ms(found.predicted_ms)} ms"
        )
    lines += [f"metric: {found.metric}"] if found.metric else []
    lines += [f"calibration: {found.calibration}"] if found.calibration else []
    lines += [f"repair: {one}" for one in found.repairs]
    return [clean_text(line, _LONG) for line in lines]


def plan_rows(project: Project, plan: Optimization) -> Table:
    """Level and number format of each layer that can be changed, and what a cut leaves of it."""
    choices, shares = _choices(plan), plan.channels.shares
    titles = ("layer", "op", "params", *(("left",) if shares else ()), "sparsity", "int8", "state")
    return titles, [
        (
            layer.label,
            layer.op_type,
            format_count(layer.weight_params),
            *((format_percent(shares.get(layer.id, WHOLE).weights),) if shares else ()),
            format_percent(choices[layer.id].effective if layer.id in choices else 0.0),
            "yes" if layer.id in plan.quantized else "no",
            _state(choices.get(layer.id)),
        )
        for layer in changeable_layers(project.model)
    ]


def _state(choice: LayerLevel | None) -> str:
    if choice is None:
        return ""
    return "locked" if choice.locked else "on" if choice.enabled else "off"


def _choices(plan: Optimization) -> dict[str, LayerLevel]:
    return {one.id: one for one in plan.pruning.layers}
