"""How many evaluations at a time go faster on this machine: tried, not assumed."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from sparsify_tui.analyses.evaluate import Evaluator
from sparsify_tui.engines.machine import allowed_cores

_LEAST_GAIN = 1.25
"""In evaluations a second, for twice the workers; less is noise, and heat."""

_TRIED_S = 0.2
"""At least: one short run tells nothing."""


def fastest_workers(evaluator: Evaluator) -> int:
    """Doubles the workers as long as that pays, up to the cores that are allowed."""
    workers, rate = 1, _rate(evaluator, 1)
    while 2 * workers <= allowed_cores():
        doubled = _rate(evaluator, 2 * workers)
        if doubled < _LEAST_GAIN * rate:
            break
        workers, rate = 2 * workers, doubled
    return workers


def _rate(evaluator: Evaluator, workers: int) -> float:
    """Runs of the whole base a second."""
    runs, spent = 0, 0.0
    with ThreadPoolExecutor(workers) as pool:
        start = time.perf_counter()
        while spent < _TRIED_S:
            list(pool.map(lambda _: evaluator.suffix.rerun(0), range(workers)))
            runs += workers
            spent = time.perf_counter() - start
    return runs / spent
