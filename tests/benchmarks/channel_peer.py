"""Narrower models beside those of the structured pruning of onnxsim, at equal measured speed.

    python -m tests.benchmarks.channel_peer --models FOLDER … --work FOLDER --peer-python PYTHON
        [--only NAMES] [--threads N] [--seconds N]

PYTHON is an interpreter with onnxsim 0.8.1 and onnxruntime. It is given the prepared form of each
model, which is generous: Constants are lifted and BatchNorm is folded, without which it cuts less.
It cuts by weight and by activation (its Wanda form, on the same calibration samples) at four
shares. Every form of both sides is then timed in turn with the original, and its error taken on
test samples, which neither side has seen: MSE over variance before a final Softmax or Sigmoid.
Beside each of its cuts that is faster than the original stands our least error among the measured
points that are at least as fast. Prints one JSON document. A cut that changes no weight is said.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from math import exp, log
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import onnx

from sparsify_tui.analyses.channels.group_losses import removed_units
from sparsify_tui.analyses.channels.guarded import Judge
from sparsify_tui.analyses.channels.model import ChannelModel, channel_model
from sparsify_tui.analyses.channels.search import search_channels
from sparsify_tui.analyses.clock import compare_laps
from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.analyses.race import race
from sparsify_tui.core.channels.front import ChannelSearch
from sparsify_tui.onnxio.rewrite import write_model
from tests.analyses.fakes import finished
from tests.benchmarks.subjects import SUBJECTS, Subject, chosen, parser, request, run_options

ORIGINAL, OURS, THEIRS = "original", "ours", "theirs"
SHARES = (0.125, 0.25, 0.5, 0.75)
LEAST_GAIN = 1.03
"""Below it a cut of theirs counts as not faster: that much two sessions of one model differ."""
_PASSES, _PASS_S = 3, 1.0
_TEST_BATCH = 32
PEER = """
import sys, numpy, onnx, onnxsim
source, data, shares, folder = sys.argv[1:]
arrays = numpy.load(data) if data else {}
model = onnx.load(source)
names = [one.name for one in model.graph.input]
samples = [{n: arrays[n][i : i + 1] for n in names} for i in range(64)] if data else None
for share in map(float, shares.split(",")):
    for way in ("weight", "activation"):
        if way == "weight":
            cut = onnxsim.apply_structured_pruning(source, sparsity=share)
        else:
            cut = onnxsim.apply_structured_wanda_pruning(
                source, calibration_data=samples, sparsity=share
            )
        onnx.save(cut, f"{folder}/theirs {way} {share}.onnx")
"""
PEER_SUBJECTS = tuple(
    replace(one, batch=64 if one.name == "digits" else 1)
    for one in SUBJECTS
    if one.name in {"digits", "cls", "lang", "det", "mobilenet_v2"}
)


def measured(subject: Subject, path: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """All figures of one model."""
    folder = asked.work / subject.name
    folder.mkdir(parents=True, exist_ok=True)
    options = run_options(subject, path, asked)
    fitting = replace(options, data=options.calibration)
    opened = open_model(fitting)
    channels = channel_model(opened)
    forms = {ORIGINAL: path, **_ours(fitting, channels, folder, asked)}
    forms |= _theirs(channels, options.calibration, folder, asked.peer_python)
    errors = _errors(open_model(options), channels, forms)
    speeds = _speeds(opened, forms)
    rows = [
        {"name": name, "speed_up": round(speeds[name], 3), "error": errors[name]}
        for name in forms
        if name != ORIGINAL
    ]
    return {"rows": rows, **_compared(rows)}


def _ours(
    options: Any, channels: ChannelModel, folder: Path, asked: argparse.Namespace
) -> dict[str, Path]:
    search: ChannelSearch = finished(
        search_channels(
            options=dict(request(options)),
            profile=None,
            selection="obs",
            repair="auto",
            speed_up=None,
            max_loss=None,
            locked=[],
            seconds=asked.seconds,
        )
    )
    orders = dict(search.analysis.orders)
    groups = {group.id: group for group in channels.map.groups}
    forms = {}
    for at, point in enumerate(search.front.points):
        removed = {one: removed_units(orders, groups[one], kept) for one, kept in point.kept}
        file = folder / f"{OURS} {at}.onnx"
        write_model(channels.narrowed(removed, repair="auto").proto, file)
        forms[file.stem] = file
    return forms


def _theirs(
    channels: ChannelModel, calibration: str | None, folder: Path, python: str
) -> dict[str, Path]:
    source = folder / "prepared.onnx"
    write_model(channels.graph.proto, source)
    for old in folder.glob(f"{THEIRS} *.onnx"):
        old.unlink()
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    shares = ",".join(map(str, SHARES))
    command = [python, "-c", PEER, str(source), calibration or "", shares, str(folder)]
    subprocess.run(command, env=clean, check=False, capture_output=True)
    whole = _weights(source)
    found = sorted(folder.glob(f"{THEIRS} *.onnx"))
    return {file.stem: file for file in found if _weights(file) < whole}


def _weights(file: Path) -> int:
    return sum(int(np.prod(one.dims)) for one in onnx.load(file).graph.initializer)


def _errors(opened: Opened, channels: ChannelModel, forms: Mapping[str, Path]) -> dict[str, float]:
    size = opened.batch if opened.is_batch_bound else _TEST_BATCH
    batches = [feeds for feeds, _ in opened.samples.batches(size)]
    judge = Judge(channels.graph.proto, opened.engine, opened.options.threads, batches)
    narrower = {name: file for name, file in forms.items() if name != ORIGINAL}
    return {name: judge.judged(onnx.load(file)).error for name, file in narrower.items()}


def _speeds(opened: Opened, forms: Mapping[str, Path]) -> dict[str, float]:
    """The original's time over each form's, the geometric mean of some passes."""
    threads = opened.options.threads
    logs: dict[str, list[float]] = {name: [] for name in forms}
    for _ in range(_PASSES):
        laps = finished(race(opened, forms, _PASS_S * len(forms), "racing"))
        for name, one in laps.items():
            logs[name].append(log(compare_laps(laps[ORIGINAL], one, threads=threads).value))
    return {name: exp(fmean(found)) for name, found in logs.items()}


def _compared(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Our least error over theirs at no less speed, cut by cut, and the geometric mean."""
    ours = [row for row in rows if row["name"].startswith(OURS)]
    theirs = [row for row in rows if row["name"].startswith(THEIRS)]
    pairs = {}
    for row in theirs:
        fast = [one["error"] for one in ours if one["speed_up"] >= row["speed_up"]]
        if row["speed_up"] >= LEAST_GAIN and fast:
            pairs[row["name"]] = min(fast) / row["error"]
    return {
        "cuts_of_theirs": len(theirs),
        "our_error_over_theirs": pairs,
        "geometric_mean": exp(fmean(map(log, pairs.values()))) if pairs else None,
    }


def main() -> None:
    """Runs the command."""
    options = parser(__doc__)
    options.add_argument("--peer-python", required=True)
    options.add_argument("--seconds", type=float, default=60.0, help="of a search of ours")
    asked = options.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    subjects = chosen(asked, PEER_SUBJECTS)
    print(json.dumps({one.name: measured(one, path, asked) for one, path in subjects}, indent=1))


if __name__ == "__main__":
    main()
