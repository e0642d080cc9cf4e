"""What `profile perf` says of channel widths, as the command contract fixes its keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sparsify_tui.cli.documents import timing_document
from sparsify_tui.codec import document_from
from sparsify_tui.core.channels.lanes import SHARES, ChannelLanes, ChannelMix, NarrowModel
from sparsify_tui.core.channels.words import (
    groups_text,
    interval_text,
    lock_texts,
    width_error_text,
)
from sparsify_tui.core.text import clean_text


def channels_document(lanes: ChannelLanes) -> dict[str, Any]:
    """The lanes; what was not measured is null."""
    return {
        "refused": lanes.refused or None,
        "step": lanes.step,
        "full_ms": None if lanes.model is None else lanes.model.full_ms,
        "totals": by_share(map(_total_document, lanes.totals)) if lanes.totals else None,
        "mixes": [_mix_document(mix) for mix in lanes.mixes],
        "median_error": lanes.median_error,
        "worst_error": lanes.errors[-1] if lanes.errors else None,
        "reach_one": lanes.map.reach_one,
        "reach_both": lanes.map.reach_both,
        "groups": [document_from(group) for group in lanes.map.groups],
        "locked": [document_from(locked) for locked in lanes.map.locked],
    }


def channel_lines(lanes: ChannelLanes) -> Iterator[str]:
    """The lanes in a few sentences."""
    if lanes.refused:
        yield f"channels: {clean_text(lanes.refused, 400)}"
    else:
        yield f"channels kept: {interval_text(lanes)}; {groups_text(lanes)}, step {lanes.step}"
        yield width_error_text(lanes)
    yield from (clean_text(text, 400) for text in lock_texts(lanes))


def by_share(values: Iterable[Any]) -> dict[str, Any]:
    """Values in the order of `SHARES`, by share."""
    return {str(share): value for share, value in zip(SHARES, values, strict=True)}


def _total_document(one: NarrowModel) -> dict[str, Any]:
    return {
        "kept": dict(one.kept),
        "timing": timing_document(one.total),
        "ratio": document_from(one.ratio),
    }


def _mix_document(mix: ChannelMix) -> dict[str, Any]:
    return {
        "kept": dict(mix.kept),
        "predicted_ms": mix.predicted_ms,
        "measured_ms": mix.measured_ms,
        "low_ms": mix.low_ms,
        "high_ms": mix.high_ms,
        "error": mix.error,
    }
