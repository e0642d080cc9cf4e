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
class Partial:
    """What an analysis has so far: of the type of its result, complete, and as usable."""

    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelTime:
    """The fastest run of one kernel of a profiled session."""

    name: str
    op_type: str
    ms: float
    bytes: int | None = None
    """Of its inputs and outputs, weights apart; None where the engine does not tell."""


class Session(Protocol):
    """A loaded model."""

    load_ms: float
    """What it took to load the model."""
    outputs: tuple[str, ...]
    """Their names, in the model's order."""

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
        self,
        model: Path | bytes,
        *,
        threads: int,
        profiled: bool = False,
        in_turn: bool = False,
        exact: bool = False,
    ) -> Session:
        """Loads a model.

        Args:
            model: Path of its file, or the file's content.
            threads: That work on one operation.
            profiled: Whether `kernel_times` will be asked for.
            in_turn: Whether another session runs in turn with this one, so that its threads
                must be quiet between two runs.
            exact: Whether nothing may be computed in fewer bits than the model says.

        Raises:
            ModelError: The runtime refuses it, or would run it on another provider.
        """

    def trace_shapes(self, model: bytes, feeds: Feeds) -> Mapping[str, tuple[int, ...]]:
        """Real shapes of all outputs of a model, from one run."""

    def simplify(self, source: Path, target: Path) -> None:
        """Writes the model after rewrites that change no result beyond rounding.

        Constants are folded, BatchNorm goes into the weights before it, Identity goes away.
        Weights may end up in files beside `target`.

        Raises:
            ModelError: It does not load, or cannot be written.
        """


Analysis: TypeAlias = "Generator[Progress | Partial, None, Any]"
"""Yields progress and, where it takes long, what it has so far; returns one result."""
