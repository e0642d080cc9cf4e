"""What a channel profile says of its groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sparsify_tui.core.loss_profile import GroupLoss, LossProfile

GROUP_TITLES = ("stay", "goes with")
MEANING = "what the outputs lose when that group of channels alone is cut and the rest repaired"


def group_documents(profile: LossProfile) -> list[dict[str, Any]]:
    """Each group once; empty for a profile that measures layers one by one."""
    return [_group_document(profile, one) for one in profile.groups]


def group_cells(profile: LossProfile, layer: str, labels: Mapping[str, str]) -> tuple[str, str]:
    """How many units stay at each level, and with which other layers a layer's channels go."""
    made = profile.groups_of(layer)
    if not made:
        return "", ""
    kept = ", ".join(map(str, made[0].kept))
    others = [labels.get(one, one) for one in made[0].group.producers if one != layer]
    others += ["and its other groups"] if len(made) > 1 else []
    return f"{kept} of {made[0].group.size}" if kept else "", ", ".join(others)


def _group_document(profile: LossProfile, one: GroupLoss) -> dict[str, Any]:
    group, levels = one.group, list(map(str, profile.levels))
    return {
        "id": group.id,
        "kind": group.kind,
        "size": group.size,
        "width": group.width,
        "step": group.step,
        "fixed": len(group.fixed),
        "producers": list(group.producers),
        "consumers": list(group.consumers),
        "kept": dict(zip(levels, one.kept, strict=False)),
        "reached": {level: one.reached(at) for at, level in enumerate(levels[: len(one.kept)])},
        "sensitivity": dict(zip(levels, one.pruning.values, strict=False)),
        "estimated": [
            level for at, level in enumerate(levels) if profile.is_estimated(one.pruning, at)
        ],
    }
