"""What a changed model lost, and what became of the repair of what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sparsify_tui.core.channels.groups import GroupId
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.units import format_score


@dataclass(frozen=True, slots=True, kw_only=True)
class CutGroup:
    """A group of channels that lost some."""

    id: GroupId
    kind: str
    """`channel`, `hidden unit` or `head`."""
    size: int
    """Units that it had."""
    kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerWeight:
    """The weight of a changed layer as the written file holds it."""

    id: LayerId
    shape: tuple[int, ...]
    sparsity: float
    """Share of its elements that are zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """One repair that was asked for."""

    what: Literal["zeros", "channels"]
    """What was removed before it."""
    before: float | None
    """Error of the plain removal on held-out samples: MSE over variance of the outputs, taken
    before a final Softmax or Sigmoid. None where it could not be taken."""
    after: float | None
    """The same with the repair, kept or not; None where none could be made."""
    layers: tuple[LayerId, ...] = ()
    """Those whose weights were fitted; none where the repair was not kept."""
    left: tuple[tuple[LayerId, str], ...] = ()
    """Layers that lost weights and were not repaired, with the reason in words."""
    cause: str = ""
    """Why nothing of it was kept; empty where it is in the file."""
    samples: str
    """What it was fitted on and judged by, in words."""

    @property
    def is_kept(self) -> bool:
        """Whether the file holds repaired weights."""
        return bool(self.layers)


def change_lines(channels: tuple[CutGroup, ...], repaired: tuple[Repaired, ...]) -> list[str]:
    """What was cut, and what became of each repair."""
    return [
        *(f"{one.id}: {one.kept} of {one.size} {one.kind}s kept" for one in channels),
        *map(repair_line, repaired),
    ]


def repair_line(repair: Repaired) -> str:
    """The repair with its errors, in one sentence."""
    count = f"{len(repair.layers)} layer{'s' if len(repair.layers) != 1 else ''}"
    result = f"repaired after removing {repair.what}: {count}"
    if not repair.is_kept:
        result = f"not repaired after removing {repair.what}: {repair.cause}"
    if repair.before is None or repair.after is None:
        return result
    errors = f"{format_score(repair.before)} → {format_score(repair.after)}"
    return f"{result}; error on held-out samples {errors} ({repair.samples})"
