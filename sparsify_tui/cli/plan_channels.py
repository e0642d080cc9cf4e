"""The channels of an optimization as commands answer with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sparsify_tui.cli.report import Table
from sparsify_tui.codec import document_from
from sparsify_tui.core.channels.front import ChannelFront, FrontPoint
from sparsify_tui.core.channels.groups import ChannelGroup, LockedChannels
from sparsify_tui.core.model import Model
from sparsify_tui.core.modifiers import ChannelPruning, GroupLevel
from sparsify_tui.core.units import format_interval, format_percent, format_score

_MOST_NAMED = 3


def group_documents(channels: ChannelPruning) -> list[dict[str, Any]]:
    """Every group, and then what cannot be removed, with the reason."""
    choices = {one.id: one for one in channels.groups}
    return [
        *(_group_document(channels, group, choices.get(group.id)) for group in channels.map.groups),
        *map(_locked_document, channels.map.locked),
    ]


def _group_document(
    channels: ChannelPruning, group: ChannelGroup, choice: GroupLevel | None
) -> dict[str, Any]:
    kept = channels.kept.get(group.id, group.size)
    return {
        "id": group.id,
        "kind": group.kind,
        "size": group.size,
        "kept": kept,
        "level": 1 - kept / group.size,
        "layers": list(group.producers),
        "consumers": list(group.consumers),
        "locked": choice is not None and choice.locked,
        "locked_reason": None,
        "enabled": choice is None or choice.enabled,
    }


def _locked_document(locked: LockedChannels) -> dict[str, Any]:
    return {
        "id": locked.layers[0] if locked.layers else None,
        "kind": "channel",
        "size": None,
        "kept": None,
        "level": 0.0,
        "layers": list(locked.layers),
        "consumers": [],
        "locked": True,
        "locked_reason": locked.reason,
        "enabled": False,
    }


def front_document(front: ChannelFront | None) -> list[dict[str, Any]] | None:
    """The points of the search that chose the widths, the fastest last; None without one."""
    if front is None:
        return None
    return [
        {**document_from(point), "kept": dict(point.kept), "chosen": at == front.chosen}
        for at, point in enumerate(front.points)
    ]


def search_document(front: ChannelFront | None) -> dict[str, Any] | None:
    """What the points rest on, and why one of them was chosen, or none."""
    if front is None:
        return None
    body = document_from(front)
    return {name: value for name, value in body.items() if name not in ("points", "model_digest")}


def channel_lines(channels: ChannelPruning) -> Iterator[str]:
    """What is cut, how it was found, and what cannot be."""
    if not channels.map.groups and not channels.map.locked:
        return
    groups = channels.map.groups
    yield (
        f"channels: {format_percent(channels.share)} of the units go, in "
        f"{len(channels.kept)} of {len(groups)} groups, by {channels.selection}; "
        f"repair {channels.repair}"
    )
    if channels.found is not None:
        yield from _search_lines(channels.found)
    reasons = dict.fromkeys(one.reason for one in channels.map.locked)
    for reason in list(reasons)[:_MOST_NAMED]:
        yield f"cannot go: {reason}"
    if len(reasons) > _MOST_NAMED:
        yield f"cannot go: {len(reasons) - _MOST_NAMED} more, see --json"


def _search_lines(front: ChannelFront) -> Iterator[str]:
    yield (f"search: {'nothing was cut' if front.point is None else 'chosen'}: {front.cause}")
    yield from (f"doubt: {doubt}" for doubt in front.doubts)
    made_up = " of made-up data" if front.is_made_up else ""
    yield (
        f"front, errors on {front.held_out} held-out samples{made_up}, batch {front.batch}, "
        f"threads {front.threads}:"
    )
    for at, point in enumerate(front.points):
        yield _point_line(point, is_chosen=at == front.chosen)


def _point_line(point: FrontPoint, *, is_chosen: bool) -> str:
    ratio = point.ratio
    speed = format_interval(ratio.value, ratio.low, ratio.high) if ratio else "not measured"
    agreement = "" if point.agreement is None else f", agrees {format_percent(point.agreement)}"
    repaired = "" if point.repaired else ", not repaired"
    mark = ">" if is_chosen else " "
    return f"{mark} {speed}, error {format_score(point.error)}{agreement}{repaired} {point.name}"


def group_rows(model: Model, channels: ChannelPruning) -> Table:
    """Width and state of each group."""
    choices = {one.id: one for one in channels.groups}
    rows = []
    for group in channels.map.groups:
        kept = channels.kept.get(group.id, group.size)
        layer = model.layer(group.id)
        rows.append(
            (
                layer.label if layer else group.id,
                group.kind,
                str(group.size),
                str(kept),
                format_percent(1 - kept / group.size),
                str(len(group.producers)),
                _state(choices.get(group.id)),
            )
        )
    return ("group", "kind", "units", "kept", "gone", "layers", "state"), rows


def _state(choice: GroupLevel | None) -> str:
    if choice is None:
        return ""
    return "locked" if choice.locked else "on" if choice.enabled else "off"
