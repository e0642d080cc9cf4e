"""The ports: what an analysis is handed, so that it knows no runtime by name."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from numpy.typing import NDArray

Array: TypeAlias = "NDArray[Any]"
Feeds: TypeAlias = "Mapping[str, Array]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a job is: items finished, and the one in work."""

    done: int
    total: int
    item: str
    left_s: float | None = None
    """Estimated seconds left; None until something is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelTime:
    """The fastest run of one kernel of a profiled session."""

    name: str
    op_type: str
    ms: float


class Session(Protocol):
    """A loaded model."""

    def run(self, feeds: Feeds) -> Sequence[Array]:
        """Runs once; outputs in the model's order. Raises ModelError when the runtime refuses."""

    def kernel_times(self, counted: Collection[int]) -> tuple[KernelTime, ...]:
        """The minimum of each kernel over the counted ones of all runs so far, from 0 on.

        Only of a session that was opened profiled; it is of no use afterwards.
        """


class Engine(Protocol):
    """A runtime."""

    name: str
    version: str
    provider: str

    def open(
        self, path: Path, *, threads: int, profiled: bool = False, in_turn: bool = False
    ) -> Session:
        """Loads a model file. Raises ModelError when the runtime refuses it.

        Args:
            path: Of the model.
            threads: That work on one operation.
            profiled: Whether `kernel_times` will be asked for.
            in_turn: Whether another session runs in turn with this one, so that its threads
                must be quiet between two runs.
        """

    def trace_shapes(self, model: bytes, feeds: Feeds) -> Mapping[str, tuple[int, ...]]:
        """Real shapes of all outputs of a model, from one run."""


Analysis: TypeAlias = "Generator[Progress, None, Any]"
"""Yields progress, returns one result."""
