"""A small residual net: its layers, its groups of channels, an analysis and a search of it."""

from __future__ import annotations

from typing import Any

from sparsify_tui.core.channels.front import (
    ChannelAnalysis,
    ChannelFront,
    ChannelSearch,
    FrontPoint,
)
from sparsify_tui.core.channels.groups import (
    AxisWidth,
    ChannelGroup,
    ChannelMap,
    GroupId,
    GroupPart,
    LayerWidths,
    LockedChannels,
    UnitRun,
)
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.timing import Ratio
from tests.core.examples import layer, model_of

STEM, INNER = GroupId("stem"), GroupId("one")
REASON = "y is an output of the model"
NET = model_of(
    layer("stem", shape=(16, 3, 3, 3), params=432 + 16, flops=1000),
    layer("one", shape=(8, 16, 3, 3), params=1152, flops=2000),
    layer("two", shape=(16, 8, 3, 3), params=1152, flops=2000),
    layer("head", shape=(10, 64), params=650, flops=100, op_type="Gemm"),
)
"""`two` is added to `stem`; `head` takes each of their channels at 2 × 2 places."""


def whole(group: GroupId, size: int, each: int = 1) -> AxisWidth:
    """An axis that is one group's, with so many elements a unit."""
    run = UnitRun(start=0, count=size, width=each)
    return AxisWidth(parts=(GroupPart(id=group, size=size, elements=size * each, runs=(run,)),))


def widths(name: str, inputs: AxisWidth, outputs: AxisWidth, **changes: Any) -> LayerWidths:
    return LayerWidths(id=LayerId(name), inputs=inputs, outputs=outputs, **changes)


def group(name: str, size: int, makes: str, takes: str, **changes: Any) -> ChannelGroup:
    """A group of channels in steps of 4, with layers named by words."""
    fields: dict[str, Any] = {
        "id": GroupId(name),
        "kind": "channel",
        "size": size,
        "step": 4,
        "producers": tuple(map(LayerId, makes.split())),
        "consumers": tuple(map(LayerId, takes.split())),
    }
    return ChannelGroup(**fields | changes)


def net_map(**changes: Any) -> ChannelMap:
    fields: dict[str, Any] = {
        "groups": (group("stem", 16, "stem two", "one head"), group("one", 8, "one", "two")),
        "locked": (LockedChannels(layers=(LayerId("head"),), reason=REASON),),
        "layers": (
            widths("stem", AxisWidth(fixed=3), whole(STEM, 16)),
            widths("one", whole(STEM, 16), whole(INNER, 8)),
            widths("two", whole(INNER, 8), whole(STEM, 16)),
            widths("head", whole(STEM, 16, 4), AxisWidth(fixed=10)),
        ),
    }
    return ChannelMap(**fields | changes)


def analysis(channels: ChannelMap | None = None, **changes: Any) -> ChannelAnalysis:
    """Units go from the last to the first."""
    channels = channels or net_map()
    orders = tuple(
        (one.id, tuple(at for at in reversed(range(one.size)) if at not in one.fixed))
        for one in channels.groups
    )
    fields: dict[str, Any] = {
        "map": channels,
        "orders": orders,
        "selection": "obs",
        "calibration": "64 samples of digits.npz",
        "model_digest": NET.sha256,
    }
    return ChannelAnalysis(**fields | changes)


def front(*points: FrontPoint, chosen: int | None = 0, **changes: Any) -> ChannelFront:
    fields: dict[str, Any] = {
        "points": points,
        "chosen": chosen,
        "cause": "the fastest within 5% error",
        "fitted_on": 48,
        "held_out": 16,
        "source": "digits.npz",
        "is_made_up": False,
        "batch": 64,
        "threads": 2,
        "model_digest": NET.sha256,
        "repair": "auto",
    }
    return ChannelFront(**fields | changes)


def point(speed_up: float, **kept: int) -> FrontPoint:
    """Measured, with so many units of groups."""
    return FrontPoint(
        kept=tuple((GroupId(name), count) for name, count in kept.items()),
        predicted_ms=5.0,
        error=0.02,
        agreement=0.99,
        ratio=Ratio(value=speed_up, low=speed_up - 0.1, high=speed_up + 0.1),
        name="searched",
    )


def search(*points: FrontPoint, **changes: Any) -> ChannelSearch:
    """A search that chose the first of its points, by default one that halves the stem."""
    return ChannelSearch(
        analysis=analysis(), front=front(*(points or (point(1.9, stem=8),)), **changes)
    )
