"""An optimization and its past, for undo and redo."""

from __future__ import annotations

from dataclasses import dataclass

from sparsify_tui.core.optimization import Optimization

_DEPTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The plan and its past, for undo and redo."""

    present: Optimization
    past: tuple[Optimization, ...] = ()
    future: tuple[Optimization, ...] = ()

    def then(self, plan: Optimization) -> History:
        """A new step; what had been undone is forgotten. No change makes no step."""
        if plan == self.present:
            return self
        return History(present=plan, past=(*self.past, self.present)[-_DEPTH:])

    def stored(self, plan: Optimization) -> History:
        """The same past, with the present as it was stored."""
        return History(present=plan, past=self.past, future=self.future)

    def undo(self) -> History:
        """One step back, where there is one."""
        if not self.past:
            return self
        return History(
            present=self.past[-1], past=self.past[:-1], future=(self.present, *self.future)
        )

    def redo(self) -> History:
        """One step forward again, where there is one."""
        if not self.future:
            return self
        return History(
            present=self.future[0], past=(*self.past, self.present), future=self.future[1:]
        )
