"""What the layers of a profile lose at one level, or in one scheme."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sparsify_tui.core.channels.groups import GroupId
from sparsify_tui.core.loss_profile import Losses, LossProfile
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_percent


@dataclass(frozen=True, slots=True, kw_only=True)
class LossAt:
    """The known loss of a layer, or of a group of channels, there."""

    id: LayerId | GroupId
    value: float
    is_estimated: bool


def losses_at(profile: LossProfile, at: float | str) -> tuple[LossAt, ...]:
    """Of the layers with a value, in the profile's order; none where it was not asked for.

    Of a channel profile those of the groups, each once.

    Args:
        profile: Any.
        at: A level, or the name of a scheme.
    """
    asked: tuple[float | str, ...] = profile.schemes if isinstance(at, str) else profile.levels
    if at not in asked:
        return ()
    place = asked.index(at)
    return tuple(
        LossAt(id=key, value=value, is_estimated=profile.is_estimated(losses, place))
        for key, losses in _sides(profile, at)
        if (value := losses.values[place] if place < len(losses.values) else None) is not None
    )


def place_in_words(at: float | str) -> str:
    """`at 80.0%`, or `in int8`."""
    return f"in {clean_text(at)}" if isinstance(at, str) else f"at {format_percent(at)}"


def _sides(profile: LossProfile, at: float | str) -> Iterator[tuple[LayerId | GroupId, Losses]]:
    if profile.groups:
        yield from ((one.group.id, one.pruning) for one in profile.groups)
        return
    for row in profile.layers:
        yield row.id, row.quantization if isinstance(at, str) else row.pruning
