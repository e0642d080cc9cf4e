"""The layers of a loss profile with all that the section shows of them."""

from __future__ import annotations

from dataclasses import dataclass

from sparsify_tui.core.loss_profile import GroupLoss, LayerLoss, LossProfile
from sparsify_tui.core.model import Layer, Model
from sparsify_tui.core.profile import LayerTime, PerfProfile
from sparsify_tui.tui.loss.figures import Aspect, Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One layer: what it is, what it loses, and what time it takes."""

    key: str
    layer: Layer | None
    """None when the model has it no more."""
    loss: LayerLoss | None
    """None when the profile does not know it."""
    time: LayerTime | None
    groups: tuple[GroupLoss, ...] = ()
    """Of a channel profile, those that it makes; it has the values of the first."""

    @property
    def is_repeated(self) -> bool:
        """Whether its values are those of a group that another layer stands for."""
        return bool(self.groups) and self.groups[0].first != self.key

    @property
    def label(self) -> str:
        """What a person calls the layer."""
        return self.layer.label if self.layer else self.key

    @property
    def op_type(self) -> str:
        """Its operator; empty when unknown."""
        return self.layer.op_type if self.layer else ""

    @property
    def params(self) -> int | None:
        """Elements of its weight and bias."""
        return self.layer.params if self.layer else None

    @property
    def ms(self) -> float | None:
        """Its time in the performance profile."""
        return self.time.ms if self.time else None

    @property
    def share(self) -> float | None:
        """Of the run's time."""
        return self.time.share if self.time else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LossView:
    """A profile as the section shows it, seen at one level or scheme."""

    profile: LossProfile
    entries: tuple[Entry, ...]
    aspect: Aspect | None
    """None when the profile has neither levels nor schemes."""

    def figure(self, entry: Entry) -> Figure:
        """What a layer loses at the chosen level or scheme."""
        return self.aspect.figure(entry.loss) if self.aspect else Figure()

    @property
    def distinct(self) -> tuple[Entry, ...]:
        """The entries, of each group of channels only one."""
        return tuple(entry for entry in self.entries if not entry.is_repeated)

    @property
    def has_times(self) -> bool:
        """Whether a performance profile knows one of the layers."""
        return any(entry.ms is not None for entry in self.entries)


def entries_of(model: Model, profile: LossProfile, perf: PerfProfile | None) -> tuple[Entry, ...]:
    """The layers in graph order, then those of the profile that the model has no more.

    Times count only when they are of the same content of the model file.
    """
    is_same = perf is not None and perf.model_digest == profile.model_digest
    times = {row.id: row for row in perf.layers} if perf is not None and is_same else {}
    losses = {row.id: row for row in profile.layers}
    known = [layer for layer in model.layers if layer.prunable or layer.id in losses]
    gone = losses.keys() - {layer.id for layer in known}
    entries = [
        Entry(
            key=layer.id,
            layer=layer,
            loss=losses.get(layer.id),
            time=times.get(layer.id),
            groups=profile.groups_of(layer.id),
        )
        for layer in known
    ]
    return (
        *entries,
        *(
            Entry(key=row.id, layer=None, loss=row, time=times.get(row.id))
            for row in profile.layers
            if row.id in gone
        ),
    )
