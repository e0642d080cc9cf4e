"""Loss profiles as examples: measured, estimated and not measured layers."""

from __future__ import annotations

from typing import Any

from sparsify_tui.core.loss_profile import LayerLoss, Losses, LossProfile, LossRequest
from sparsify_tui.core.model import LayerId
from sparsify_tui.tui.loss.entries import LossView, entries_of
from sparsify_tui.tui.loss.figures import aspects_of, chosen_aspect
from tests.core import examples

LEVELS = (0.5, 0.8, 0.95)
SCHEMES = ("int8", "int8-w8a8")


def measured(name: str, scale: float = 1.0, **changes: Any) -> LayerLoss:
    """A layer that loses a tenth, four tenths and nine tenths of `scale`."""
    values = tuple(scale * part for part in (0.1, 0.4, 0.9))
    fields: dict[str, Any] = {
        "id": LayerId(name),
        "weight": f"{name}.weight",
        "status": "measured",
        "pruning": Losses(
            values=values,
            lows=tuple(value * 0.8 for value in values),
            highs=tuple(value * 1.2 for value in values),
            drops=tuple(value / 10 for value in values),
            samples=(64, 64, 64),
        ),
        "quantization": Losses(values=(scale / 1000, scale / 50), samples=(64, 64)),
        "settled": True,
    }
    return LayerLoss(**fields | changes)


def estimated(name: str, scale: float = 1.0) -> LayerLoss:
    """A layer of which only the middle level is measured yet."""
    values = tuple(scale * part for part in (0.1, 0.4, 0.9))
    return measured(
        name,
        status="estimated",
        pruning=Losses(values=values, samples=(0, 2, 0)),
        quantization=Losses(),
        settled=False,
    )


def unmeasured(name: str, reason: str = "it is in the branch If_0.then_branch") -> LayerLoss:
    """A layer without any value."""
    return LayerLoss(
        id=LayerId(name), weight=f"{name}.weight", status="not measured", reason=reason
    )


def one_shot(*rows: LayerLoss, **changes: Any) -> LossProfile:
    """A finished profile by changing one layer at a time."""
    fields: dict[str, Any] = {
        "id": "s1",
        "name": "one-shot",
        "created": examples.MOMENT,
        "model_digest": "ab" * 32,
        "method": "one-shot",
        "metric": "kl",
        "source": "digits.npz",
        "samples": 64,
        "levels": LEVELS,
        "schemes": SCHEMES,
        "cpu_s": 20.0,
        "wall_s": 12.0,
        "layers": rows,
        "request": LossRequest(levels=LEVELS, schemes=SCHEMES),
    }
    return LossProfile(**fields | changes)


def view_of(profile: LossProfile, *, key: str = "", perf: Any = None) -> LossView:
    """A profile on a model of its own layers, seen at a level or scheme."""
    model = examples.model_of(*(examples.layer(row.id) for row in profile.layers))
    return LossView(
        profile=profile,
        entries=entries_of(model, profile, perf),
        aspect=chosen_aspect(aspects_of(profile), key),
    )
