"""What every group of channels can lose, measured: the outputs when it alone is narrowed.

The units that are missed least are cut out, what is left is repaired, and the outputs are those
of held-out samples. Layers whose channels go together are one row of values.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sparsify_tui.analyses.channels.group_table import GroupTable
from sparsify_tui.analyses.channels.model import ChannelModel, channel_model
from sparsify_tui.analyses.chunks import known_terms
from sparsify_tui.analyses.loss_log import Item, ItemLog, log_header
from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.analyses.setup import Setup, check_memory
from sparsify_tui.analyses.spent import Spent
from sparsify_tui.core.channels.group_widths import first_width
from sparsify_tui.core.channels.groups import ChannelGroup
from sparsify_tui.core.loss_profile import LossProfile, LossStage
from sparsify_tui.core.protocols import Partial, Progress
from sparsify_tui.errors import ModelError, UsageError

_PARTIAL_S = 4.0
_SELECTION, _REPAIR = "obs", "auto"


def profile_group_loss(
    setup: Setup, head: LossProfile, log: Path, shares: Mapping[str, float]
) -> Generator[Progress | Partial, None, LossProfile]:
    """Measures each group at its widths, the ones with the largest share of time first.

    Args:
        setup: The model, its data, and what to measure.
        head: The profile without rows.
        log: Path of the items; what it holds already is not measured again.
        shares: Share of time by layer; FLOPs count where there are none.

    Raises:
        SparsifyError: The model or its data cannot be used, or no channels can go.
    """
    spent = Spent()
    yield Progress(done=0, total=1, item="reading the model")
    opened = open_model(replace(setup.options, calibration=None))  # it is the data already
    check_memory(opened.model)
    with opened.named_guesses(), ItemLog(log, log_header(opened, setup)) as items:
        yield Progress(done=0, total=1, item="finding channels")
        channels = channel_model(opened)
        _check_groups(channels)
        table = GroupTable(opened, channels, head, items, spent)
        yield Partial(value=table.profile("magnitude"))
        yield Progress(done=0, total=1, item="ordering channels")
        yield from _Run(channels, table, shares or _flops(opened)).everything()
        return table.profile("done")


def _check_groups(channels: ChannelModel) -> None:
    """Raises ModelError where nothing can be measured."""
    if not channels.map.groups:
        reasons = dict.fromkeys(one.reason for one in channels.map.locked)
        raise ModelError(
            f"No channels of the model can go: {'; '.join(reasons) or 'it has none'}.",
            "Measure single weights instead: --structure unstructured.",
        )


def _flops(opened: Opened) -> dict[str, float]:
    return {layer.id: float(layer.flops or 0) for layer in opened.model.layers}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """One group at one width."""

    group: ChannelGroup
    kept: int


@dataclass(slots=True)
class _Run:
    """The measuring of one profile: one width of each group, then the others."""

    channels: ChannelModel
    table: GroupTable
    shares: Mapping[str, float]
    began: float = field(default_factory=time.perf_counter)
    told: float = field(default_factory=time.perf_counter)
    reached: LossStage = "magnitude"
    """What the table is while the next stage is being measured."""

    def everything(self) -> Generator[Progress | Partial, None, None]:
        """All stages in turn; the time left is that of all of them."""
        stages: dict[LossStage, tuple[_Cut, ...]] = {"anchors": tuple(self._cuts(is_first=True))}
        if not self.table.is_anchors_only:
            stages["levels"] = tuple(self._cuts(is_first=False))
        orders = self.channels.orders(_SELECTION)
        self.began = time.perf_counter()
        total, done = sum(map(len, stages.values())), 0
        for stage, cuts in stages.items():
            for cut in cuts:
                yield self._progress(stage, cut, done, total)
                self.table.keep(self._measured(cut, orders[cut.group.id]))
                done += 1
                if time.perf_counter() - self.told > _PARTIAL_S:
                    yield self._partial()
            self.reached = stage
            yield self._partial()

    def _cuts(self, *, is_first: bool) -> Iterator[_Cut]:
        """The first width of each group, or all others, as far as they are not known."""
        groups = [one for one in self.channels.map.groups if self.table.widths[one.id]]
        for group in sorted(groups, key=self._share, reverse=True):
            widths = self.table.widths[group.id]
            first = first_width(self.table.levels, widths)
            chosen = (first,) if is_first else dict.fromkeys(one for one in widths if one != first)
            for kept in chosen:
                if not self.table.has(group, kept):
                    yield _Cut(group=group, kept=kept)

    def _share(self, group: ChannelGroup) -> float:
        """Of the time, or FLOPs, of the layers that get narrower."""
        layers = {*group.producers, *group.consumers}
        return sum(self.shares.get(layer, 0.0) for layer in layers)

    def _measured(self, cut: _Cut, order: Sequence[int]) -> Item:
        """What is left of the outputs; a cut that does not run costs only its own value."""
        group, clock = cut.group, time.process_time()
        item = Item(layer=group.id, change=str(cut.kept), start=0, stop=self.table.samples)
        try:
            removed = tuple(order[: group.size - cut.kept])
            found = self.channels.narrowed({group.id: removed}, repair=_REPAIR)
        except (ModelError, UsageError) as error:
            return replace(item, reason=error.message)
        note = "" if found.repaired else found.words
        cpu_s = time.process_time() - clock
        return replace(item, terms=known_terms(found.terms), note=note, cpu_s=cpu_s)

    def _progress(self, stage: LossStage, cut: _Cut, done: int, total: int) -> Progress:
        spent = time.perf_counter() - self.began
        return Progress(
            done=done,
            total=total,
            item=f"{stage} {cut.group.id}, {cut.kept} of {cut.group.size} stay",
            left_s=spent / done * (total - done) if done else None,
        )

    def _partial(self) -> Partial:
        self.told = time.perf_counter()
        return Partial(value=self.table.profile(self.reached))
