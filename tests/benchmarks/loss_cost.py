"""What a loss profile costs beside SparseML's one-shot analysis, and beside the least possible.

    python -m tests.benchmarks.loss_cost --work FOLDER --baseline PROGRAM --sparseml-python PYTHON
        [--only NAMES] [--rounds N] [--samples N]

Of the same model, on one made-up sample and at the same levels: CPU seconds of SparseML 1.8 by
the program given (`PROGRAM MODEL --what one_shot --threads 1`), of the whole table and of the
first complete one, in turn, each in its own process, without what imports take. Of BERT-base
SparseML is run on six layers, and its time taken times the layers. Prints one JSON document.
`bound_s` is what the operations of each layer and of all that lie behind it take, times the
levels, at the fastest large matrix product that this engine made meanwhile; `like_bound_s` at the
median one, which met the machine as busy as the table did. `engine_s` is the part of the whole
table that its items took, without reading, sessions of the base, and making tables.

Without --baseline only our own figures are taken, and the bound.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnx

from sparsify_tui.analyses.evaluate import Evaluator, Setup
from sparsify_tui.core.loss_profile import LossRequest
from sparsify_tui.core.options import ORIGINAL_LEVELS, RunOptions
from sparsify_tui.engines.ort import OnnxRuntime
from sparsify_tui.onnxio.blank import INPUT, matrix_product
from tests.benchmarks import shaped
from tests.benchmarks.losses import profile_of

SHAPES = ("resnet50", "mobilenet_v2", "bert_encoder")
FEW_NODES = {"bert_encoder": 6}
"""Of which SparseML's time is taken, where all would take too long."""
_SIDE, _PRODUCTS = 2048, 5


def measured(shape: str, asked: argparse.Namespace) -> dict[str, Any]:
    """The costs of one model, in turn."""
    path = asked.work / f"{shape}_of_one.onnx"
    if not path.exists():
        onnx.save(getattr(shaped, shape)(batch_open=False), path)
    peak = Peak(asked.work)
    laps: dict[str, list[float]] = {
        name: [] for name in ("first_s", "full_s", "engine_s", "sparseml_s")
    }
    for _ in range(asked.rounds):
        peak.run_round()
        laps["first_s"].append(_ours(path, asked.samples, "first")[0])
        whole_s, items_s = _ours(path, asked.samples, "full")
        laps["full_s"].append(whole_s)
        laps["engine_s"].append(items_s)
        peak.run_round()
        if asked.baseline:
            laps["sparseml_s"].append(_theirs(path, shape, asked))
            peak.run_round()
        print(shape, {name: times[-1:] for name, times in laps.items()}, file=sys.stderr)
    best = {name: median(times) for name, times in laps.items() if times}
    flops = _bound_flops(path, asked.samples)
    bounds = {"bound_s": flops / peak.gflops / 1e9, "like_bound_s": flops / peak.usual_gflops / 1e9}
    return {
        **best,
        "laps": laps,
        "peak_gflops": peak.gflops,
        **bounds,
        **{f"engine_over_{name}": best["engine_s"] / bound for name, bound in bounds.items()},
        **{f"full_over_{name}": best["full_s"] / bound for name, bound in bounds.items()},
        **{
            f"sparseml_over_{name}": best["sparseml_s"] / best[f"{name}_s"]
            for name in ("full", "first")
            if "sparseml_s" in best
        },
    }


def _ours(path: Path, samples: int, what: str) -> tuple[float, float]:
    """CPU seconds of a table, and of its items."""
    command = [sys.executable, "-m", __spec__.name, "--child", what, "--samples", str(samples)]
    line = subprocess.run([*command, str(path)], check=True, capture_output=True, text=True)
    whole_s, items_s = json.loads(line.stdout.splitlines()[-1])
    return whole_s, items_s


def _theirs(path: Path, shape: str, asked: argparse.Namespace) -> float:
    nodes = FEW_NODES.get(shape)
    command = [asked.sparseml_python, asked.baseline, path, "--what", "one_shot", "--threads", 1]
    command += ["--levels", ",".join(map(str, ORIGINAL_LEVELS)), "--steps", asked.samples]
    command += ["--nodes", nodes] if nodes else []
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, command)),
        env=clean | {"NM_DISABLE_ANALYTICS": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout)["one_shot"]
    if "error" in found:
        raise SystemExit(found["error"])
    return float(found["cpu_s"]) * (len(_evaluator(path, 1).layers) / nodes if nodes else 1)


def _evaluator(path: Path, samples: int) -> Evaluator:
    request = LossRequest(samples=samples)
    return Evaluator(Setup(options=RunOptions(path=str(path)), request=request))


def _bound_flops(path: Path, samples: int) -> float:
    """Of each layer and all layers that depend on it, once for each level and sample."""
    evaluator = _evaluator(path, samples)
    flow = evaluator.suffix.cut.flow
    at = {flow.users(layer.weight)[0]: layer.flops or 0 for layer in evaluator.layers}
    reached = (
        sum(at.get(one, 0) for one in flow.dependents(layer.weight, 0, len(flow.nodes)))
        for layer in evaluator.layers
    )
    return float(sum(reached) * len(ORIGINAL_LEVELS) * samples)


class Peak:
    """Matrix products on one thread, some at a time, in CPU seconds."""

    def __init__(self, folder: Path) -> None:
        file = folder / "product.onnx"
        onnx.save(matrix_product(_SIDE), file)
        self._session = OnnxRuntime().open(file, threads=1)
        self._feeds = {INPUT: np.ones((_SIDE, _SIDE), np.float32)}
        self._times: list[float] = []

    def run_round(self) -> None:
        for _ in range(_PRODUCTS):
            start = time.thread_time()
            self._session.run(self._feeds)
            self._times.append(time.thread_time() - start)

    @property
    def gflops(self) -> float:
        return 2 * _SIDE**3 / min(self._times) / 1e9

    @property
    def usual_gflops(self) -> float:
        return 2 * _SIDE**3 / median(self._times) / 1e9


def _child(path: str, what: str, samples: int) -> None:
    import_module("cattrs.strategies")  # what the codec loads late is an import, too
    began = time.process_time()
    request = LossRequest(schemes=(), samples=samples, anchors_only=what == "first")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "items.jsonl")
        profile_of(RunOptions(path=path), request, log)
        whole_s = time.process_time() - began
        items = [json.loads(line) for line in log.read_text().splitlines()[1:]]
    print(json.dumps([whole_s, sum(item["cpu_s"] for item in items)]))


def main() -> None:
    """Runs the command."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--work", type=Path, metavar="FOLDER", help="scratch")
    arguments.add_argument("--only", default=",".join(SHAPES), help="names, separated by commas")
    arguments.add_argument("--rounds", type=int, default=2)
    arguments.add_argument("--samples", type=int, default=1)
    arguments.add_argument("--baseline", type=Path)
    arguments.add_argument("--sparseml-python", default="python")
    arguments.add_argument("--child", help=argparse.SUPPRESS)
    arguments.add_argument("path", nargs="?", help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.child:
        _child(asked.path, asked.child, asked.samples)
        return
    asked.work.mkdir(parents=True, exist_ok=True)
    print(json.dumps({name: measured(name, asked) for name in asked.only.split(",")}, indent=1))


if __name__ == "__main__":
    main()
