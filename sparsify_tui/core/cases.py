"""What a benchmark was asked to measure, so that it can be asked again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from sparsify_tui.core.changes import Changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way to run; all models and engines of a case are timed in turn."""

    batch: int
    threads: int
    """Of each stream."""
    streams: int = 1

    @property
    def label(self) -> str:
        """Short enough for a table: b1 t2, or b1 t2 s4 with several streams."""
        streams = f" s{self.streams}" if self.streams > 1 else ""
        return f"b{self.batch} t{self.threads}{streams}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkRequest:
    """Models × engines × batches × threads × streams."""

    optimizations: tuple[str, ...] = ()
    """Ids; without any the original is measured alone."""
    engines: tuple[str, ...] = ("onnxruntime",)
    batches: tuple[int, ...] = (1,)
    threads: tuple[int, ...] = ()
    """Empty for the cores allowed."""
    streams: tuple[int, ...] = (1,)
    seconds: float = 4.0
    """Least time of each comparison."""
    metric: str = ""
    """The user's own, as `FILE.py:function`; empty for those that the data allows."""

    def cases(self, cores: int) -> Iterator[Case]:
        """Every combination of batch, threads and streams."""
        for batch, threads, streams in product(
            self.batches, self.threads or (cores,), self.streams
        ):
            yield Case(batch=batch, threads=threads, streams=streams)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What the search that placed int8 expects, for one batch and thread count."""

    batch: int
    threads: int
    ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedModel:
    """One optimization as a benchmark is handed it."""

    name: str
    changes: Changes
    prediction: Prediction | None = None
