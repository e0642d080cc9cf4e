"""A channel profile as an example: two layers that go together, one alone, one locked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sparsify_tui.core.channels.groups import ChannelGroup, GroupId
from sparsify_tui.core.loss_profile import GroupLoss, LayerLoss, Losses, LossProfile, LossRequest
from sparsify_tui.core.model import LayerId
from tests.core import examples

LEVELS = (0.25, 0.5, 0.75)


def group(*producers: str, name: str = "", **changes: Any) -> ChannelGroup:
    """Of 64 channels that these layers make and `head` takes, in steps of 16."""
    fields: dict[str, Any] = {
        "id": GroupId(name or producers[0]),
        "kind": "channel",
        "size": 64,
        "step": 16,
        "producers": tuple(map(LayerId, producers)),
        "consumers": (LayerId("head"),),
    }
    return ChannelGroup(**fields | changes)


def losses(scale: float) -> Losses:
    """Measured on 16 samples: a hundredth, two, and four of `scale`."""
    values = tuple(scale * part / 100 for part in (1, 2, 4))
    return Losses(
        values=values,
        lows=tuple(value * 0.9 for value in values),
        highs=tuple(value * 1.1 for value in values),
        samples=(16, 16, 16),
    )


def channel_profile(**changes: Any) -> LossProfile:
    """`stem` and `skip` go together and lose ten times what `inner` does; `head` is locked."""
    request = LossRequest(structure="channel", levels=LEVELS, schemes=())
    groups = (
        GroupLoss(group=group("stem", "skip"), kept=(48, 32, 16), pruning=losses(10)),
        GroupLoss(group=group("inner", size=32), kept=(16, 16, 16), pruning=losses(1)),
    )
    rows = (
        _row("stem", groups[0]),
        _row("inner", groups[1]),
        _row("skip", groups[0]),
        LayerLoss(
            id=LayerId("head"),
            weight="head.weight",
            status="not measured",
            reason="y is an output of the model",
        ),
    )
    profile = replace(
        examples.loss_profile(*rows, levels=LEVELS),
        name="one-shot channel",
        method="one-shot",
        metric="mse",
        source="calibration.npz",
        samples=16,
        structure="channel",
        request=request,
        groups=groups,
    )
    return replace(profile, **changes)


def _row(name: str, one: GroupLoss) -> LayerLoss:
    return LayerLoss(
        id=LayerId(name),
        weight=f"{name}.weight",
        status="measured",
        pruning=one.pruning,
        settled=True,
    )
