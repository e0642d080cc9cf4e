"""Where int8 goes: what a mix of int8 and float layers costs, and which mix is the cheapest.

The time of a mix S is taken to be

    float + scale · Σ_S (int8 − float) + element_ns · (elements crossing) + share_ms · |S| / n

with the layers' own times from one profile of each form. The last two factors are fitted on
measured mixes; a constant for each edge, fitted besides, foretold other mixes no better. A
heuristic of ours; its error is kept with the profile and shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sparsify_tui.core.changes import Changes
from sparsify_tui.core.mincut import source_side
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.timing import Ratio

_ALL_INT8_WEIGHT = 3.0
"""The mix of all layers is the one most asked for, so that the fit leans on it."""
_MS_PER_NS = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A tensor that one layer makes and another takes, whatever elementwise work lies between.

    None stands for float work: an input or output of the model, or a layer that is never int8.
    """

    source: LayerId | None
    target: LayerId | None
    elements: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MixModel:
    """Predicts the time of any mix of int8 and float layers."""

    float_ms: float
    """End to end with no layer in int8."""
    gains_ms: Mapping[LayerId, float]
    """Float less int8 time of each layer that can be int8; below 0 where int8 is slower."""
    edges: tuple[Edge, ...]
    scale: float = 1.0
    """End to end over the sum of the profile's rows."""
    element_ns: float = 0.0
    share_ms: float = 0.0

    def predict(self, chosen: Collection[LayerId]) -> float:
        """Milliseconds end to end with the chosen layers in int8."""
        share = len(chosen) / len(self.gains_ms) if self.gains_ms else 0.0
        return (
            self._without_edges(chosen)
            + self.element_ns * _MS_PER_NS * self.crossing(chosen)
            + self.share_ms * share
        )

    def crossing(self, chosen: Collection[LayerId]) -> int:
        """Elements that change between int8 and float only because of the mix.

        What a layer converts even with all others in int8 is part of its own int8 time.
        """
        return sum(
            edge.elements
            for edge in self.edges
            if edge.source in self.gains_ms
            and edge.target in self.gains_ms
            and (edge.source in chosen) != (edge.target in chosen)
        )

    def fitted(self, measured: Iterable[tuple[Collection[LayerId], float]]) -> MixModel:
        """The same with both factors by weighted least squares, neither below 0.

        Args:
            measured: Mixes and their milliseconds end to end.
        """
        rows = [
            (
                self.crossing(chosen) * _MS_PER_NS,
                len(chosen) / max(len(self.gains_ms), 1),
                ms - self._without_edges(chosen),
                _ALL_INT8_WEIGHT if len(chosen) == len(self.gains_ms) else 1.0,
            )
            for chosen, ms in measured
        ]
        element_ns, share_ms = _non_negative_least_squares(rows)
        return replace(self, element_ns=element_ns, share_ms=share_ms)

    def cheapest(self, element_ns: float | None = None) -> frozenset[LayerId]:
        """The mix of least predicted time: a minimum cut, exact for costs of this form.

        Source: Greig, Porteous and Seheult 1989, section 2.

        Args:
            element_ns: Boundary cost in place of the fitted one.
        """
        per_element = (self.element_ns if element_ns is None else element_ns) * _MS_PER_NS
        each = self.share_ms / max(len(self.gains_ms), 1)
        worth = {layer: gain * self.scale - each for layer, gain in self.gains_ms.items()}
        links = [
            (edge.source, edge.target, edge.elements * per_element)
            for edge in self.edges
            if edge.source in worth and edge.target in worth and edge.source != edge.target
        ]
        return frozenset(source_side(worth, links))

    def _without_edges(self, chosen: Collection[LayerId]) -> float:
        return self.float_ms - self.scale * sum(self.gains_ms.get(layer, 0.0) for layer in chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raced:
    """One candidate of a search: raced against the model's float forms."""

    name: str
    layers: int
    """How many compute in int8."""
    predicted_ms: float | None
    ratio: Ratio
    """The original's time over its own: above 1 it is faster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What a search chose, and what that rests on."""

    changes: Changes
    cause: str
    """Why nothing, or not everything, became int8; empty where all did."""
    float_form: str
    """Which float form of the model was the fastest: the original, or a rewriting of it."""
    ratio: Ratio | None
    """The fastest float form's time over the chosen one's, pooled over the gate's passes.

    None where the chosen one is that form itself.
    """
    speed_up: Ratio | None
    """The original's time over the chosen one's, pooled over the gate's passes.

    None where the original stays, so that there was nothing to measure.
    """
    passes: tuple[Ratio, ...]
    """The gate: each in fresh sessions, against the fastest float form."""
    raced: tuple[Raced, ...]
    predicted_ms: float | None
    measured_ms: float | None
    metric: str
    """Of the guard beside the clock, in words with both figures."""
    calibration: str
    repairs: tuple[str, ...]
    batch: int
    threads: int
    model_digest: str


def _non_negative_least_squares(
    rows: Sequence[tuple[float, float, float, float]],
) -> tuple[float, float]:
    """Factors a, b ≥ 0 that minimise Σ weight · (a·x + b·y − z)² over rows (x, y, z, weight)."""
    xx, yy, xy, xz, yz = (
        sum(w * x * x for x, _, _, w in rows),
        sum(w * y * y for _, y, _, w in rows),
        sum(w * x * y for x, y, _, w in rows),
        sum(w * x * z for x, _, z, w in rows),
        sum(w * y * z for _, y, z, w in rows),
    )
    determinant = xx * yy - xy * xy
    if determinant > 1e-12 * max(xx * yy, 1e-300):
        a, b = (xz * yy - yz * xy) / determinant, (yz * xx - xz * xy) / determinant
        if a >= 0 and b >= 0:
            return a, b
    only_a = max(xz / xx, 0.0) if xx else 0.0
    only_b = max(yz / yy, 0.0) if yy else 0.0
    # with one of them at its bound, each other's own optimum: the one that explains more
    return (only_a, 0.0) if only_a * xz >= only_b * yz else (0.0, only_b)
