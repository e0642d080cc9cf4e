"""What `profile loss` and `loss-profiles` answer with, as the command contract fixes its keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sparsify_tui.cli.loss_groups import MEANING, group_documents
from sparsify_tui.codec import document_from
from sparsify_tui.core.diagnosis import diagnose
from sparsify_tui.core.loss_change import LossComparison, LossPair, RankCorrelation
from sparsify_tui.core.loss_profile import LayerLoss, LossProfile

NO_RANKING = "the shape of each layer's own curve; not a ranking across layers"
RANKING = "what the outputs lose when that layer alone is changed"


def loss_document(profile: LossProfile) -> dict[str, Any]:
    """Answer of `profile loss`; what is not measured is null."""
    head = ("name", "created", "method", "metric", "structure", "stage", "confidence")
    return {
        "profile": profile.id,
        **{name: getattr(profile, name) for name in head},
        "complete": profile.is_complete,
        "meaning": _meaning(profile),
        "data": {"source": profile.source, "samples": profile.samples},
        "score": {"name": profile.score, "before": profile.score_before} if profile.score else None,
        "outputs": [{"name": name, "weight": weight} for name, weight in profile.outputs],
        "levels": list(profile.levels),
        "schemes": list(profile.schemes),
        "cpu_s": profile.cpu_s,
        "wall_s": profile.wall_s,
        "warnings": list(profile.warnings),
        "diagnosis": diagnosis_document(profile),
        "groups": group_documents(profile),
        "layers": [_layer_document(profile, row) for row in profile.layers],
    }


def diagnosis_document(profile: LossProfile) -> dict[str, Any] | None:
    """Where the loss sits, by level and scheme; null where values cannot be compared."""
    if not profile.is_ranking:
        return None
    changes: tuple[float | str, ...] = (*profile.levels, *profile.schemes)
    return {str(change): document_from(diagnose(profile, change)) for change in changes}


def change_document(comparison: LossComparison) -> dict[str, Any]:
    """Answer of `loss-profiles compare`."""
    names = ("name", "method", "metric", "samples")
    return {
        "profiles": [
            {"profile": one.id, **{name: getattr(one, name) for name in names}}
            for one in comparison.profiles
        ],
        "comparisons": [
            {
                "a": comparison.profiles[0].id,
                "b": pair.profile.id,
                "rank_correlation": {str(one.at): one.value for one in ranks_of(pair)},
                "layers": {str(one.at): one.layers for one in ranks_of(pair)},
                "differences": list(pair.differences),
            }
            for pair in comparison.pairs
        ],
    }


def ranks_of(pair: LossPair) -> tuple[RankCorrelation, ...]:
    """Of the levels, then of the schemes."""
    return (*pair.levels, *pair.schemes)


def _meaning(profile: LossProfile) -> str:
    if not profile.is_ranking:
        return NO_RANKING
    return MEANING if profile.groups else RANKING


def _layer_document(profile: LossProfile, row: LayerLoss) -> dict[str, Any]:
    levels, schemes = list(map(str, profile.levels)), profile.schemes
    by_change = ((levels, row.pruning), (schemes, row.quantization))
    return {
        "id": row.id,
        "weight": row.weight,
        "status": row.status,
        "sensitivity": _by_key(levels, row.pruning.values),
        "quantization": _by_key(schemes, row.quantization.values) or None,
        "estimated": [
            key
            for keys, losses in by_change
            for at, key in enumerate(keys)
            if profile.is_estimated(losses, at)
        ],
        "intervals": {
            key: interval
            for keys, losses in by_change
            for key, *interval in zip(keys, losses.lows, losses.highs, strict=False)
        },
        "drop": {
            key: drop
            for keys, losses in by_change
            for key, drop in zip(keys, losses.drops, strict=False)
        },
        "samples": {
            key: samples
            for keys, losses in by_change
            for key, samples in zip(keys, losses.samples, strict=False)
        },
        "settled": row.settled,
        "reason": row.reason,
        "note": row.note,
        "groups": [one.group.id for one in profile.groups_of(row.id)],
    }


def _by_key(keys: Sequence[str], values: Sequence[float | None]) -> dict[str, float | None]:
    """Every key; null where there is no value."""
    return {key: values[at] if at < len(values) else None for at, key in enumerate(keys)}
