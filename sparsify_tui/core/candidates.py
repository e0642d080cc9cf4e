"""The mixes of int8 and float layers that are worth measuring."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from random import Random

from sparsify_tui.core.model import LayerId
from sparsify_tui.core.placement import MixModel

_BOUNDARY_COSTS_NS = (1.0, 0.2, 3.0)
"""For an element; METHODS of our own: what raced well over 21 models before anything is fitted."""

_PROBED_SHARES = (0.25, 0.45, 0.65, 0.85)
_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A mix with a name for people."""

    name: str
    layers: frozenset[LayerId]
    between: bool = True
    """Whether additions and poolings between two int8 layers stay in int8, too."""


def candidates(model: MixModel, kinds: Mapping[LayerId, str]) -> tuple[Candidate, ...]:
    """Distinct mixes in the order of hope, all layers first.

    Args:
        model: Predicts; fitted or not.
        kinds: Of each layer that can be int8: matrix, depthwise, squeeze, pointwise, spatial.
    """
    return _distinct(_ideas(model, kinds))


def probes(model: MixModel) -> tuple[Candidate, ...]:
    """Scattered mixes, always the same, which tell what boundaries cost.

    A fit on them foretold other mixes within 6 % in nine cases of ten, on hopeful ones within
    13 %: hopeful mixes have few boundaries.
    """
    layers = tuple(model.gains_ms)
    generator = Random(_SEED)  # noqa: S311 - no secret: the same mixes each time
    counts = [round(share * len(layers)) for share in _PROBED_SHARES]
    return _distinct(
        Candidate(name=f"{count} scattered", layers=frozenset(generator.sample(layers, count)))
        for count in counts
        if 0 < count < len(layers)
    )


def late_starts(model: MixModel) -> tuple[Candidate, ...]:
    """All but the first layers, which may be a fixed front end that must stay exact."""
    layers = tuple(model.gains_ms)
    counts = dict.fromkeys((1, 2, 4, len(layers) // 4, len(layers) // 2))
    return _distinct(
        Candidate(name=f"all but the first {count}", layers=frozenset(layers[count:]))
        for count in counts
        if 0 < count < len(layers)
    )


def _ideas(model: MixModel, kinds: Mapping[LayerId, str]) -> Iterator[Candidate]:
    everything = frozenset(model.gains_ms)
    squeezes = {layer for layer, kind in kinds.items() if kind == "squeeze"}
    depthwise = {layer for layer, kind in kinds.items() if kind == "depthwise"}
    yield Candidate(name="all", layers=everything)
    if model.element_ns:
        yield Candidate(name="cheapest as fitted", layers=model.cheapest())
    for cost in _BOUNDARY_COSTS_NS[:1]:
        yield Candidate(name=f"cheapest at {cost:g} ns", layers=model.cheapest(cost))
    yield Candidate(name="without squeeze", layers=everything - squeezes)
    yield Candidate(name="without squeeze and depthwise", layers=everything - squeezes - depthwise)
    for cost in _BOUNDARY_COSTS_NS[1:]:
        yield Candidate(name=f"cheapest at {cost:g} ns", layers=model.cheapest(cost))
    gaining = frozenset(layer for layer, gain in model.gains_ms.items() if gain > 0)
    yield Candidate(name="faster on their own", layers=gaining)


def _distinct(found: Iterable[Candidate]) -> tuple[Candidate, ...]:
    by_mix: dict[tuple[frozenset[LayerId], bool], Candidate] = {}
    for one in found:
        if one.layers:
            by_mix.setdefault((one.layers, one.between), one)
    return tuple(by_mix.values())
