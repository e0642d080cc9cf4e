"""A model of three groups of channels, an analysis and a search of it, for the tests here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sparsify_tui.core.channels.front import (
    ChannelAnalysis,
    ChannelFront,
    ChannelSearch,
    FrontPoint,
)
from sparsify_tui.core.channels.groups import ChannelMap, GroupId, LayerWidths, LockedChannels
from sparsify_tui.core.channels.lanes import ChannelLanes
from sparsify_tui.core.channels.width_model import WidthModel
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.timing import Ratio
from tests.core.narrowed import axis, channel_lanes, cost, group

STEM, HIDDEN, HEADS = map(GroupId, ("stem", "x[/a]", "[bold]b"))
DIGEST = "ab" * 32
REASON = "its 10 channels leave the model as output y"


def channel_map() -> ChannelMap:
    """Two layers that are added, a hidden layer, two heads of which one must stay, and locks."""
    stem, hidden, heads = axis((STEM, 64)), axis((HIDDEN, 32)), axis((HEADS, 2))
    names = (LayerId("stem"), LayerId("layer1.conv"))
    return ChannelMap(
        groups=(
            group(STEM, producers=names, consumers=(LayerId(HIDDEN),)),
            group(HIDDEN, 32, step=8, kind="hidden unit", consumers=(LayerId(HEADS),)),
            group(HEADS, 2, step=1, kind="head", fixed=(0,), width=16),
        ),
        locked=(
            LockedChannels(layers=(LayerId("head"),), reason=REASON),
            LockedChannels(layers=(), reason="they enter the model as input x"),
        ),
        layers=(
            LayerWidths(id=names[0], inputs=axis(fixed=3), outputs=stem),
            LayerWidths(id=names[1], inputs=stem, outputs=stem),
            LayerWidths(id=LayerId(HIDDEN), inputs=stem, outputs=hidden),
            LayerWidths(id=LayerId(HEADS), inputs=hidden, outputs=heads),
            LayerWidths(id=LayerId("head"), inputs=heads, outputs=axis(fixed=10)),
        ),
        reach_one=1.0,
        reach_both=0.75,
    )


def analysis(**changes: Any) -> ChannelAnalysis:
    """Units go from the last to the first."""
    found = channel_map()
    fields: dict[str, Any] = {
        "map": found,
        "orders": tuple(
            (one.id, tuple(at for at in reversed(range(one.size)) if at not in one.fixed))
            for one in found.groups
        ),
        "selection": "obs",
        "calibration": "64 samples of digits.npz",
        "model_digest": DIGEST,
    }
    return ChannelAnalysis(**fields | changes)


def point(ratio: float | None, error: float, *kept: int, **changes: Any) -> FrontPoint:
    """With so many units of the stem, the hidden layer and the heads."""
    sizes = zip((STEM, HIDDEN, HEADS), kept, (64, 32, 2), strict=False)
    fields: dict[str, Any] = {
        "kept": tuple((name, count) for name, count, size in sizes if count < size),
        "predicted_ms": 10 / (ratio or 2.5) * 1.02,
        "error": error,
        "agreement": 1 - error,
        "ratio": None if ratio is None else Ratio(value=ratio, low=ratio - 0.05, high=ratio + 0.05),
        "name": "searched",
    }
    return FrontPoint(**fields | changes)


def front(**changes: Any) -> ChannelFront:
    """Three measured points and one that was only predicted; the third is chosen."""
    fields: dict[str, Any] = {
        "points": (
            point(1.2, 0.001, 48, 32),
            point(1.5, 0.004, 32, 24),
            point(1.9, 0.016, 32, 16),
            point(None, 0.09, 16, 8, repaired=False),
        ),
        "chosen": 2,
        "cause": "the fastest with a loss of 0.05 or less",
        "fitted_on": 48,
        "held_out": 16,
        "source": "digits.npz",
        "is_made_up": False,
        "batch": 1,
        "threads": 2,
        "model_digest": DIGEST,
        "repair": "auto",
        "full_ms": 10.0,
    }
    return ChannelFront(**fields | changes)


def search(**changes: Any) -> ChannelSearch:
    """What a search hands back."""
    return ChannelSearch(analysis=analysis(), front=front(**changes))


def lanes() -> ChannelLanes:
    """Of 10 ms, nearly all of which goes with the widths."""
    stem, hidden, heads = axis((STEM, 64)), axis((HIDDEN, 32)), axis((HEADS, 2))
    kernels = (
        cost("stem", axis(fixed=3), stem, 0.5, 0.0, 1.5, 0.0, step=1),
        cost("layer1.conv", stem, stem, 0.0, 0.0, 0.0, 4.0, step=1),
        cost(HIDDEN, stem, hidden, 0.0, 0.0, 0.0, 3.0, step=1),
        cost(HEADS, hidden, heads, 0.0, 0.0, 0.0, 1.0, step=1),
    )
    model = WidthModel(full_ms=10.0, scale=1.0, kernels=kernels)
    return replace(channel_lanes(), map=channel_map(), model=model)
