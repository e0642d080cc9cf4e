"""How many evaluations at a time go faster on this machine: tried, not assumed."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from sparsify_tui.analyses.evaluate import Evaluator
from sparsify_tui.engines.machine import allowed_cores

_LEAST_GAIN = 1.25
"""In evaluations a second, for twice the workers; less is noise, and heat."""
_TRIED_S = 0.2
"""For each number of workers, since one short run tells nothing."""
_SHARE = 0.02
"""Of all the work, that trying may cost: where little is to be done, little can be won."""


def fastest_workers(evaluator: Evaluator, evaluations: int) -> int:
    """Doubles the workers as long as that pays, up to the cores that are allowed.

    Args:
        evaluator: What measures.
        evaluations: That are to be made; each runs half of the model on the average.
    """
    if allowed_cores() < 2:
        return 1
    seconds = min(_TRIED_S, _SHARE * evaluations / (2 * _rate(evaluator, 1, 0.0)))
    workers, rate = 1, _rate(evaluator, 1, seconds)
    while 2 * workers <= allowed_cores():
        doubled = _rate(evaluator, 2 * workers, seconds)
        if doubled < _LEAST_GAIN * rate:
            break
        workers, rate = 2 * workers, doubled
    return workers


def _rate(evaluator: Evaluator, workers: int, seconds: float) -> float:
    """Runs of the whole base a second, tried for so long, and once at least."""
    runs, spent = 0, 0.0
    with ThreadPoolExecutor(workers) as pool:
        start = time.perf_counter()
        while not runs or spent < seconds:
            list(pool.map(lambda _: evaluator.suffix.rerun(0), range(workers)))
            runs += workers
            spent = time.perf_counter() - start
    return runs / spent
