"""What is done to a copy of the model: all that `apply` and `benchmark` have to build."""

from __future__ import annotations

from dataclasses import dataclass

from sparsify_tui.core.channels.groups import GroupId
from sparsify_tui.core.model import LayerId


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCut:
    """Units of one group of channels that are removed."""

    id: GroupId
    removed: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Zeros first, then the lossless rewriting, then fewer channels, then int8."""

    levels: tuple[tuple[LayerId, float], ...] = ()
    """Unstructured sparsity by layer; layers that are not named stay as they are."""
    int8: tuple[LayerId, ...] = ()
    """Layers that compute in int8."""
    between: bool = True
    """Whether additions and poolings between two int8 layers stay in int8, too."""
    respelled: bool = False
    """Whether spellings that run slowly are rewritten, which changes no output beyond rounding.

    Old spellings of HardSwish and GELU become one operator; scales, shifts and BatchNorm go
    into the weights beside them.
    """

    channels: tuple[ChannelCut, ...] = ()
    """What is cut out, by group."""
    repair: str = "none"
    """`auto` fits what is left to the old outputs where held-out samples say it helps."""

    @property
    def needs_preparation(self) -> bool:
        """Whether the model is brought into its prepared float form first."""
        return bool(self.int8) or bool(self.channels) or self.respelled
