"""A range of marks: from the row where it began to the row where the cursor is."""

from __future__ import annotations

from collections.abc import Collection, Sequence


class MarkRange:
    """Marks the rows between, besides those that were marked when it began.

    Args:
        start: The row where it begins.
        marks: Those of then.
    """

    def __init__(self, start: str, marks: Collection[str]) -> None:
        self._start = start
        self.marks_before = frozenset(marks)

    def marks_to(self, end: str, shown: Sequence[str]) -> frozenset[str]:
        """All marks when it reaches to `end`; a start that is shown no more is left out."""
        if end not in shown or self._start not in shown:
            return self.marks_before | {end}
        first, last = sorted((shown.index(self._start), shown.index(end)))
        return self.marks_before.union(shown[first : last + 1])
