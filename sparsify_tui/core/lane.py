"""The int8 lane of a performance profile: measured beside the float times."""

from __future__ import annotations

from dataclasses import dataclass

from sparsify_tui.core.foretold import Checked, Foretold
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.placement import Edge
from sparsify_tui.core.timing import Timing


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix(Foretold):
    """Some layers in int8, others in float: what was predicted, and what was measured."""

    name: str
    layers: tuple[LayerId, ...]
    """Those in int8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Int8Lane(Checked):
    """The same model with every layer in int8 that can be, measured in the same rounds."""

    refused: str = ""
    """Why there is no such lane; empty when there is one."""
    total: Timing | None = None
    """End to end."""
    float_ms: float | None = None
    """Of the prepared float form, which the prediction starts from."""
    calibration: str = ""
    """What the ranges were taken from, in words."""
    is_made_up: bool = False
    """Whether that was no data of the user's."""
    repairs: tuple[str, ...] = ()
    """What had to be changed in the copy, in words."""
    respelled: bool = False
    """Whether slow spellings of operators are rewritten in the copy."""
    layers: tuple[LayerId, ...] = ()
    """Those that are int8 in it."""
    scale: float = 1.0
    """End to end over the sum of the profile's rows."""
    element_ns: float = 0.0
    """Fitted: time for each element that crosses between int8 and float."""
    share_ms: float = 0.0
    """Fitted: time of having all layers in int8 beyond the sum of their own times."""
    edges: tuple[Edge, ...] = ()
    mixes: tuple[Mix, ...] = ()
    """Every mix that was measured, beside what was predicted for it without it."""
