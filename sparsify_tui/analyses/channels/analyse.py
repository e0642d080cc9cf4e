"""The groups of a model, and in which order their units are missed least."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from sparsify_tui.analyses.channels.model import channel_model
from sparsify_tui.analyses.opened import open_model
from sparsify_tui.codec import value_from
from sparsify_tui.core.channels.front import ChannelAnalysis
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.protocols import Progress


def analyse_channels(
    *, options: dict[str, Any], selection: str
) -> Generator[Progress, None, ChannelAnalysis]:
    """Finds the groups and ranks their units.

    Args:
        options: How the model is fed and run.
        selection: One of SELECTIONS.

    Raises:
        SparsifyError: The model or its data cannot be used.
    """
    yield Progress(done=0, total=3, item="reading the model")
    opened = open_model(value_from(options, RunOptions))
    yield Progress(done=1, total=3, item="finding groups of channels")
    channels = channel_model(opened)
    yield Progress(done=2, total=3, item="ranking channels")
    orders = channels.orders(selection)
    return ChannelAnalysis(
        map=channels.map,
        orders=tuple(orders.items()),
        selection=selection,
        calibration="the weights alone" if selection == "l2" else channels.calibration.words,
        model_digest=opened.model.sha256,
    )
