"""Code that makes a PyTorch model narrower: the channels of an optimization, and how they go.

The table goes by modules, whose axes PyTorch knows; which normalizations follow is seen in one
run. Only groups are in it of which every layer has a PyTorch name in the ONNX file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from sparsify_tui.core.channels.groups import AxisWidth, ChannelGroup, GroupId, GroupPart
from sparsify_tui.core.model import Layer, LayerId, Model
from sparsify_tui.core.modifiers import ChannelPruning
from sparsify_tui.core.text import clean_text
from sparsify_tui.export.narrow_template import FUNCTIONS

_INTRODUCTION = """\
# Channels that go together: how many units there are, which of them the optimization keeps, and
# where they lie on the outputs and inputs of modules, in runs of
# (first element, first unit, units, elements of each).
"""
_LEFT_WHOLE = "Left whole, since a layer of theirs has no PyTorch name in the ONNX file:"
_MOST_NAMED = 10
_LONG = 90


def narrow_code(model: Model, channels: ChannelPruning) -> str:
    """The table of a plan's groups, and the functions that cut by it; empty without a cut."""
    cuts = {one.id: one.removed for one in channels.cuts}
    if not cuts:
        return ""
    table = _Table(model, channels)
    groups = [one for one in channels.map.groups if one.id in cuts]
    entries = [table.entry(one, cuts[one.id]) for one in groups if not table.foreign(one)]
    left_whole = [one.id for one in groups if table.foreign(one)]
    rows = "".join(f"    {entry},\n" for entry in entries)
    table_text = f"GROUPS = (\n{rows})\n" if entries else "GROUPS = ()\n"
    return f"\n\n{_INTRODUCTION}{_left_whole(left_whole)}{table_text}{FUNCTIONS}"


def _left_whole(groups: Sequence[GroupId]) -> str:
    if not groups:
        return ""
    lines = [_LEFT_WHOLE, *(f"    {clean_text(one, _LONG)}" for one in groups[:_MOST_NAMED])]
    if len(groups) > _MOST_NAMED:
        lines.append(f"    … and {len(groups) - _MOST_NAMED} more")
    return "".join(f"# {line}\n" for line in lines)


class _Table:
    """Where the units of groups lie in PyTorch modules."""

    def __init__(self, model: Model, channels: ChannelPruning) -> None:
        self._layers: Mapping[LayerId, Layer] = {one.id: one for one in model.layers}
        self._widths = {one.id: one for one in channels.map.layers}

    def foreign(self, group: ChannelGroup) -> bool:
        """Whether a layer of the group cannot be found in PyTorch, or not where its units lie."""
        outputs, inputs = self._sides(group)
        known = [*outputs, *inputs]
        return len(known) < len(group.producers) + len(group.consumers) or not all(
            part.runs for _, part in known
        )

    def entry(self, group: ChannelGroup, removed: Sequence[int]) -> str:
        """A group as a line of the table: a dict of plain values."""
        outputs, inputs = self._sides(group)
        gone = frozenset(removed)
        kept = _ranges(unit for unit in range(group.size) if unit not in gone)
        return (
            f'{{"units": {group.size}, "kept": "{kept}", '
            f'"outputs": {_places(outputs)}, "inputs": {_places(inputs)}}}'
        )

    def _sides(self, group: ChannelGroup) -> tuple[list[tuple[str, GroupPart]], ...]:
        outputs = [
            (name, part)
            for one in group.producers
            for name, part in self._named(one, group.id, is_output=True)
        ]
        inputs = [
            (name, part)
            for one in group.consumers
            for name, part in self._named(one, group.id, is_output=False)
        ]
        return outputs, inputs

    def _named(
        self, layer: LayerId, group: GroupId, *, is_output: bool
    ) -> Iterator[tuple[str, GroupPart]]:
        """The module of a layer with the group's part of its axis, where both are known."""
        widths, known = self._widths.get(layer), self._layers.get(layer)
        if widths is None or known is None or known.module_path is None:
            return
        axis: AxisWidth = widths.outputs if is_output else widths.inputs
        for part in axis.parts:
            if part.id == group:
                yield known.module_path, part


def _places(places: Iterable[tuple[str, GroupPart]]) -> str:
    """By module, the runs as (first element, first unit, units, elements of each)."""
    return repr(
        {
            name: tuple((run.start, run.unit, run.count, run.width) for run in part.runs)
            for name, part in places
        }
    )


def _ranges(numbers: Iterable[int]) -> str:
    """Rising numbers as `0-3 7 9-12`."""
    parts = []
    for _, neighbours in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        run = [number for _, number in neighbours]
        parts.append(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}")
    return " ".join(parts)
