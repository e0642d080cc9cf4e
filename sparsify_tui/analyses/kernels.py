"""Profiles a model kernel by kernel, and charges every kernel to the layer it worked for."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from sparsify_tui.analyses.clock import lap, quiet_collector
from sparsify_tui.core.model import LayerId, Model
from sparsify_tui.core.profile import OtherTime
from sparsify_tui.core.protocols import Engine, Feeds, KernelTime
from sparsify_tui.onnxio.blank import INPUT, blank_chain
from sparsify_tui.onnxio.load import LoadedModel
from sparsify_tui.onnxio.owners import kernel_owner
from sparsify_tui.onnxio.rewrite import write_model

FEWEST_PROFILED_RUNS = 20
"""With the minimum of 20 runs a node's time is within 3 %, even on a loaded machine."""
MOST_PROFILED_RUNS = 100
"""Each kernel of each is an event to be read, which takes longer than a short kernel runs."""
_PROFILED_S = 1.5
_BLANK_KERNELS = 200
_BLANK_RUNS = 20
_MOST_PROFILED_BLANK_RUNS = 50
"""Fewer than of a model: the sum over the chain is steadier than a kernel's own minimum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What the kernels of one layer took together."""

    ms: float
    kernel: str
    """Operator of the slowest of them."""
    bytes: int | None
    """Of inputs and outputs, weights apart; None where the engine does not tell."""


def charge_kernels(
    kernels: Sequence[KernelTime], loaded: LoadedModel, model: Model
) -> tuple[dict[LayerId, Charge], tuple[OtherTime, ...]]:
    """Sums the kernels by layer; those that belong to none are rows of their own.

    Args:
        kernels: Of one profile.
        loaded: The model they come from, or that was rewritten into what was profiled.
        model: The same, as read.
    """
    owner = kernel_owner(loaded, model, [(one.name, one.op_type) for one in kernels])
    owned: dict[LayerId, list[KernelTime]] = defaultdict(list)
    others = []
    for kernel in kernels:
        shares = owner.shares(kernel.name, kernel.op_type)
        for layer, share in shares.items():
            owned[layer].append(_part(kernel, share))
        if not shares:
            others.append(OtherTime(name=kernel.name, op_type=kernel.op_type, ms=kernel.ms))
    return {layer: _sum(parts) for layer, parts in owned.items()}, tuple(others)


def _part(kernel: KernelTime, share: float) -> KernelTime:
    size = None if kernel.bytes is None else round(kernel.bytes * share)
    return replace(kernel, ms=kernel.ms * share, bytes=size)


def _sum(parts: list[KernelTime]) -> Charge:
    sizes = [part.bytes for part in parts]
    return Charge(
        ms=sum(part.ms for part in parts),
        kernel=max(parts, key=lambda part: part.ms).op_type,
        bytes=None if None in sizes else sum(size or 0 for size in sizes),
    )


class Profiled:
    """A session with the profiler on, run a little in each round; first runs do not count.

    Args:
        engine: That runs the model.
        file: The model.
        threads: Of the session.
        feeds: One batch.
        rounds: Among which the runs are shared out.
        most: Runs of all rounds, first runs apart.
    """

    def __init__(
        self,
        engine: Engine,
        file: Path,
        threads: int,
        feeds: Feeds,
        *,
        rounds: int,
        most: int = MOST_PROFILED_RUNS,
    ) -> None:
        self._session = engine.open(file, threads=threads, profiled=True)
        self._feeds = feeds
        self._rounds = rounds
        self._most = most
        self._runs = 0
        self._counted: list[int] = []

    def run_round(self) -> None:
        """As many runs as fit a share of the time, and a share of 20 at least."""
        first_ms = lap(partial(self._session.run, self._feeds))
        fitting = round(_PROFILED_S / self._rounds / (first_ms / 1e3))
        least = math.ceil(FEWEST_PROFILED_RUNS / self._rounds)
        runs = 1 + min(max(fitting, least), self._most // self._rounds)
        for _ in range(runs - 1):
            self._session.run(self._feeds)
        self._counted += range(self._runs + 1, self._runs + runs)
        self._runs += runs

    def kernel_times(self, cost_ms: float = 0.0) -> tuple[KernelTime, ...]:
        """The minimum of each kernel, less what the profiler costs at each."""
        with quiet_collector():  # else it walks over all events again while they are read
            kernels = self._session.kernel_times(self._counted)
        return tuple(replace(one, ms=max(one.ms - cost_ms, 0.0)) for one in kernels)


class ProfilerCost:
    """What the profiler adds to each kernel, from a chain of kernels that do nothing.

    It is the difference between the sum of their profiled minima and the fastest unprofiled
    run, over their number. It is taken in the same rounds as the model, since a machine that
    changes its clock changes this, too.
    """

    def __init__(self, engine: Engine, threads: int, folder: Path, *, rounds: int) -> None:
        file = folder / "blank.onnx"
        write_model(blank_chain(_BLANK_KERNELS), file)
        self._feeds = {INPUT: np.ones(1, dtype=np.float32)}
        self._session = engine.open(file, threads=threads)
        self._profiled = Profiled(
            engine, file, threads, self._feeds, rounds=rounds, most=_MOST_PROFILED_BLANK_RUNS
        )
        self._fastest_ms = math.inf

    def run_round(self) -> None:
        """Some runs without the profiler, and some with it."""
        work = partial(self._session.run, self._feeds)
        laps = [lap(work) for _ in range(_BLANK_RUNS)]
        self._fastest_ms = min(self._fastest_ms, *laps)
        self._profiled.run_round()

    def per_kernel_ms(self) -> float:
        """Milliseconds a kernel, never below 0."""
        added = sum(kernel.ms for kernel in self._profiled.kernel_times()) - self._fastest_ms
        return max(added / _BLANK_KERNELS, 0.0)
