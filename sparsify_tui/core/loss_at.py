"""What the layers of a profile lose at one level, or in one scheme."""

from __future__ import annotations

from dataclasses import dataclass

from sparsify_tui.core.loss_profile import LayerLoss, Losses, LossProfile
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_percent


@dataclass(frozen=True, slots=True, kw_only=True)
class LossAt:
    """A layer's known loss there."""

    id: LayerId
    value: float
    is_estimated: bool


def losses_at(profile: LossProfile, at: float | str) -> tuple[LossAt, ...]:
    """Of the layers with a value, in the profile's order; none where it was not asked for.

    Args:
        profile: Any.
        at: A level, or the name of a scheme.
    """
    asked: tuple[float | str, ...] = profile.schemes if isinstance(at, str) else profile.levels
    if at not in asked:
        return ()
    place = asked.index(at)
    return tuple(
        LossAt(id=row.id, value=value, is_estimated=profile.is_estimated(losses, place))
        for row in profile.layers
        if (value := _value(losses := _side(row, at), place)) is not None
    )


def place_in_words(at: float | str) -> str:
    """`at 80.0%`, or `in int8`."""
    return f"in {clean_text(at)}" if isinstance(at, str) else f"at {format_percent(at)}"


def _side(row: LayerLoss, at: float | str) -> Losses:
    return row.quantization if isinstance(at, str) else row.pruning


def _value(losses: Losses, place: int) -> float | None:
    return losses.values[place] if place < len(losses.values) else None
