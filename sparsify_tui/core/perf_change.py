"""Two performance profiles side by side, layer by layer, and what keeps them apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sparsify_tui.core.model import LayerId, Model
from sparsify_tui.core.profile import PerfProfile

MEASURED_APART = "measured apart, not in turn: small changes may be noise"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerChange:
    """One layer's time in two profiles."""

    id: LayerId
    label: str
    op_type: str
    a_ms: float | None
    b_ms: float | None
    only_in: Literal["", "a", "b"] = ""
    """The one profile that knows the layer at all; empty when both do."""

    @property
    def delta_ms(self) -> float | None:
        """The second's time less the first's."""
        return None if self.a_ms is None or self.b_ms is None else self.b_ms - self.a_ms

    @property
    def delta(self) -> float | None:
        """`delta_ms` over the first's time."""
        return None if self.delta_ms is None or not self.a_ms else self.delta_ms / self.a_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class PerfChange:
    """Two profiles joined by layer."""

    a: PerfProfile
    b: PerfProfile
    layers: tuple[LayerChange, ...]
    differences: tuple[str, ...]
    """What keeps the two from being compared, in words."""

    @property
    def speed_up(self) -> float:
        """The first's median over the second's: above 1, the second is faster."""
        return self.a.total.median_ms / self.b.total.median_ms


def compare_profiles(model: Model, a: PerfProfile, b: PerfProfile) -> PerfChange:
    """Joins two profiles by layer id: the model's layers first, then those it has no more."""
    before, after = _times(a), _times(b)
    known = {layer.id: (layer.label, layer.op_type) for layer in model.layers}
    ids = [one for one in known if one in before or one in after]
    ids += [one for one in dict.fromkeys((*before, *after)) if one not in known]
    return PerfChange(
        a=a,
        b=b,
        layers=tuple(
            LayerChange(
                id=one,
                label=known.get(one, (one, ""))[0],
                op_type=known.get(one, (one, ""))[1],
                a_ms=before.get(one),
                b_ms=after.get(one),
                only_in="a" if one not in after else "b" if one not in before else "",
            )
            for one in ids
        ),
        differences=_differences(a, b),
    )


def _times(profile: PerfProfile) -> Mapping[LayerId, float | None]:
    return {row.id: row.ms for row in profile.layers}


def _differences(a: PerfProfile, b: PerfProfile) -> tuple[str, ...]:
    found = list(a.environment.differences(b.environment))
    if a.batch != b.batch:
        found.append(f"batch {a.batch} and {b.batch}")
    if a.inputs != b.inputs:
        found.append(f"fed with {a.inputs} and {b.inputs}")
    if a.model_digest != b.model_digest:
        found.append("the model file has changed in between")
    return tuple(found)
