"""The optimization as it is edited: its past, and what is still to be stored. No Textual here."""

from __future__ import annotations

from collections.abc import Callable

from sparsify_tui.core.history import History
from sparsify_tui.core.optimization import Optimization


class PlanEditor:
    """One plan at a time."""

    def __init__(self) -> None:
        self._history: History | None = None
        self._is_unsaved = False

    @property
    def plan(self) -> Optimization | None:
        """The plan as it is now."""
        return self._history.present if self._history else None

    @property
    def steps(self) -> tuple[int, int]:
        """How many edits can be undone and redone."""
        return (len(self._history.past), len(self._history.future)) if self._history else (0, 0)

    def look_at(self, stored: Optimization | None) -> None:
        """Takes up what is stored, with the past of the same plan; unsaved edits of it stay."""
        if stored is None:
            self._history = None
        elif self.plan is None or self.plan.id != stored.id:
            self._history, self._is_unsaved = History(present=stored), False
        elif self._history is not None and not self._is_unsaved:
            self._history = self._history.stored(stored)

    def edit(self, change: Callable[[Optimization], Optimization]) -> bool:
        """One step further; returns whether anything changed."""
        return self._take(lambda history: history.then(change(history.present)))

    def undo(self) -> bool:
        """One step back; returns whether there was one."""
        return self._take(History.undo)

    def redo(self) -> bool:
        """One step forward; returns whether there was one."""
        return self._take(History.redo)

    def take_unsaved(self) -> Optimization | None:
        """The plan, where it is still to be stored; from here on it counts as stored."""
        is_unsaved, self._is_unsaved = self._is_unsaved, False
        return self.plan if is_unsaved else None

    def _take(self, move: Callable[[History], History]) -> bool:
        if self._history is None:
            return False
        moved = move(self._history)
        is_moved = moved is not self._history
        self._history, self._is_unsaved = moved, self._is_unsaved or is_moved
        return is_moved
