"""Which channels of a model can go, and why the others cannot."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from sparsify_tui.analyses.channels.model import channel_model
from sparsify_tui.analyses.opened import open_model
from sparsify_tui.codec import value_from
from sparsify_tui.core.channels.groups import ChannelMap
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.protocols import Progress


def find_groups(*, options: dict[str, Any]) -> Generator[Progress, None, ChannelMap]:
    """Finds the groups of channels; runs the model once, for its shapes.

    Raises:
        SparsifyError: The file, a size or a value does not fit, or the model does not run.
    """
    yield Progress(done=0, total=2, item="reading the model")
    opened = open_model(value_from(options, RunOptions))
    yield Progress(done=1, total=2, item="finding groups of channels")
    return channel_model(opened).map
