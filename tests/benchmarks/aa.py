"""Whether the clock can be believed: A/A, 3 % more work, and the label when others use the cores.

    python -m tests.benchmarks.aa [--threads 1,2] [--only PARTS] [--tries 40] [--seconds 20]

Parts, separated by commas: `same` and `more_work` compare a chain of convolutions with itself and
with one of 3 % more; `idle` and `busy` label single timings, the latter beside two loops that keep
two cores busy. Without `--only` all four are made, for each thread count: half an hour each.

Prints one JSON document: by thread count each part. It says something about the clock only on a
machine that is quiet, so the gauge of each part is printed beside it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from sparsify_tui.analyses.clock import (
    Laps,
    Work,
    compare_laps,
    time_in_turn,
    time_runs,
    warm_up,
)
from sparsify_tui.core.timing import (
    Gauge,
    Verdict,
    is_settled,
    judge,
    summarize_runs,
    trust_label,
)
from sparsify_tui.engines import engine_of
from tests.analyses.fakes import finished

PARTS = ("same", "more_work", "idle", "busy")
LAYERS = 100
MORE_LAYERS = 103
CHANNELS, SIDE = 32, 24
TIMINGS = 20
TIMING_S = 3.0
MOST_WARM_UP_S = 2.0


def conv_chain(layers: int) -> onnx.ModelProto:
    """Equal convolutions one after the other: each adds the same FLOPs."""
    weights = np.random.default_rng(0).standard_normal((CHANNELS, CHANNELS, 3, 3), np.float32)
    shape = [1, CHANNELS, SIDE, SIDE]
    graph = helper.make_graph(
        [
            helper.make_node("Conv", [f"x{at}", f"w{at}"], [f"x{at + 1}"], pads=[1, 1, 1, 1])
            for at in range(layers)
        ],
        "chain",
        [helper.make_tensor_value_info("x0", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(f"x{layers}", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(weights / 17, f"w{at}") for at in range(layers)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


class Bench:
    """Chains of two lengths, and how they are run."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._threads = threads
        self._feeds = {"x0": np.ones((1, CHANNELS, SIDE, SIDE), np.float32)}
        self._files = {layers: folder / f"{layers}.onnx" for layers in (LAYERS, MORE_LAYERS)}
        for layers, file in self._files.items():
            onnx.save(conv_chain(layers), file)

    def work(self, layers: int, *, in_turn: bool = False) -> Work:
        """A fresh session of the chain, warm."""
        engine = engine_of()
        session = engine.open(self._files[layers], threads=self._threads, in_turn=in_turn)
        work = partial(session.run, self._feeds)
        warm_up(work, most_s=MOST_WARM_UP_S)
        return work

    def compare(self, other: int, tries: int, seconds: float, expected: Verdict) -> dict[str, Any]:
        """How often the chain against another one gives the expected verdict."""
        ratios, verdicts, laps = [], [], []
        for _ in range(tries):
            works = [self.work(layers, in_turn=True) for layers in (LAYERS, other)]
            pair = finished(time_in_turn(works, "pair", seconds, is_enough=self._is_enough))
            ratio = compare_laps(*pair, threads=self._threads)
            ratios.append(ratio)
            verdicts.append(judge(ratio))
            laps.append(pair[0])
        return {
            "tries": tries,
            expected.replace(" ", "_"): verdicts.count(expected),
            "not_trusted": sum(not one.is_quiet for one in laps),
            "ratios": [[round(x, 4) for x in (one.low, one.value, one.high)] for one in ratios],
            "gauge": gauges([one.gauge for one in laps]),
        }

    def _is_enough(self, laps: Sequence[Laps]) -> bool:
        return is_settled(compare_laps(*laps, threads=self._threads))

    def label(self, timings: int) -> dict[str, Any]:
        """How many timings of one session are labelled not trusted."""
        work = self.work(LAYERS)
        made = []
        for _ in range(timings):
            laps = finished(time_runs(work, "runs", TIMING_S))
            made.append(summarize_runs(laps.samples_ms, batch=1, gauge=laps.gauge))
        return {
            "timings": timings,
            "not_trusted": sum(not one.trusted for one in made),
            "labels": [trust_label(one) for one in made],
            "gauge": gauges([one.gauge for one in made]),
        }


def gauges(all_of: Sequence[Gauge | None]) -> dict[str, float | None]:
    """The median of each figure."""
    known = [asdict(one) for one in all_of if one]
    figures = {}
    for field in fields(Gauge):
        values = [one[field.name] for one in known if one[field.name] is not None]
        figures[field.name] = round(median(values), 4) if values else None
    return figures


@contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """Other programs that never sleep."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def figures(bench: Bench, parts: Sequence[str], tries: int, seconds: float) -> dict[str, Any]:
    """What each part found."""
    timings = min(TIMINGS, tries)
    found = {}
    if "same" in parts:
        found["same"] = bench.compare(LAYERS, tries, seconds, "no difference")
    if "more_work" in parts:
        found["more_work"] = bench.compare(MORE_LAYERS, tries, seconds, "slower")
    if "idle" in parts:
        found["idle"] = bench.label(timings)
    if "busy" in parts:
        with busy_loops(2):
            found["busy"] = bench.label(timings)
    return found


def parts_from(text: str) -> list[str]:
    """Names of parts, as the command takes them."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = sorted(set(names) - set(PARTS))
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"parts are {', '.join(PARTS)}, not {text!r}")
    return names


def counts_from(text: str) -> list[int]:
    """Thread counts, as the command takes them."""
    return [int(part) for part in text.split(",")]


def main() -> None:
    """Makes the parts asked for, and prints what they found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=counts_from, default=[1], help="such as 1,2")
    parser.add_argument("--only", type=parts_from, default=PARTS, metavar="PARTS")
    parser.add_argument("--tries", type=int, default=40, help="comparisons of each kind")
    parser.add_argument("--seconds", type=float, default=20.0, help="most for one comparison")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = {
            f"threads {threads}": figures(
                Bench(Path(folder), threads), asked.only, asked.tries, asked.seconds
            )
            for threads in asked.threads
        }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
