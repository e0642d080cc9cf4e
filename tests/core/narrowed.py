"""Small channel groups and lanes, for the tests of every room."""

from __future__ import annotations

from typing import Any

from sparsify_tui.core.channels.groups import (
    AxisWidth,
    ChannelGroup,
    ChannelMap,
    GroupId,
    GroupPart,
    LayerWidths,
    LockedChannels,
)
from sparsify_tui.core.channels.lanes import SHARES, ChannelLanes, ChannelMix, NarrowModel
from sparsify_tui.core.channels.width_model import KernelCost, PaddedWidth, WidthModel
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.timing import Ratio
from tests.core.examples import timing


def group(name: str, size: int = 64, step: int = 16, **changes: Any) -> ChannelGroup:
    """Channels that one layer makes and nobody takes."""
    fields: dict[str, Any] = {
        "id": GroupId(name), "kind": "channel", "size": size, "step": step,
        "producers": (LayerId(name),), "consumers": (),
    }  # fmt: skip
    return ChannelGroup(**fields | changes)


def axis(*parts: tuple[str, int], fixed: int = 0) -> AxisWidth:
    """An axis of whole groups, one element a unit."""
    return AxisWidth(
        fixed=fixed,
        parts=tuple(GroupPart(id=GroupId(name), size=size, elements=size) for name, size in parts),
    )


def cost(
    name: str, inputs: AxisWidth, outputs: AxisWidth, *factors_ms: float, step: int = 16
) -> KernelCost:
    """A kernel with these factors."""
    fixed, by_inputs, by_outputs, by_both = factors_ms
    return KernelCost(
        name=name,
        inputs=PaddedWidth(axis=inputs, step=step),
        outputs=PaddedWidth(axis=outputs, step=step),
        factors_ms=(fixed, by_inputs, by_outputs, by_both),
    )


def width_model() -> WidthModel:
    """Of 10 ms: `a` makes 64 channels that `b` takes, which makes 32."""
    a, b = axis(("a", 64)), axis(("b", 32))
    return WidthModel(
        full_ms=10.0,
        scale=1.0,
        kernels=(
            cost("a", axis(fixed=3), a, 0.5, 0.0, 3.5, 0.0),
            cost("b", a, b, 0.0, 0.0, 0.0, 4.0),
        ),
    )


def channel_lanes(*names: str, **changes: Any) -> ChannelLanes:
    """Lanes of these layers, the first two of which make groups; mixes off by 1, 2 and 4 %."""
    first, second, *rest = (*(names or ("a", "b")), "y")
    groups = (group(first), group(second, size=32))
    ratios = zip(SHARES, (1.2, 1.6, 2.4), strict=True)
    fields: dict[str, Any] = {
        "step": 16,
        "map": ChannelMap(
            groups=groups,
            locked=(LockedChannels(layers=tuple(map(LayerId, rest)), reason="an output ends it"),),
            layers=(
                LayerWidths(
                    id=LayerId(first), inputs=axis(fixed=3), outputs=axis((first, 64))
                ),
            ),
            reach_one=1.0,
            reach_both=0.9,
        ),
        "totals": tuple(
            NarrowModel(
                share=share,
                kept=tuple((one.id, round(one.size * share)) for one in groups),
                total=timing(median_ms=10 / ratio),
                ratio=Ratio(value=ratio, low=ratio - 0.02, high=ratio + 0.02),
            )
            for share, ratio in ratios
        ),
        "model": width_model(),
        "mixes": tuple(mix(predicted) for predicted in (8.08, 7.84, 8.32)),
    }  # fmt: skip
    return ChannelLanes(**fields | changes)


def mix(predicted_ms: float, measured_ms: float = 8.0) -> ChannelMix:
    """A mix that narrows `a`."""
    return ChannelMix(
        kept=((GroupId("a"), 32),),
        predicted_ms=predicted_ms,
        measured_ms=measured_ms,
        low_ms=measured_ms - 0.1,
        high_ms=measured_ms + 0.1,
    )
