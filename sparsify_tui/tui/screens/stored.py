"""A section whose things are stored: open another, rename, delete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from sparsify_tui.core.loss_profile import LossProfile
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.project import BenchmarkRun
from sparsify_tui.core.units import format_when
from sparsify_tui.tui import questions
from sparsify_tui.tui.dialogs.choose import Choose
from sparsify_tui.tui.dialogs.confirm import Confirm
from sparsify_tui.tui.dialogs.pick_list import PickLine
from sparsify_tui.tui.screens.section import SectionScreen

Item = PerfProfile | LossProfile | Optimization | BenchmarkRun


class StoredScreen(SectionScreen):
    """Adds the keys that all stored things share."""

    COLLECTION: ClassVar[str]
    """The field of the project that holds them."""
    WHAT: ClassVar[str]
    """What one is called."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "open_item", "Open another", show=False, id="stored.open"),
        Binding("R", "rename_item", "Rename", show=False, id="stored.rename"),
        Binding("D", "delete_item", "Delete", show=False, id="stored.delete"),
    ]

    @property
    def items(self) -> Sequence[Item]:
        """All of this kind, the oldest first."""
        found: tuple[Item, ...] = getattr(self.project, self.COLLECTION)
        return found

    def current_item(self) -> Item | None:
        """The one that is open."""
        return {
            "perf_profiles": self.desk.perf,
            "loss_profiles": self.desk.loss,
            "optimizations": self.desk.plan,
        }.get(self.COLLECTION)

    def open_lines(self) -> list[PickLine]:
        """What can be opened, the newest first."""
        return [
            PickLine(value=one.id, label=one.name, description=format_when(one.created))
            for one in reversed(self.items)
        ]

    def open_picked(self, item_id: str) -> None:
        """Opens the one that was chosen."""
        chosen = next((one for one in self.items if one.id == item_id), None)
        if chosen is not None:
            self.desk.look_at(chosen)
            self.catch_up()

    def action_open_item(self) -> None:
        """Chooses among the stored ones."""
        lines = self.open_lines()
        if not lines:
            self.confirm(f"there is no {self.WHAT} yet")
            return

        def opened(item_id: str | None) -> None:
            if item_id is not None:
                self.open_picked(item_id)

        self.app.push_screen(Choose(f"Open another {self.WHAT}", lines), opened)

    def action_rename_item(self) -> None:
        """Asks for another name."""
        item = self.current_item()
        if item is None:
            return

        def rename(text: str) -> None:
            self.desk.bench.projects.rename_item(self.project.id, item.id, text)
            self.desk.refresh()

        questions.ask_text(
            self.owner,
            f"Rename the {self.WHAT}",
            item.name,
            lambda text: self.act(lambda: rename(text)),
        )

    def action_delete_item(self) -> None:
        """Asks, then deletes the open one."""
        item = self.current_item()
        if item is None:
            return

        def delete() -> None:
            self.desk.bench.projects.delete_item(self.project.id, item.id)
            self.desk.refresh()

        def answered(yes: bool | None) -> None:
            if yes:
                self.act(delete)

        self.app.push_screen(
            Confirm(
                f"Delete the {self.WHAT} {item.name}?", "It cannot be brought back.", yes="delete"
            ),
            answered,
        )


class NotedScreen(StoredScreen):
    """Adds notes, for the measurements."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("N", "note_item", "Notes", show=False, id="stored.notes"),
    ]

    def action_note_item(self) -> None:
        """Asks for the notes of the open one."""
        item = self.current_item()
        if item is None or isinstance(item, Optimization):
            return

        def note(text: str) -> None:
            self.desk.bench.projects.annotate_item(self.project.id, item.id, text)
            self.desk.refresh()

        questions.ask_text(
            self.owner,
            f"Notes of {item.name}",
            item.notes,
            lambda text: self.act(lambda: note(text)),
        )
