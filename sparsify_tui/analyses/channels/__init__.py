"""Cutting channels out of a model, and repairing what is left."""

from __future__ import annotations

from sparsify_tui.analyses.channels.model import ChannelModel, Narrowed, channel_model

__all__ = ["ChannelModel", "Narrowed", "channel_model"]
