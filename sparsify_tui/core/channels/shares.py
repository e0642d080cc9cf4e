"""What is left of the layers of a model when groups of channels lose units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sparsify_tui.core.channels.groups import ChannelMap, GroupId
from sparsify_tui.core.model import LayerId


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerShare:
    """What is left of a layer, as fractions."""

    weights: float = 1.0
    """Of its weights, and of its FLOPs."""
    outputs: float = 1.0
    """Of its outputs, and of its bias."""


WHOLE = LayerShare()


def layer_shares(channels: ChannelMap, kept: Mapping[GroupId, int]) -> dict[LayerId, LayerShare]:
    """Of each layer that loses anything when groups keep that many units."""
    if not kept:
        return {}
    shares = {
        one.id: LayerShare(
            weights=one.share(kept), outputs=one.outputs.at(kept) / max(one.outputs.full, 1)
        )
        for one in channels.layers
    }
    return {layer: share for layer, share in shares.items() if share != WHOLE}
