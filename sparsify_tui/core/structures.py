"""Which weights pruning may take together: the structures, and the levels that each of them has."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import UsageError

BLOCK = 4
"""Weights in a block of the structure `block4`."""
PLAIN_STRUCTURES = ("unstructured", "block4")
"""Zeros in single weights, at any level; N:M has one level of its own."""
CHANNEL = "channel"
"""No zeros, but fewer channels: in whole groups of layers, so that no weight can tell alone."""
_N_OF_M = re.compile(r"([1-9]\d?):([1-9]\d?)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightAxes:
    """Which axes of a stored weight run over what its layer gives and takes."""

    outputs: int | None = None
    """None where it cannot be told, or is no axis of its own."""
    inputs: int | None = None
    groups: int = 1
    """Parts of the inputs axis that serve outputs of their own: of a grouped ConvTranspose.

    A grouped Conv has 1, since its outputs axis runs over the outputs of all groups.
    """


def n_of_m(structure: str) -> tuple[int, int] | None:
    """How many of how many consecutive weights stay, such as (2, 4) of `2:4`; else None."""
    match = _N_OF_M.fullmatch(structure)
    if match is None:
        return None
    kept, size = int(match[1]), int(match[2])
    return (kept, size) if kept < size else None


def levels_of(structure: str, levels: Iterable[float]) -> tuple[float, ...]:
    """The levels that exist among those asked for: N:M has its own one, 1 − N/M, whatever is asked.

    Raises:
        UsageError: There is no such structure.
    """
    if structure == CHANNEL:
        return tuple(levels)
    check_structure(structure)
    group = n_of_m(structure)
    if group is None:
        return tuple(levels)
    kept, size = group
    return ((size - kept) / size,)


def check_structure(structure: str) -> None:
    """Raises UsageError where there is no such structure of a single weight."""
    if structure not in PLAIN_STRUCTURES and n_of_m(structure) is None:
        raise UsageError(
            f"There is no structure {clean_text(structure)}.",
            f"Take {', '.join((*PLAIN_STRUCTURES, CHANNEL))}, or N:M such as 2:4.",
        )
