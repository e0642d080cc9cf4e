"""How an optimization is seen: by layer, or by group of channels where it cuts these."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from textual.content import Content

from sparsify_tui.core.estimate import Outlook
from sparsify_tui.core.loss_profile import LossProfile
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.project import Project
from sparsify_tui.core.text import clean_text
from sparsify_tui.tui.channel_front import FrontView
from sparsify_tui.tui.channel_lines import (
    channel_outlook_lines,
    group_lines,
    layer_width_lines,
    locked_lines,
)
from sparsify_tui.tui.channel_rows import CHANNEL_COLUMNS, channel_rows
from sparsify_tui.tui.channel_view import ChannelView, channel_view
from sparsify_tui.tui.outlook import outlook_lines, plan_detail
from sparsify_tui.tui.plan_charts import Levels
from sparsify_tui.tui.plan_entries import Entry, entries_of
from sparsify_tui.tui.plan_table import COLUMNS, plan_rows
from sparsify_tui.tui.symbols import SymbolSet
from sparsify_tui.tui.widgets.headline import Part
from sparsify_tui.tui.widgets.table_model import Column, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLens:
    """All that the section shows of an optimization."""

    project: Project
    plan: Optimization
    perf: PerfProfile | None
    loss: LossProfile | None
    entries: Mapping[str, Entry]
    """What the rows stand for, by key, in order; those of folded rows included."""
    channels: ChannelView | None
    """None where the rows are layers."""

    @property
    def columns(self) -> Sequence[Column]:
        """Of the table."""
        return COLUMNS if self.channels is None else CHANNEL_COLUMNS

    def lines(
        self, outlook: Outlook, *, is_met: bool, steps: tuple[int, int]
    ) -> Sequence[Sequence[Part]]:
        """What stands above the table."""
        if self.channels is not None:
            return channel_outlook_lines(self.channels, outlook, steps)
        return outlook_lines(self.project.model, self.plan, outlook, is_met=is_met, steps=steps)

    def rows(self, unfolded: Collection[str], symbols: SymbolSet) -> list[Row]:
        """Of the table."""
        if self.channels is None:
            return plan_rows(self.project, self.plan, self.perf, symbols)
        return channel_rows(self.channels, tuple(self.entries.values()), unfolded, symbols)

    @property
    def levels(self) -> Levels:
        """How far each group or layer goes, for the bars."""
        rows = [one for one in self.entries.values() if not one.parent]
        is_by_group = self.channels is not None
        return Levels(
            keys=[one.key for one in rows],
            labels=[self.name(one) for one in rows],
            values=[self._level(one) for one in rows],
            title="units that go" if is_by_group else "sparsity by layer, graph order",
            noun="rows" if is_by_group else "layers",
        )

    @property
    def front(self) -> FrontView | None:
        """What a search for narrower channels measured."""
        return self.channels.front if self.channels else None

    def name(self, entry: Entry) -> str:
        """What a person calls a row."""
        if self.channels is not None:
            return self.channels.name(entry)
        return entry.layer.label if entry.layer else entry.key

    def detail(self, entry: Entry) -> Content:
        """All that is known of a row."""
        if entry.layer is not None:
            widths = layer_width_lines(self.channels, entry.layer.id) if self.channels else ()
            return plan_detail(entry.layer, self.plan, self.loss, self.perf, widths)
        lines: list[str] = []
        if self.channels is not None and entry.group is not None:
            lines = group_lines(self.channels, entry.group, self.loss)
        elif self.channels is not None and entry.locked is not None:
            lines = locked_lines(self.channels, entry.locked)
        title = clean_text(self.name(entry), 40)
        return Content.assemble((title, "bold"), "\n", "\n".join(lines))

    def _level(self, entry: Entry) -> float | None:
        if self.channels is not None:
            return self.channels.level(entry.group) if entry.group else None
        return self.plan.levels.get(entry.layer.id, 0.0) if entry.layer else None


def lens_of(
    project: Project, plan: Optimization, perf: PerfProfile | None, loss: LossProfile | None
) -> PlanLens:
    """How a plan is seen now."""
    return PlanLens(
        project=project,
        plan=plan,
        perf=perf,
        loss=loss,
        entries={one.key: one for one in entries_of(project.model, plan)},
        channels=channel_view(project.model, plan, perf, project.perf_profiles),
    )
