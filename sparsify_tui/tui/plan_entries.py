"""What the rows of an optimization stand for: groups of channels that unfold, or layers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from sparsify_tui.core.channels.groups import ChannelGroup, ChannelMap, LockedChannels
from sparsify_tui.core.model import Layer, LayerId, Model
from sparsify_tui.core.modifiers import ChannelPruning
from sparsify_tui.core.optimization import Optimization, changeable_layers


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row: a group, channels that cannot go, or a layer."""

    key: str
    """Of its row; entries of other kinds never share one."""
    group: ChannelGroup | None = None
    locked: LockedChannels | None = None
    layer: Layer | None = None
    parent: str = ""
    """Key of the entry that unfolds into it."""

    @property
    def unfolds(self) -> bool:
        """Whether there are layers in it."""
        return bool(self.group or (self.locked and self.locked.layers))


def entries_of(model: Model, plan: Optimization) -> tuple[Entry, ...]:
    """Groups with their layers where the plan cuts channels, else the layers."""
    channels = plan.find(ChannelPruning)
    return layer_entries(model) if channels is None else channel_entries(model, channels.map)


def layer_entries(model: Model) -> tuple[Entry, ...]:
    """The layers that can be changed, in graph order."""
    return tuple(Entry(key=layer.id, layer=layer) for layer in changeable_layers(model))


def channel_entries(model: Model, channels: ChannelMap) -> tuple[Entry, ...]:
    """Groups, then what is locked, then layers without channels, each above its layers.

    A layer stands once: below the first that makes its channels.
    """
    return tuple(_channel_entries(model, channels))


def entries_in_sight(entries: Iterable[Entry], unfolded: Collection[str]) -> tuple[Entry, ...]:
    """Without the layers of what is folded."""
    return tuple(one for one in entries if not one.parent or one.parent in unfolded)


def _channel_entries(model: Model, channels: ChannelMap) -> Iterator[Entry]:
    left = {layer.id: layer for layer in changeable_layers(model)}
    for at, group in enumerate(channels.groups):
        entry = Entry(key=f"group {at}", group=group)
        yield entry
        yield from _taken(left, group.producers, entry)
    for at, locked in enumerate(channels.locked):
        entry = Entry(key=f"locked {at}", locked=locked)
        yield entry
        yield from _taken(left, locked.layers, entry)
    yield from (Entry(key=f"layer {layer.id}", layer=layer) for layer in left.values())


def _taken(left: dict[LayerId, Layer], ids: Iterable[LayerId], parent: Entry) -> Iterator[Entry]:
    layers = [left.pop(one) for one in ids if one in left]
    return (Entry(key=f"layer {one.id}", layer=one, parent=parent.key) for one in layers)
