"""Whether a few layers carry the loss or all do, and what follows from that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from types import MappingProxyType
from typing import Literal

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
    layers: tuple[LayerId, ...] = ()
    """Those that carry it, the worst first; empty unless it is concentrated."""
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
    where, found = place_in_words(at), _worst_first(profile, at)
    total = sum(one.value for one in found)
    if not found:
        return Diagnosis(kind="nothing", sentence=f"Nothing was measured {where}.")
    if total == 0:
        return Diagnosis(kind="nothing", sentence=f"No layer loses anything {where}.")
    if total < NEGLIGIBLE:
        said = f"All layers together lose hardly anything {where}: {profile.metric} "
        return Diagnosis(kind="nothing", sentence=f"{said}{format_score(total)} in sum.")
    running = accumulate(one.value for one in found)
    count = next(i for i, value in enumerate(running, 1) if value >= MOST_OF_LOSS * total)
    if count > _few(len(found)):
        return _spread(found, count, where)
    left = "in float" if isinstance(at, str) else "dense"
    return _concentrated(found, count, where, left, labels)


def _worst_first(profile: LossProfile, at: float | str) -> list[LossAt]:
    """A value below 0 is rounding, and no gain."""
    known = [replace(one, value=max(0.0, one.value)) for one in losses_at(profile, at)]
    return sorted(known, key=lambda one: -one.value)


def _few(layers: int) -> int:
    """The most of so many layers that are called few; never more than half of them."""
    return min(max(FEW_LAYERS, int(FEW_SHARE * layers)), max(1, layers // 2))


def _concentrated(
    found: list[LossAt], count: int, where: str, left: str, labels: Mapping[str, str]
) -> Diagnosis:
    worst = found[:count]
    share = sum(one.value for one in worst) / sum(one.value for one in found)
    mark = "~" if any(one.is_estimated for one in found) else ""
    names = [clean_text(labels.get(one.id, one.id)) for one in worst[:_MOST_NAMED]]
    more = f" and {count - _MOST_NAMED} more" if count > _MOST_NAMED else ""
    carry, them = ("carries", "it") if count == 1 else ("carry", "them")
    return Diagnosis(
        kind="concentrated",
        layers=tuple(one.id for one in worst),
        share=share,
        sentence=(
            f"{count} of {len(found)} layers {carry} {mark}{format_percent(share)} of the summed "
            f"loss {where}: {', '.join(names)}{more}."
        ),
        advice=f"Leave {them} {left}: {mark}{format_percent(1 - share)} of it remains.",
    )


def _spread(found: list[LossAt], count: int, where: str) -> Diagnosis:
    mark = "~" if any(one.is_estimated for one in found) else ""
    return Diagnosis(
        kind="spread",
        sentence=(
            f"The loss {where} is spread: {format_percent(MOST_OF_LOSS, 0)} of it are in "
            f"{mark}{count} of {len(found)} layers."
        ),
        advice="Recover by training: no few layers would help if they were left as they are.",
    )
