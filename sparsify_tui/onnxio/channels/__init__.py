"""Channels of a model: which go together, and the model without some of them."""

from __future__ import annotations

from sparsify_tui.onnxio.channels.graph import ChannelGraph, Removed, find_channels
from sparsify_tui.onnxio.channels.makers import Product

__all__ = ["ChannelGraph", "Product", "Removed", "find_channels"]
