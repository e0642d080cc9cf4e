"""Channel pruning: which channels, hidden units and heads go, and when."""

from __future__ import annotations

from dataclasses import dataclass, field

from sparsify_tui.core.changes import ChannelCut
from sparsify_tui.core.channels.front import ChannelFront
from sparsify_tui.core.channels.groups import ChannelGroup, ChannelMap, GroupId
from sparsify_tui.core.channels.masks import Mask, Masks, masks_of
from sparsify_tui.core.channels.shares import LayerShare, layer_shares
from sparsify_tui.core.fields import Setting, setting
from sparsify_tui.core.model import LayerId, Model
from sparsify_tui.core.modifiers.pruning import cubic_level
from sparsify_tui.core.recipe import RecipeEntry, literal_pattern

SELECTIONS = ("obs", "activation", "l2")
"""How the channels that go are chosen: structured OBS, by activation and weight, by weight."""
REPAIRS = ("auto", "none")
_FIRST_LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLevel:
    """What happens to one group of channels."""

    id: GroupId
    kept: int
    """Units that stay; remembered while the group is switched off."""
    order: tuple[int, ...]
    """Units that may go, the one that is missed least first."""
    enabled: bool = True
    locked: bool = False
    """A locked group keeps its width when a target is spread again."""

    def removed(self, group: ChannelGroup) -> tuple[int, ...]:
        """The units that go, in rising order."""
        count = min(group.size - self.kept, group.free) if self.enabled else 0
        return tuple(sorted(self.order[: max(count, 0)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPruning:
    """Removes whole channels, which makes the file smaller and onnxruntime faster."""

    title = "Channels"

    map: ChannelMap = field(default_factory=ChannelMap)
    """Groups of the model that it was made for."""
    groups: tuple[GroupLevel, ...] = ()
    """One for each group of the map, in its order."""
    model_digest: str = ""
    found: ChannelFront | None = None
    """What the search that chose the widths has measured; None after an edit, or without one."""
    target: float = setting(
        0.5,
        Setting(label="Target", unit="0–1", low=0.0, high=0.95, help="Share of the units that go."),
    )
    selection: str = setting(
        "obs",
        Setting(label="Which go", choices=SELECTIONS, help="How the units that go are chosen."),
    )
    repair: str = setting(
        "auto",
        Setting(
            label="Repair",
            choices=REPAIRS,
            help="Fits what is left to the old outputs, where held-out samples say it helps.",
        ),
    )
    start_epoch: float = setting(
        1.0,
        Setting(label="Cut from", unit="epoch", low=0.0, help="First update; before it, none."),
    )
    end_epoch: float = setting(
        34.0,
        Setting(label="Cut until", unit="epoch", low=0.0, help="The widths are reached here."),
    )
    update_frequency: float = setting(
        0.825,
        Setting(label="Cut every", unit="epochs", low=1e-6, help="Time between updates."),
    )

    @property
    def kept(self) -> dict[GroupId, int]:
        """Units that stay, of the groups that lose any."""
        sizes = {one.id: one.size for one in self.map.groups}
        return {one.id: sizes[one.id] - len(one.removed) for one in self.cuts}

    @property
    def held(self) -> dict[GroupId, int]:
        """Units that stay, whatever a search finds: of groups that are locked or off."""
        kept = self.kept
        sizes = {one.id: one.size for one in self.map.groups}
        fixed = (one.id for one in self.groups if one.locked or not one.enabled)
        return {one: kept.get(one, sizes[one]) for one in fixed}

    @property
    def cuts(self) -> tuple[ChannelCut, ...]:
        """What is cut out, of the groups that lose any."""
        known = {one.id: one for one in self.map.groups}
        cuts = (
            ChannelCut(id=one.id, removed=one.removed(known[one.id]))
            for one in self.groups
            if one.id in known
        )
        return tuple(cut for cut in cuts if cut.removed)

    @property
    def share(self) -> float:
        """Units that go, of those of all groups."""
        units = sum(one.size for one in self.map.groups)
        return sum(len(one.removed) for one in self.cuts) / units if units else 0.0

    def share_at(self, epoch: float) -> float:
        """Units that a training has masked by an epoch, of those of all groups."""
        first = min(_FIRST_LEVEL, self.share)
        return cubic_level(epoch, self.start_epoch, self.end_epoch, (first, self.share))

    @property
    def shares(self) -> dict[LayerId, LayerShare]:
        """What is left of each layer that loses anything."""
        return layer_shares(self.map, self.kept)

    def level_of(self, layer: LayerId) -> float:
        """Share of the units that go of the group that a layer makes; 0 where it makes none."""
        group = self.map.group(layer)
        return 0.0 if group is None else 1 - self.kept.get(group.id, group.size) / group.size

    def entries(self, model: Model) -> tuple[RecipeEntry, ...]:
        """One StructuredPruningModifier for each kind of mask and level."""
        by_kind: dict[tuple[str, float], list[Mask]] = {}
        for mask in self.masks(model).masks:
            by_kind.setdefault((mask.mask_type, mask.level), []).append(mask)
        return tuple(
            self._entry(mask_type, level, masks) for (mask_type, level), masks in by_kind.items()
        )

    def masks(self, model: Model) -> Masks:
        """What of it a recipe can say, and why not the rest."""
        return masks_of(model, self.map, self.kept)

    def problems(self) -> tuple[str, ...]:
        """What would make a training fail or do nothing."""
        return (
            ("channel pruning ends before it starts",)
            if (self.kept and self.end_epoch <= self.start_epoch)
            else ()
        )

    def _entry(self, mask_type: str, level: float, masks: list[Mask]) -> RecipeEntry:
        together = [list(mask.weights) for mask in masks if len(mask.weights) > 1]
        return RecipeEntry(
            tag="StructuredPruningModifier",
            args=(
                ("start_epoch", self.start_epoch),
                ("end_epoch", self.end_epoch),
                ("update_frequency", self.update_frequency),
                ("init_sparsity", min(_FIRST_LEVEL, level)),
                ("final_sparsity", level),
                ("params", [literal_pattern(name) for mask in masks for name in mask.weights]),
                *((("param_groups", together),) if together else ()),
                ("inter_func", "cubic"),
                ("leave_enabled", True),
                ("mask_type", mask_type),
            ),
        )
