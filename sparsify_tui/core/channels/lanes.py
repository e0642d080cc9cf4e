"""The channel lanes of a performance profile: the whole model narrowed, beside the full one."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

from sparsify_tui.core.channels.groups import ChannelMap, GroupId
from sparsify_tui.core.channels.width_model import WidthModel
from sparsify_tui.core.timing import Ratio, Timing

HALF = 0.5
SHARES = (0.75, HALF, 0.25)
"""Of the units that each lane keeps in every group, as near as widths that run well come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NarrowModel:
    """The model with every group narrowed to about one share."""

    share: float
    """Asked for."""
    kept: tuple[tuple[GroupId, int], ...]
    """Units that stay, of the groups that lose any."""
    total: Timing
    """End to end."""
    ratio: Ratio
    """The full model's time over its own, measured in turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelMix:
    """Groups narrowed to widths of their own: what was predicted, and what was measured."""

    kept: tuple[tuple[GroupId, int], ...]
    """Units that stay, of the groups that lose any."""
    predicted_ms: float
    """By a fit that has not seen it."""
    measured_ms: float
    low_ms: float
    """Lower end of the 95 % interval of the measured one."""
    high_ms: float

    @property
    def error(self) -> float:
        """Predicted over measured, less 1."""
        return self.predicted_ms / self.measured_ms - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLanes:
    """Curves of time by width, and how well they foretell other widths."""

    refused: str = ""
    """Why there are none; empty when there are."""
    step: int = 1
    """Channels that the kernels of the widest blocks work on at a time here, measured."""
    map: ChannelMap = field(default_factory=ChannelMap)
    """What can be narrowed, and what cannot, with the reasons."""
    totals: tuple[NarrowModel, ...] = ()
    """In the order of `SHARES`."""
    model: WidthModel | None = None
    """None where there are no lanes."""
    mixes: tuple[ChannelMix, ...] = ()

    @property
    def errors(self) -> tuple[float, ...]:
        """Of the predictions, as fractions, the smallest first: the lanes' own accuracy."""
        return tuple(sorted(abs(mix.error) for mix in self.mixes))

    @property
    def median_error(self) -> float | None:
        """The middle one of them; None where no prediction was checked."""
        return median(self.errors) if self.errors else None
