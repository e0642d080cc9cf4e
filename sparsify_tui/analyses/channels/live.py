"""Runs a model piece by piece, so that weights can change before what follows them runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sparsify_tui.core.protocols import Array, Engine, Feeds
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import ModelError
from sparsify_tui.onnxio.channels.slices import Slices
from sparsify_tui.onnxio.rewrite import serialize


class LiveRun:
    """One pass over a model with all batches, holding only tensors that are still needed.

    Args:
        slices: Of the model; weights are looked up when their slice runs.
        engine: That runs them.
        threads: That work on one operation.
        batches: What the model is fed.
    """

    def __init__(
        self, slices: Slices, engine: Engine, threads: int, batches: Sequence[Feeds]
    ) -> None:
        self.slices = slices
        self._engine = engine
        self._threads = threads
        self._live: list[dict[str, Array]] = [dict(feeds) for feeds in batches]
        self._at = 0

    def advance(self, stop: int) -> None:
        """Runs all nodes before that position.

        Raises:
            ModelError: The runtime refuses, or a sequence goes from node to node.
        """
        if stop <= self._at:
            return
        for live, made in zip(self._live, self._made(self._at, stop), strict=True):
            live.update(made)
        self._at = stop
        for live in self._live:
            for name in [one for one in live if not self.slices.is_needed(one, stop)]:
                del live[name]

    def tensors(self, name: str) -> list[Array]:
        """A tensor that was made and is still needed, batch by batch."""
        return [live[name] for live in self._live]

    def peek(self, output: str) -> list[Array]:
        """An output of the next node, batch by batch, which leaves the run where it is."""
        return [made[output] for made in self._made(self._at, self._at + 1)]

    def _made(self, start: int, stop: int) -> list[dict[str, Array]]:
        taken = self.slices.taken(start, stop)
        dtypes = {name: self._live[0][name].dtype for name in taken}
        content = serialize(self.slices.model(start, stop, dtypes))
        session = self._engine.open(content, threads=self._threads)
        found = []
        for live in self._live:
            outputs = session.run({name: live[name] for name in taken})
            found.append(dict(zip(session.outputs, outputs, strict=True)))
        for name, made in found[0].items():
            if not isinstance(made, np.ndarray):
                raise ModelError(f"{clean_text(name)} is a sequence, which no part can be fed.")
        return found
