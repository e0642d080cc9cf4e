"""Whether a few layers carry the loss or all do, and what follows from that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from types import MappingProxyType
from typing import Literal

from sparsify_tui.core.channels.groups import GroupId
from sparsify_tui.core.loss_at import LossAt, losses_at, place_in_words
from sparsify_tui.core.loss_profile import LossProfile
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_percent, format_score

DiagnosisKind = Literal["concentrated", "spread", "nothing"]

MOST_OF_LOSS = 0.8
NEGLIGIBLE = 1e-3
"""A sum of losses below which it does not matter where they come from: a thousandth of the
outputs' variance, or of a nat. A heuristic."""
FEW_LAYERS = 3
FEW_SHARE = 0.1
_MOST_NAMED = 8
_NO_LABELS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Where the loss at one level, or in one scheme, comes from."""

    kind: DiagnosisKind
    layers: tuple[LayerId | GroupId, ...] = ()
    """Those that carry it, or groups of them, the worst first; empty unless it is concentrated."""
    share: float = 0.0
    """Of the summed loss, that these layers carry."""
    sentence: str
    advice: str = ""


def diagnose(
    profile: LossProfile, at: float | str, labels: Mapping[str, str] = _NO_LABELS
) -> Diagnosis:
    """Tells a loss that few layers carry from one that is spread over all.

    Losses of single layers are summed, as if they did not influence each other.

    Args:
        profile: A one-shot profile; magnitude ranks no layers, and gets no diagnosis.
        at: One of its levels, or of its schemes.
        labels: What to call a layer, by id; the id itself where it is missing.
    """
    if not profile.is_ranking:
        return Diagnosis(
            kind="nothing",
            sentence="Weight magnitude is not a ranking: it cannot tell which layers lose most.",
            advice="Measure a one-shot profile.",
        )
    said, found = _Words.of(profile, at, labels), _worst_first(profile, at)
    total = sum(one.value for one in found)
    if not found:
        return Diagnosis(kind="nothing", sentence=f"Nothing was measured {said.where}.")
    if total == 0:
        return Diagnosis(kind="nothing", sentence=f"No {said.what} loses anything {said.where}.")
    if total < NEGLIGIBLE:
        hardly = f"All {said.what}s together lose hardly anything {said.where}: {profile.metric} "
        return Diagnosis(kind="nothing", sentence=f"{hardly}{format_score(total)} in sum.")
    running = accumulate(one.value for one in found)
    count = next(i for i, value in enumerate(running, 1) if value >= MOST_OF_LOSS * total)
    if count > _few(len(found)):
        return _spread(found, count, said)
    return _concentrated(found, count, said)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """What the sentences speak of."""

    what: str
    """Layer or group."""
    where: str
    left: str
    """As what the worst ones would be left."""
    labels: Mapping[str, str]

    @classmethod
    def of(cls, profile: LossProfile, at: float | str, labels: Mapping[str, str]) -> _Words:
        left = "in float" if isinstance(at, str) else "whole" if profile.groups else "dense"
        return cls(
            what="group" if profile.groups else "layer",
            where=place_in_words(at),
            left=left,
            labels={**labels, **_group_labels(profile, labels)},
        )


def _group_labels(profile: LossProfile, labels: Mapping[str, str]) -> dict[str, str]:
    """A group by its first layer, with how many others go with it."""
    found: dict[str, str] = {}
    for group in (one.group for one in profile.groups):
        first, *others = group.producers
        name = labels.get(first, first) + group.id.removeprefix(first)
        found[group.id] = f"{name} with {len(others)} more" if others else name
    return found


def _worst_first(profile: LossProfile, at: float | str) -> list[LossAt]:
    """A value below 0 is rounding, and no gain."""
    known = [replace(one, value=max(0.0, one.value)) for one in losses_at(profile, at)]
    return sorted(known, key=lambda one: -one.value)


def _few(layers: int) -> int:
    """The most of so many layers that are called few; never more than half of them."""
    return min(max(FEW_LAYERS, int(FEW_SHARE * layers)), max(1, layers // 2))


def _concentrated(found: list[LossAt], count: int, said: _Words) -> Diagnosis:
    worst = found[:count]
    share = sum(one.value for one in worst) / sum(one.value for one in found)
    mark = "~" if any(one.is_estimated for one in found) else ""
    names = [clean_text(said.labels.get(one.id, one.id)) for one in worst[:_MOST_NAMED]]
    more = f" and {count - _MOST_NAMED} more" if count > _MOST_NAMED else ""
    carry, them = ("carries", "it") if count == 1 else ("carry", "them")
    return Diagnosis(
        kind="concentrated",
        layers=tuple(one.id for one in worst),
        share=share,
        sentence=(
            f"{count} of {len(found)} {said.what}s {carry} {mark}{format_percent(share)} of the "
            f"summed loss {said.where}: {', '.join(names)}{more}."
        ),
        advice=f"Leave {them} {said.left}: {mark}{format_percent(1 - share)} of it remains.",
    )


def _spread(found: list[LossAt], count: int, said: _Words) -> Diagnosis:
    mark = "~" if any(one.is_estimated for one in found) else ""
    return Diagnosis(
        kind="spread",
        sentence=(
            f"The loss {said.where} is spread: {format_percent(MOST_OF_LOSS, 0)} of it are in "
            f"{mark}{count} of {len(found)} {said.what}s."
        ),
        advice=(
            f"Recover by training: no few {said.what}s would help if they were left as they are."
        ),
    )
