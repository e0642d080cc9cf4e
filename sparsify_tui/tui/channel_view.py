"""A plan's channels beside what was measured of them: all that the editor shows is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sparsify_tui.core.channels.front import FrontPoint
from sparsify_tui.core.channels.groups import ChannelGroup, GroupId, LayerWidths
from sparsify_tui.core.channels.lanes import ChannelLanes
from sparsify_tui.core.channels.width_model import WidthModel
from sparsify_tui.core.model import LayerId, Model
from sparsify_tui.core.modifiers import ChannelPruning, GroupLevel
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.tui.channel_front import FrontView
from sparsify_tui.tui.plan_entries import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelView:
    """A plan that cuts channels, with all that its rows and lines are made from."""

    model: Model
    plan: Optimization
    channels: ChannelPruning
    profile: PerfProfile | None
    """The one that is open: times of layers."""
    lanes: ChannelLanes | None
    """The newest of this file; None where no profile has narrowed it."""
    kept: Mapping[GroupId, int]
    """Units that stay, of the groups that lose any."""
    choices: Mapping[GroupId, GroupLevel]
    layers: Mapping[LayerId, LayerWidths]
    """Those that take part in the channels."""
    saved_ms: Mapping[GroupId, float]
    """What the cut of a group brings beside those of the others, as predicted."""

    @property
    def widths(self) -> WidthModel | None:
        """Predicts times; None without lanes."""
        return self.lanes.model if self.lanes else None

    @property
    def front(self) -> FrontView | None:
        """What a search measured; None without one."""
        found = self.channels.found
        return None if found is None else FrontView(front=found, kept=self.kept)

    @property
    def point(self) -> FrontPoint | None:
        """The point of the front that the plan is at, repair included."""
        front = self.front
        if front is None or front.picked is None or front.front.repair != self.channels.repair:
            return None
        return front.front.points[front.picked]

    @property
    def predicted_speed_up(self) -> float | None:
        """In the setup of the search where the plan is at a point of it, else by the lanes."""
        if self.front is not None and self.point is not None:
            return self.front.predicted_speed_up(self.point)
        return self.widths.speed_up(self.kept) if self.widths else None

    def kept_of(self, group: ChannelGroup) -> int:
        """Units that stay."""
        return self.kept.get(group.id, group.size)

    def level(self, group: ChannelGroup) -> float:
        """The share of a group's units that goes."""
        return 1 - self.kept_of(group) / group.size

    def layers_ms(self, layers: Sequence[LayerId]) -> float | None:
        """What they take together, uncut; None where none is measured."""
        times = [self.profile.layer_ms(one) for one in layers] if self.profile else []
        known = [ms for ms in times if ms is not None]
        return sum(known) if known else None

    def name(self, entry: Entry) -> str:
        """What a person calls a row: its first layer, and how many more make the channels."""
        if entry.group is not None:
            return self._names(entry.group.producers) or entry.group.id
        if entry.locked is not None:
            return self._names(entry.locked.layers) or "made by no layer"
        return entry.layer.label if entry.layer else ""

    def label(self, layer_id: LayerId) -> str:
        """What a person calls a layer."""
        layer = self.model.layer(layer_id)
        return layer.label if layer else layer_id

    def _names(self, layers: Sequence[LayerId]) -> str:
        if not layers:
            return ""
        more = f" +{len(layers) - 1}" if len(layers) > 1 else ""
        return f"{self.label(layers[0])}{more}"


def channel_view(
    model: Model, plan: Optimization, profile: PerfProfile | None, profiles: Sequence[PerfProfile]
) -> ChannelView | None:
    """None for a plan that cuts no channels.

    Args:
        model: The one that is open.
        plan: As it is edited.
        profile: The one that is open.
        profiles: All of the project, the oldest first.
    """
    channels = plan.find(ChannelPruning)
    if channels is None:
        return None
    fitting = (one.channels for one in reversed(profiles) if one.model_digest == model.sha256)
    lanes = next((one for one in fitting if one and one.model), None)
    kept = channels.kept
    return ChannelView(
        model=model,
        plan=plan,
        channels=channels,
        profile=profile,
        lanes=lanes,
        kept=kept,
        choices={one.id: one for one in channels.groups},
        layers={one.id: one for one in channels.map.layers},
        saved_ms=lanes.model.saved_ms(kept) if lanes and lanes.model else {},
    )
