"""What this machine can do at most: the two limits of a roofline."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from sparsify_tui.core.profile import Peak
from sparsify_tui.core.protocols import Engine, Feeds

_ELEMENTS = 1 << 26
"""Of the array that is read: 256 MB of float32, beyond every cache."""
_PRODUCT_S = 0.02
_READING_S = 0.02
"""Of a round."""


class PeakMeter:
    """Matrix products and reading of memory, a little in each round; the best of all counts.

    Rounds between those of a profile meet the machine in the states that the profile met: a
    peak taken later, on a slower clock, may be below what the layers reached.

    Args:
        engine: That the layers are timed with; a peak of another would say nothing of it.
        product: A model of one large float32 matrix product.
        flops: Of the product.
        feeds: Of the product.
        threads: As the layers had.

    Raises:
        ModelError: The engine refuses the product.
    """

    def __init__(
        self, engine: Engine, product: Path, *, flops: int, feeds: Feeds, threads: int
    ) -> None:
        self._session = engine.open(product, threads=threads)
        self._flops = flops
        self._feeds = feeds
        self._pool = ThreadPoolExecutor(threads)
        array = np.ones(_ELEMENTS, dtype=np.float32)  # written: untouched pages are all one page
        self._parts = np.array_split(array, threads)
        self._product_s = self._reading_s = math.inf
        self._session.run(feeds)

    def run_round(self) -> None:
        """Some products, and some readings of the whole array, a part of it by each thread."""
        self._product_s = min(
            self._product_s, _fastest(lambda: self._session.run(self._feeds), _PRODUCT_S)
        )
        self._reading_s = min(
            self._reading_s,
            _fastest(lambda: list(self._pool.map(np.max, self._parts)), _READING_S),
        )

    def peak(self) -> Peak:
        """The best of all rounds."""
        return Peak(
            gflops=self._flops / self._product_s / 1e9,
            gbytes_per_s=sum(part.nbytes for part in self._parts) / self._reading_s / 1e9,
        )


def _fastest(work: Callable[[], object], seconds: float) -> float:
    """Seconds of the fastest run; at least one."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)
