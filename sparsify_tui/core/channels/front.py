"""What a search for narrower models measured: the front of speed and loss, and the point chosen."""

from __future__ import annotations

from dataclasses import dataclass

from sparsify_tui.core.channels.groups import ChannelMap, GroupId
from sparsify_tui.core.timing import Ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAnalysis:
    """The groups of a model, and in which order their units are missed least."""

    map: ChannelMap
    orders: tuple[tuple[GroupId, tuple[int, ...]], ...]
    """Of every group: its units that may go, the one that is missed least first."""
    selection: str
    """How the orders were found: one of SELECTIONS."""
    calibration: str
    """What they rest on, in words."""
    model_digest: str

    def order(self, group: GroupId) -> tuple[int, ...]:
        """Of a group that it knows."""
        return dict(self.orders)[group]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPoint:
    """One narrowed model: what was predicted, and what was measured."""

    kept: tuple[tuple[GroupId, int], ...]
    """Units that stay, of the groups that lose any."""
    predicted_ms: float
    error: float
    """MSE over variance of the outputs, on held-out calibration samples."""
    agreement: float | None
    """Share of equal top-1 there; None where the outputs are no class scores."""
    ratio: Ratio | None = None
    """The original's time over its own, measured in turns; None where it was not measured."""
    repaired: bool = True
    """Whether the repaired weights were better on held-out samples, and are what is measured."""
    name: str = ""
    """How its widths were found: `uniform 50%`, or `searched`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFront:
    """A search: its points, the fastest last, and the one that it chose on calibration alone."""

    points: tuple[FrontPoint, ...]
    chosen: int | None
    """Position of the point; None where no point is good enough, or none is faster."""
    cause: str
    """Why that one, or why none, in words."""
    fitted_on: int
    """Samples that the repair was fitted on."""
    held_out: int
    """Samples that the losses were taken on; none of them was fitted."""
    source: str
    """Of the samples, in words."""
    is_made_up: bool
    batch: int
    threads: int
    model_digest: str
    repair: str
    """One of REPAIRS."""
    full_ms: float | None = None
    """What the original takes, by what predicts the points; None where nothing does."""
    doubts: tuple[str, ...] = ()
    """Why the measured ratios may be off, in words."""

    @property
    def point(self) -> FrontPoint | None:
        """The chosen one."""
        return None if self.chosen is None else self.points[self.chosen]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSearch:
    """All that a search hands back."""

    analysis: ChannelAnalysis
    front: ChannelFront
