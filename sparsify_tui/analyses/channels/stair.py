"""How many channels a convolution works on at a time on this machine: measured, not assumed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache, partial

import numpy as np

from sparsify_tui.analyses.clock import lap, quiet_collector
from sparsify_tui.core.protocols import Engine
from sparsify_tui.onnxio.blank import INPUT, convolutions

WIDTHS = (64, 56, 52, 48)
"""Of the channels between two convolutions: 16, 8, 4 and none above a block of every kind."""
_OUTER = 64
_SIDE = 28
_ROUNDS = 30
_PART = 0.35
"""Where time is proportional to the width, half a block gains half of what the block does."""
_LEAST_GAIN = 0.05
"""Of the time at full width; below it the machine was too busy to tell anything."""


def measured_step(engine: Engine, threads: int) -> int:
    """4, 8 or 16: kept counts of channels that are multiples of it run well.

    Two 3x3 convolutions in a row are timed in turn with 64, 56, 52 and 48 channels between
    them, 28 x 28 positions each. Once a process.

    Args:
        engine: Whose kernels they are.
        threads: Of the sessions.
    """
    known, key = _known_steps(), (engine.name, engine.version, threads)
    if key not in known:
        known[key] = step_of(_fastest_runs(engine, threads))
    return known[key]


@cache
def _known_steps() -> dict[tuple[str, str, int], int]:
    """Those of this process."""
    return {}


def _fastest_runs(engine: Engine, threads: int) -> dict[int, float]:
    """Milliseconds by width."""
    feeds = {INPUT: np.ones((1, _OUTER, _SIDE, _SIDE), dtype=np.float32)}
    models = (convolutions(_OUTER, width, _SIDE) for width in WIDTHS)
    sessions = [
        engine.open(model.SerializeToString(), threads=threads, in_turn=True) for model in models
    ]
    works = [partial(session.run, feeds) for session in sessions]
    fastest = [math.inf for _ in works]
    with quiet_collector():
        for _ in range(_ROUNDS):
            fastest = [min(ms, lap(work)) for ms, work in zip(fastest, works, strict=True)]
    return dict(zip(WIDTHS, fastest, strict=True))


def step_of(times_ms: Mapping[int, float]) -> int:
    """The largest block of which half gains much less than half of what the whole of it does.

    A multiple of 16 suits every kernel, so that is the answer where the times tell nothing; and
    4 where they tell of no block, since below that kernels leave their blocked layout.

    Args:
        times_ms: Of the widths in `WIDTHS`.
    """
    whole, half, quarter, none = (times_ms[width] for width in WIDTHS)
    if whole - none < _LEAST_GAIN * whole or whole - half < _PART * (whole - none):
        return 16
    return 8 if half - quarter < _PART * (half - none) else 4
