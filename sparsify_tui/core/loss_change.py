"""Loss profiles side by side: whether they rank the layers alike, and what sets them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sparsify_tui.core.loss_at import losses_at
from sparsify_tui.core.loss_profile import LossProfile
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.ranks import spearman
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_percent
from sparsify_tui.errors import UsageError

FEWEST_PROFILES = 2
MOST_PROFILES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RankCorrelation:
    """How alike two profiles rank the layers at one level, or in one scheme."""

    at: float | str
    """Level or scheme."""
    value: float | None
    """Spearman's, in [-1, 1]; None where too few layers have a value in both, or all tie."""
    layers: int
    """How many have a value in both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossPair:
    """One profile against the first."""

    profile: LossProfile
    levels: tuple[RankCorrelation, ...]
    """At each level that both have, in the first's order."""
    schemes: tuple[RankCorrelation, ...]
    differences: tuple[str, ...]
    """What was done differently, in words: the first's, then the other's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossComparison:
    """Two to four profiles."""

    profiles: tuple[LossProfile, ...]
    pairs: tuple[LossPair, ...]
    """All but the first, each against it."""
    layers: tuple[LayerId, ...]
    """All that occur: the first's in its order, then what only others have."""


def compare_losses(profiles: Sequence[LossProfile]) -> LossComparison:
    """Compares each profile with the first.

    Raises:
        UsageError: They are fewer than two, or more than four.
    """
    if not FEWEST_PROFILES <= len(profiles) <= MOST_PROFILES:
        raise UsageError(
            f"{len(profiles)} loss profiles cannot be compared.", "Choose two, three or four."
        )
    first, *others = profiles
    return LossComparison(
        profiles=tuple(profiles),
        pairs=tuple(_pair(first, other) for other in others),
        layers=tuple(dict.fromkeys(row.id for one in profiles for row in one.layers)),
    )


def _pair(a: LossProfile, b: LossProfile) -> LossPair:
    return LossPair(
        profile=b,
        levels=tuple(_correlation(a, b, at) for at in a.levels if at in b.levels),
        schemes=tuple(_correlation(a, b, at) for at in a.schemes if at in b.schemes),
        differences=_differences(a, b),
    )


def _correlation(a: LossProfile, b: LossProfile, at: float | str) -> RankCorrelation:
    before, after = ({one.id: one.value for one in losses_at(side, at)} for side in (a, b))
    shared = [one for one in before if one in after]
    value = spearman([before[one] for one in shared], [after[one] for one in shared])
    return RankCorrelation(at=at, value=value, layers=len(shared))


def _differences(a: LossProfile, b: LossProfile) -> tuple[str, ...]:
    sides = zip(_made_by(a), _made_by(b), strict=True)
    found = [f"{what} {one} and {other}" for (what, one), (_, other) in sides if one != other]
    if a.model_digest != b.model_digest:
        found.append("the model file has changed in between")
    unfinished = [clean_text(one.name) for one in (a, b) if not one.is_complete]
    return (*found, *(f"{name} is not complete" for name in unfinished))


def _made_by(profile: LossProfile) -> tuple[tuple[str, str], ...]:
    """What must be equal for values to be comparable, in words."""
    outputs = ", ".join(f"{clean_text(name)} x{weight:g}" for name, weight in profile.outputs)
    return (
        ("method", profile.method),
        ("metric", profile.metric),
        ("structure", profile.structure),
        ("outputs", outputs or "all"),
        ("data", clean_text(profile.source)),
        ("samples", str(profile.samples)),
        ("levels", ", ".join(format_percent(level) for level in profile.levels) or "none"),
        ("schemes", ", ".join(map(clean_text, profile.schemes)) or "none"),
    )
