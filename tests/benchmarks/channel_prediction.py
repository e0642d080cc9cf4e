"""Predicted against measured for random widths of all groups of channels.

    python -m tests.benchmarks.channel_prediction --models FOLDER … --work FOLDER [--only NAMES]
        [--mixes N] [--seconds N]

The prediction is the one that a performance profile keeps, from its lanes alone. The mixes are
timed in turn with the full model, a few at a time. Prints one JSON document: by model each mix
with its own interval, the errors, and what the profile said of its own error.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from sparsify_tui.analyses.channels.lanes import measure_channels, random_mixes, write_narrowed
from sparsify_tui.analyses.channels.model import channel_model
from sparsify_tui.analyses.clock import compare_laps
from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.analyses.race import race
from sparsify_tui.core.channels.groups import GroupId
from sparsify_tui.core.channels.width_model import WidthModel
from sparsify_tui.workbench.measure import PERFORMANCE_S
from tests.analyses.fakes import finished
from tests.benchmarks.subjects import SUBJECTS, Subject, chosen, parser, run_options

AT_ONCE = 4
_FULL = "full"
_BY_NAME = {one.name: one for one in SUBJECTS}
PREDICTED = (
    _BY_NAME["det"],
    replace(_BY_NAME["digits"], batch=64),
    *(_BY_NAME[name] for name in ("cls", "mobilenet_v2", "resnet50", "lang")),
)


def measured(subject: Subject, path: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Errors of one model's predictions."""
    opened = open_model(run_options(subject, path, asked))
    with tempfile.TemporaryDirectory() as name:
        start = time.perf_counter()
        lanes = finished(measure_channels(opened, Path(name), PERFORMANCE_S)).lanes
        spent_s = time.perf_counter() - start
        if lanes.model is None:
            return {"refused": lanes.refused}
        mixes = random_mixes(lanes.map, asked.mixes, random.Random(1))
        rows = [
            row
            for start in range(0, len(mixes), AT_ONCE)
            for row in _raced(opened, lanes.model, mixes[start : start + AT_ONCE], asked)
        ]
    errors = [abs(row["error"]) for row in rows]
    return {
        "full_ms": lanes.model.full_ms,
        "median": median(errors),
        "worst": max(errors),
        "own_errors": list(lanes.errors),
        "step": lanes.step,
        "seconds": spent_s,
        "lanes": [one.ratio.value for one in lanes.totals],
        "mixes": rows,
    }


def _raced(
    opened: Opened,
    model: WidthModel,
    mixes: tuple[Mapping[GroupId, int], ...],
    asked: argparse.Namespace,
) -> list[dict[str, Any]]:
    """Predictions of some mixes beside what they take, in fresh sessions of their own."""
    channels = channel_model(opened)
    with tempfile.TemporaryDirectory() as name:
        every = ({}, *mixes)
        files = {
            f"mix{at}" if at else _FULL: write_narrowed(channels, kept, Path(name) / f"{at}.onnx")
            for at, kept in enumerate(every)
        }
        laps = finished(race(opened, files, asked.seconds, "mixes"))
    full = laps.pop(_FULL)
    found = []
    for kept, own in zip(mixes, laps.values(), strict=True):
        ratio = compare_laps(full, own, threads=asked.threads)
        predicted = model.speed_up(kept)
        found.append(
            {
                "predicted": predicted,
                "measured": ratio.value,
                "interval": [ratio.low, ratio.high],
                "error": ratio.value / predicted - 1,
            }
        )
    return found


def main() -> None:
    """Runs the command."""
    arguments = parser(__doc__)
    arguments.add_argument("--mixes", type=int, default=8)
    arguments.add_argument("--seconds", type=float, default=6.0)
    asked = arguments.parse_args()
    found = {
        subject.name: measured(subject, path, asked) for subject, path in chosen(asked, PREDICTED)
    }
    print(json.dumps({"models": found}, indent=1))


if __name__ == "__main__":
    main()
