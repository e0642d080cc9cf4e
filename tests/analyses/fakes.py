"""A runtime that needs no runtime: it answers by a function, and reports kernels it is given."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from sparsify_tui.codec import document_from
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.protocols import Array, Feeds, KernelTime, Progress

T = TypeVar("T")
Answering = Callable[[Feeds], Sequence[Array]]


class FakeSession:
    def __init__(self, answer: Answering, kernels: tuple[KernelTime, ...] = ()) -> None:
        self._answer = answer
        self._kernels = kernels
        self.fed: list[Feeds] = []

    def run(self, feeds: Feeds) -> Sequence[Array]:
        self.fed.append(feeds)
        return self._answer(feeds)

    def kernel_times(self, counted: Collection[int]) -> tuple[KernelTime, ...]:
        assert counted, "some runs count"
        assert max(counted) < len(self.fed), "only runs that were made count"
        return self._kernels


class FakeEngine:
    """Opens any file as the same session; the blank chain has kernels of `blank_ms`."""

    name, version, provider = "fake", "1", "none"

    def __init__(self, session: FakeSession, blank_ms: float = 0.0) -> None:
        self._session = session
        self._blank = KernelTime(name="x1", op_type="Neg", ms=blank_ms)

    def open(self, path: Path, *, threads: int, **_more: bool) -> FakeSession:
        if path.name == "blank.onnx":
            return FakeSession(lambda _: [], (self._blank,) * 200)
        return self._session

    def trace_shapes(self, model: bytes, feeds: Feeds) -> Mapping[str, tuple[int, ...]]:
        return {}


def sums(feeds: Feeds) -> list[Array]:
    """One row a sample: its sum, and the negated sum."""
    rows = np.asarray(feeds["x"]).reshape(len(feeds["x"]), -1).sum(axis=1)
    return [np.stack([rows, -rows], axis=1)]


def finished(analysis: Generator[Progress, None, T]) -> T:
    """Runs an analysis to its end."""
    return watched(analysis)[1]


def watched(analysis: Generator[Progress, None, T]) -> tuple[list[Progress], T]:
    """The progress and the result of an analysis."""
    seen: list[Progress] = []
    while True:
        try:
            seen.append(next(analysis))
        except StopIteration as end:
            return seen, end.value


def options(path: Path, **more: Any) -> dict[str, Any]:
    """The document of run options."""
    return document_from(RunOptions(path=str(path), **more))
