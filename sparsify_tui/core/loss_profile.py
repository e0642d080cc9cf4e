"""Stored measurements of what the layers lose, and what was asked of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sparsify_tui.core.channels.groups import ChannelGroup
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.options import ORIGINAL_LEVELS
from sparsify_tui.core.profile import Curve

LossMethod = Literal["magnitude", "one-shot"]
LossStatus = Literal["measured", "estimated", "not measured"]
LossStage = Literal["magnitude", "anchors", "levels", "settling", "done"]
"""How far a one-shot profile is; the table is complete at each of them."""

METHODS: tuple[LossMethod, ...] = ("magnitude", "one-shot")
SCHEMES = ("int8", "int8-tensor", "int8-w8a8", "int4")
"""Quantisation of one layer: int8 weights per channel, per tensor, with int8 inputs, int4."""
DEFAULT_SCHEMES = ("int8", "int8-w8a8", "int4")
DISTANCES = ("mse", "kl", "cosine", "agreement")
"""What can be measured between a model's outputs before and after a change; see COMMANDS."""
CHANNEL_LEVELS = (0.25, 0.5, 0.75)
"""Of a channel profile: each value takes a repair of the whole model, and widths go in steps."""
DEFAULT_SAMPLES = 64
FEW_SAMPLES = 2
"""What the first complete table rests on, where a run takes no more. One real sample ranks layers
nearly as many do; a second one gives an interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossRequest:
    """What a one-shot loss profile was asked to measure; enough to go on with it later."""

    metric: str = "auto"
    """One of DISTANCES, or `auto`: chosen by the kind of the outputs."""
    levels: tuple[float, ...] = ORIGINAL_LEVELS
    structure: str = "unstructured"
    """Or `channel`, `block4`, or N:M such as `2:4`."""
    schemes: tuple[str, ...] = DEFAULT_SCHEMES
    samples: int = DEFAULT_SAMPLES
    """Most samples that a value may rest on."""
    outputs: tuple[tuple[str, float], ...] = ()
    """Outputs that count, with their weights; empty for all alike."""
    data: str = ""
    """Path of the data file; empty for the calibration set that the project has."""
    score: str = ""
    """The user's own metric as `FILE.py:function`; empty for top-1 where labels allow it."""
    anchors_only: bool = False
    """Stop at the first complete table, whose values between the anchors are estimated."""
    workers: int | None = None
    """Evaluations at a time; None for what measures faster."""
    scheduler: str = ""
    """Address of a Dask scheduler; empty for this machine alone."""
    memory_bytes: int | None = None
    """That kept activations may take; None for a share of what is free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """Values in the order of the profile's levels, or of its schemes; parallel tuples.

    Empty tuples where nothing is known. A value is None where it could not be measured.
    """

    values: tuple[float | None, ...] = ()
    lows: tuple[float | None, ...] = ()
    """Lower end of the value's 95 % interval over samples; None where unknown."""
    highs: tuple[float | None, ...] = ()
    drops: tuple[float | None, ...] = ()
    """Fall of the metric on labelled data; None without labels."""
    samples: tuple[int, ...] = ()
    """How many samples each value rests on; 0 where it is only estimated."""

    def is_measured(self, at: int) -> bool:
        """Whether that value comes from running the changed model."""
        return at < len(self.samples) and self.samples[at] > 0 and self.values[at] is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerLoss:
    """What one layer loses at each level of the profile, and in each scheme."""

    id: LayerId
    weight: str
    status: LossStatus
    """Of the pruning levels as a whole: estimated as long as one of them is."""
    pruning: Losses = field(default_factory=Losses)
    quantization: Losses = field(default_factory=Losses)
    magnitudes: tuple[float, ...] = ()
    """|w| below which the fraction 0, 0.01, … 1 of the weights lies; empty when unknown."""
    reason: str = ""
    """Why it, or one of its values, was not measured."""
    note: str = ""
    """What else to know, such as that the layer has no effect on this data."""
    settled: bool = False
    """Whether more samples would hardly move its values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLoss:
    """What channels that can only go together lose: cut out, with the rest repaired."""

    group: ChannelGroup
    kept: tuple[int, ...] = ()
    """Units that stay at each level of the profile: the nearest count that runs well."""
    pruning: Losses = field(default_factory=Losses)

    @property
    def first(self) -> LayerId:
        """The layer that stands for it where it is to be told once."""
        return self.group.producers[0]

    def reached(self, at: int) -> float:
        """The share of the units that goes at a level, by its place."""
        return 1 - self.kept[at] / self.group.size


@dataclass(frozen=True, slots=True, kw_only=True)
class LossProfile:
    """What the layers lose, by one method."""

    id: str
    name: str
    created: str
    model_digest: str
    method: LossMethod
    metric: str
    """The distance between outputs; for the method magnitude, removed weight energy."""
    source: str
    """Where the data came from, in words; weight magnitude needs none."""
    samples: int
    """The most that a value rests on."""
    levels: tuple[float, ...]
    cpu_s: float
    wall_s: float
    layers: tuple[LayerLoss, ...]
    structure: str = "unstructured"
    schemes: tuple[str, ...] = ()
    score: str = ""
    """Name of the metric whose fall is in `drops`; empty without labels."""
    score_before: float | None = None
    outputs: tuple[tuple[str, float], ...] = ()
    """The outputs that count, with their weights."""
    stage: LossStage = "done"
    confidence: str = ""
    """What the data allows, such as `ranking only, low confidence`; empty when it is real."""
    warnings: tuple[str, ...] = ()
    request: LossRequest | None = None
    """Of a one-shot profile: what to go on with."""
    notes: str = ""
    groups: tuple[GroupLoss, ...] = ()
    """Of a channel profile: what was measured. Each layer has the values of a group it makes."""

    @property
    def is_complete(self) -> bool:
        """Whether it went to its end; else it can be resumed."""
        return self.stage == "done"

    @property
    def is_ranking(self) -> bool:
        """Whether values may be compared across layers; those of magnitude may not."""
        return self.method == "one-shot" and self.stage != "magnitude"

    def is_estimated(self, losses: Losses, at: int) -> bool:
        """Whether a value only follows from others; removed weight energy is computed."""
        is_known = at < len(losses.values) and losses.values[at] is not None
        return is_known and self.method != "magnitude" and not losses.is_measured(at)

    def layer(self, layer_id: str) -> LayerLoss | None:
        """The entry of a layer."""
        return next((row for row in self.layers if row.id == layer_id), None)

    def groups_of(self, layer_id: str) -> tuple[GroupLoss, ...]:
        """The groups that a layer makes; the first is the one whose values it has.

        That is the one that it is the first to make, where there is one.
        """
        made = [one for one in self.groups if layer_id in one.group.producers]
        return tuple(sorted(made, key=lambda one: one.first != layer_id))

    def curve(self, layer_id: str) -> Curve | None:
        """Loss over level of a layer, from 0 at level 0; None when nothing is known."""
        row = self.layer(layer_id)
        return None if row is None else self.curve_of(row)

    def curve_of(self, row: LayerLoss) -> Curve | None:
        """As `curve`, of an entry of this profile."""
        pairs = zip(self._levels_of(row), row.pruning.values, strict=False)
        known = {level: value for level, value in pairs if value is not None and level > 0}
        if not known:
            return None
        levels, values = zip(*sorted(known.items()), strict=True)
        return Curve(levels=(0.0, *levels), values=(0.0, *values))

    def _levels_of(self, row: LayerLoss) -> tuple[float, ...]:
        """Of a group of channels those of the widths that were measured."""
        made = self.groups_of(row.id)
        return tuple(map(made[0].reached, range(len(made[0].kept)))) if made else self.levels

    def at_scheme(self, row: LayerLoss, scheme: str) -> float | None:
        """Loss of a layer in a scheme; None when unknown."""
        if scheme not in self.schemes:
            return None
        at = self.schemes.index(scheme)
        return row.quantization.values[at] if at < len(row.quantization.values) else None

    def magnitude_curve(self, layer_id: str) -> Curve | None:
        """The threshold that prunes a fraction of the layer; None when not measured."""
        row = self.layer(layer_id)
        if row is None or not row.magnitudes:
            return None
        last = len(row.magnitudes) - 1
        return Curve(levels=tuple(i / last for i in range(last + 1)), values=row.magnitudes)
