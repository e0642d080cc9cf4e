"""Which bars of a chart are in sight, and where on the widget they stand."""

from __future__ import annotations

from dataclasses import dataclass

_MOST_CELLS_A_BAR = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class BarWindow:
    """Bars `first` to `first + count - 1` of `total`, `pitch` cells each, from `left` on."""

    first: int
    count: int
    total: int
    pitch: int
    left: int

    @property
    def hidden_after(self) -> int:
        """How many bars are out of sight on the right."""
        return self.total - self.first - self.count

    @property
    def bar_width(self) -> int:
        """Cells that are filled; wider bars leave one cell free to their neighbour."""
        return max(1, self.pitch - 1)

    def column(self, index: int) -> int:
        """The first cell of a bar."""
        return self.left + (index - self.first) * self.pitch

    def index_at(self, x: int) -> int | None:
        """The bar that stands at cell `x`, if any."""
        place = (x - self.left) // self.pitch
        return self.first + place if 0 <= place < self.count else None


def window_over(*, total: int, cursor: int, first: int, left: int, width: int) -> BarWindow:
    """Fits bars into `width` cells; moves `first` only when the cursor would be out of sight."""
    room = max(1, width)
    pitch = max(1, min(_MOST_CELLS_A_BAR, room // max(1, total)))
    count = min(total, room // pitch)
    if not first <= cursor < first + count:
        first = cursor - count // 2
    first = max(0, min(first, total - count))
    return BarWindow(first=first, count=count, total=total, pitch=pitch, left=left)
