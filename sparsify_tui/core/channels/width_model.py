"""What a narrower model takes: the time of each kernel by the widths that it takes and makes.

The time of a kernel is taken to be

    c0 + c1 · in + c2 · out + c3 · in · out

with both widths as shares of the full ones, after padding to what its kernel works in at a time.
A tensor of less than one block of channels has to leave its blocked layout besides. The time end
to end moves with the sum of the kernels by a factor that is measured as well. A heuristic of ours;
its error is kept with the profile and shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sparsify_tui.core.channels.groups import AxisWidth, GroupId

_SAME_AT_ANY_WIDTH = AxisWidth(fixed=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaddedWidth:
    """An axis as a kernel works on it: whole blocks of channels."""

    axis: AxisWidth = _SAME_AT_ANY_WIDTH
    step: int = 1
    """Channels that are worked on at a time."""
    is_thin: bool = False
    """Whether less than one block is read as it is, without padding."""

    def share(self, kept: Mapping[GroupId, int]) -> float:
        """Padded width over the padded full one."""
        return self._padded(self.axis.at(kept)) / max(self._padded(self.axis.full), 1)

    def _padded(self, width: int) -> int:
        if self.is_thin and width < self.step:
            return width
        return -(-width // self.step) * self.step


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelCost:
    """What the kernels of one layer, or one kernel of no layer, take at any width."""

    name: str
    """Id of the layer, or the kernel's own name."""
    inputs: PaddedWidth = PaddedWidth()
    outputs: PaddedWidth = PaddedWidth()
    factors_ms: tuple[float, float, float, float]
    """Milliseconds at the full width: fixed, by inputs, by outputs, by both."""

    @property
    def full_ms(self) -> float:
        """With nothing removed."""
        return sum(self.factors_ms)

    @property
    def groups(self) -> frozenset[GroupId]:
        """Those that it depends on."""
        return frozenset(part.id for one in (self.inputs, self.outputs) for part in one.axis.parts)

    def ms(self, kept: Mapping[GroupId, int]) -> float:
        """With groups narrowed to that many units."""
        fixed, by_inputs, by_outputs, by_both = self.factors_ms
        inputs, outputs = self.inputs.share(kept), self.outputs.share(kept)
        return fixed + by_inputs * inputs + by_outputs * outputs + by_both * inputs * outputs


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinCost:
    """A tensor that has to leave the blocked layout once it is less than a block wide."""

    name: str
    axis: AxisWidth
    step: int
    """Channels of a block."""
    block_ms: float
    """What that takes for a whole block of channels."""

    @property
    def groups(self) -> frozenset[GroupId]:
        """Those that it depends on."""
        return frozenset(part.id for part in self.axis.parts)

    def ms(self, kept: Mapping[GroupId, int]) -> float:
        """With groups narrowed to that many units; nothing from one block on."""
        width = self.axis.at(kept)
        return self.block_ms * width / self.step if width < self.step else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WidthModel:
    """Predicts the time of a model whose groups of channels are narrowed in any mix."""

    full_ms: float
    """End to end with nothing removed."""
    scale: float = 1.0
    """Fitted: change end to end over the change of the sum of the kernels."""
    kernels: tuple[KernelCost, ...] = ()
    """Those whose time depends on a width."""
    thin: tuple[ThinCost, ...] = ()
    """Tensors that are wider than a block with nothing removed."""

    def predict(self, kept: Mapping[GroupId, int]) -> float:
        """Milliseconds end to end when groups keep that many units.

        Groups that are not named keep all. Nothing removed is what was measured.
        """
        saved = sum(one.full_ms - one.ms(kept) for one in self.kernels)
        saved -= sum(one.ms(kept) for one in self.thin)
        return max(self.full_ms - self.scale * saved, 0.0)

    def saved_ms(self, kept: Mapping[GroupId, int]) -> dict[GroupId, float]:
        """What the cut of each group saves beside the others; below 0 where it costs time.

        It looks only at what a group runs through, since it is asked anew at each edit.
        """
        touched: dict[GroupId, list[KernelCost | ThinCost]] = defaultdict(list)
        every: tuple[KernelCost | ThinCost, ...] = (*self.kernels, *self.thin)
        for cost in every:
            for group in cost.groups & kept.keys():
                touched[group].append(cost)
        saved = {}
        for group, costs in touched.items():
            others = {one: count for one, count in kept.items() if one != group}
            saved[group] = self.scale * sum(one.ms(others) - one.ms(kept) for one in costs)
        return saved

    def speed_up(self, kept: Mapping[GroupId, int]) -> float:
        """Time with nothing removed over the predicted one; 1 where neither is known."""
        predicted_ms = self.predict(kept)
        return self.full_ms / predicted_ms if predicted_ms > 0 else 1.0
