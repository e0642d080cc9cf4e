"""What the magnitude curves of 100 M weights cost beside one sort of the same weights.

    python -m tests.benchmarks.magnitude [--rounds N] [--only NAMES]

Prints one JSON document: by kind of model the CPU seconds of all curves, of one np.sort of all
weights together and of one np.sort a layer, each the median of interleaved rounds; the ratios
of the curves to both, round by round, as median, least and largest; and how far the removed
energies are off at most, as a share of Σw².
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsify_tui.core.options import ORIGINAL_LEVELS
from sparsify_tui.core.sensitivity import magnitude_curve

Weights = NDArray[np.float32]

_PERCENTILES = tuple(i / 100 for i in range(101))
_BERT_BLOCK = [768 * 768] * 4 + [768 * 3072] * 2
_RESNET50 = [
    64 * 147, *[64 * 64] * 3, *[64 * 576] * 3, *[64 * 256] * 6, 128 * 256, *[128 * 1152] * 4,
    *[128 * 512] * 7, 256 * 512, 512 * 256, *[256 * 2304] * 6, *[256 * 1024] * 11, 512 * 1024,
    1024 * 512, *[512 * 4608] * 3, *[512 * 2048] * 5, 2048 * 1024, 2048 * 1000,
]  # fmt: skip
SIZES = {"one": [100_000_000], "bert": _BERT_BLOCK * 14, "resnet50": _RESNET50 * 4}
"""Weights of each layer: of one huge one, and of shapes as they are, repeated to 100 M."""


def layers_of(sizes: Sequence[int]) -> list[Weights]:
    """Normal weights with a cubic tail, which is how trained ones are spread."""
    random = np.random.default_rng(0)
    layers = []
    for size in sizes:
        normal = random.standard_normal(size, np.float32)
        layers.append(normal + np.float32(0.1) * normal**3)
    return layers


def curves(layers: Sequence[Weights]) -> list[NDArray[np.float64]]:
    """All that a profile says of each layer; returns the removed energies."""
    found = []
    for weights in layers:
        curve = magnitude_curve(weights)
        curve.magnitudes(_PERCENTILES)
        found.append(curve.removed_energy(ORIGINAL_LEVELS))
    return found


def exact_energies(weights: Weights) -> NDArray[np.float64]:
    """The removed energies by a sort."""
    running = np.cumsum(np.square(np.sort(np.abs(weights)), dtype=np.float64))
    counts = np.array([round(level * weights.size) for level in ORIGINAL_LEVELS])
    return running[counts - 1] / running[-1]


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of the process."""
    start = time.process_time()
    work()
    return time.process_time() - start


def measured(sizes: Sequence[int], rounds: int) -> dict[str, Any]:
    """One kind of model."""
    layers = layers_of(sizes)
    joined = np.concatenate(layers)
    ways = {
        "curves": lambda: curves(layers),
        "one_sort": lambda: np.sort(joined),
        "sort_by_layer": lambda: [np.sort(weights) for weights in layers],
    }
    taken = [{name: cpu_s(way) for name, way in ways.items()} for _ in range(rounds)]
    pairs = zip(curves(layers), map(exact_energies, layers), strict=True)
    return {
        "layers": len(layers),
        "weights": joined.size,
        **{f"{name}_cpu_s": median(one[name] for one in taken) for name in ways},
        "to_one_sort": _ratio([one["curves"] / one["one_sort"] for one in taken]),
        "to_sort_by_layer": _ratio([one["curves"] / one["sort_by_layer"] for one in taken]),
        "largest_energy_error": max(float(np.abs(a - b).max()) for a, b in pairs),
    }


def _ratio(rounds: Sequence[float]) -> dict[str, float]:
    return {"median": median(rounds), "least": min(rounds), "largest": max(rounds)}


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="names, separated by commas")
    asked = parser.parse_args()
    names = [name for name in asked.only.split(",") if name] or list(SIZES)
    print(json.dumps({name: measured(SIZES[name], asked.rounds) for name in names}, indent=1))


if __name__ == "__main__":
    main()
