"""The channel lanes of a performance profile: the whole model narrowed, beside the full one."""

from __future__ import annotations

from dataclasses import dataclass, field

from sparsify_tui.core.channels.groups import ChannelMap, GroupId
from sparsify_tui.core.channels.width_model import WidthModel
from sparsify_tui.core.foretold import Checked, Foretold
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
class ChannelMix(Foretold):
    """Groups narrowed to widths of their own: what was predicted, and what was measured."""

    kept: tuple[tuple[GroupId, int], ...]
    """Units that stay, of the groups that lose any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLanes(Checked):
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
