"""Quantization: which layers compute in int8, and from when on a training feels it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sparsify_tui.core.fields import Setting, setting
from sparsify_tui.core.model import LayerId, Model
from sparsify_tui.core.placement import Placement
from sparsify_tui.core.recipe import RecipeEntry

Scheme = dict[str, dict[str, Any] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantization:
    """Static int8: activations with a zero point, symmetric weights with a scale a channel."""

    title = "Quantization"

    layers: tuple[LayerId, ...] = ()
    """Those that compute in int8; all others stay in float."""
    between: bool = True
    """Whether additions and poolings between two int8 layers stay in int8, too."""
    respelled: bool = False
    """Whether spellings that run slowly are rewritten, which is lossless."""
    found: Placement | None = None
    """What the search that placed it has measured; None when placed by hand."""
    start_epoch: float = setting(
        0.0,
        Setting(
            label="Round from",
            unit="epoch",
            low=0.0,
            help="From here the training computes with values rounded to int8.",
        ),
    )
    observe_until: float = setting(
        5.0,
        Setting(
            label="Ranges until", unit="epoch", low=0.0, help="Here the ranges of values are fixed."
        ),
    )
    freeze_epoch: float | None = setting(
        None,
        Setting(
            label="Freeze BatchNorm",
            unit="epoch",
            low=0.0,
            optional=True,
            help="Fixes its statistics; needs a low rate. Empty for never.",
        ),
    )

    def entries(self, model: Model) -> tuple[RecipeEntry, ...]:
        """One QuantizationModifier that names the modules it rounds; all others keep float.

        Without a scheme of their own, SparseML would round every leaf module: activations,
        normalizations and embeddings, too.
        """
        chosen = frozenset(self.layers)
        names = {one.id: one.module_path for one in model.layers if one.module_path is not None}
        inside = [name for layer, name in names.items() if layer in chosen]
        if not inside:
            return ()
        outside = [name for layer, name in names.items() if layer not in chosen]
        # SparseML compares beginnings: to ignore fc1 would ignore fc10 as well, but among
        # overrides the longest wins, so that fc1 can be overridden to stay as it is.
        shared = [name for name in outside if any(one.startswith(name) for one in inside)]
        overrides = {name: _rounded() for name in inside} | {name: _float() for name in shared}
        ignored = [name for name in outside if name not in shared]
        freeze = self.freeze_epoch
        return (
            RecipeEntry(
                tag="QuantizationModifier",
                args=(
                    ("start_epoch", self.start_epoch),
                    ("scheme", _float()),
                    ("scheme_overrides", overrides),
                    ("ignore", ignored),
                    ("disable_quantization_observer_epoch", self.observe_until),
                    *((("freeze_bn_stats_epoch", freeze),) if freeze is not None else ()),
                ),
            ),
        )

    def problems(self) -> tuple[str, ...]:
        """What would make a training fail or do nothing."""
        if not self.layers:
            return ()
        found = []
        if self.observe_until < self.start_epoch:
            found.append("int8 ranges are fixed before quantization starts")
        if self.freeze_epoch is not None and self.freeze_epoch < self.start_epoch:
            found.append("BatchNorm is frozen before quantization starts")
        return tuple(found)


def _rounded() -> Scheme:
    return {
        "input_activations": {"num_bits": 8, "symmetric": False},
        "weights": {"num_bits": 8, "symmetric": True, "strategy": "channel"},
        "output_activations": None,
    }


def _float() -> Scheme:
    return {"input_activations": None, "weights": None, "output_activations": None}
