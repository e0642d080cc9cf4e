"""What `inspect --channels` answers: the groups of channels, and what cannot go."""

from __future__ import annotations

from typing import Any

from sparsify_tui.cli.report import Table
from sparsify_tui.codec import document_from
from sparsify_tui.core.channels.groups import ChannelGroup, ChannelMap, LockedChannels, legal_widths
from sparsify_tui.core.model import LayerId, Model
from sparsify_tui.core.text import clean_text, shorten
from sparsify_tui.core.units import format_percent

_LONG = 400
_LABEL = 60
_NO_FLOAT_LAYER = "nothing else is possible either: it has no float layer with constant weights"


def channels_document(channels: ChannelMap) -> dict[str, Any]:
    """Groups, locks with their reasons, and how much of the work they reach."""
    return {
        "groups": [_group_document(group) for group in channels.groups],
        "locked": [document_from(locked) for locked in channels.locked],
        "reach": {"one_side": channels.reach_one, "both_sides": channels.reach_both},
    }


def _group_document(group: ChannelGroup) -> dict[str, Any]:
    return {
        **document_from(group),
        "free": group.free,
        "widths": list(legal_widths(group)),
    }


def channels_lines(model: Model, channels: ChannelMap) -> list[str]:
    """How much can go; where nothing can, what is possible instead."""
    if not channels.groups:
        is_hidden = bool(model.layers) and all(layer.scope for layer in model.layers)
        why = ": all layers lie in branches or loops" if is_hidden else ""
        return [f"no channel can go{why}", *_instead(model)]
    units = sum(group.free for group in channels.groups)
    return [
        (
            f"{units} channels, hidden units and heads in {len(channels.groups)} groups can go; "
            "what is in one group goes together"
        ),
        (
            f"they reach {format_percent(channels.reach_one)} of the FLOPs of layers with weights, "
            f"{format_percent(channels.reach_both)} on both sides"
        ),
    ]


def _instead(model: Model) -> list[str]:
    int8 = sum(1 for layer in model.layers if layer.quantizable)
    possible = [f"int8 in {int8} layers: optimize --quantize int8"] if int8 else []
    if model.prunable:
        possible.append(
            f"zeros in {len(model.prunable)} layers: optimize --sparsity S, "
            "which makes the compressed file smaller and nothing faster"
        )
    return [f"possible: {one}" for one in possible] or [_NO_FLOAT_LAYER]


def group_rows(model: Model, channels: ChannelMap) -> Table:
    """One row a group, by its first layer."""
    return ("group", "kind", "units", "free", "step", "layers", "takers"), [
        (
            _label(model, group.producers[0] if group.producers else LayerId(group.id)),
            group.kind,
            str(group.size),
            str(group.free),
            str(group.step),
            str(len(group.producers)),
            str(len(group.consumers)),
        )
        for group in channels.groups
    ]


def locked_lines(model: Model, channels: ChannelMap) -> list[str]:
    """What cannot go, and why."""
    return [f"fixed: {_makers(model, one)}: {one.reason}" for one in channels.locked]


def _makers(model: Model, locked: LockedChannels) -> str:
    if not locked.layers:
        return "what no layer makes"
    more = f" and {len(locked.layers) - 1} more" if len(locked.layers) > 1 else ""
    return f"{_label(model, locked.layers[0])}{more}"


def _label(model: Model, layer_id: LayerId) -> str:
    layer = model.layer(layer_id)
    return shorten(clean_text(layer.label if layer else layer_id, _LONG), _LABEL)
