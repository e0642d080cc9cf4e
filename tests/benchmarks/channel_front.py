"""Narrower models without training: the whole measured front, and the point that was chosen.

    python -m tests.benchmarks.channel_front --models FOLDER … --work FOLDER [--only NAMES]
        [--threads N] [--speed-up X] [--max-loss D] [--repair none]

Prints one JSON document: by model how long the search took, every measured point with what was
predicted, its speed in the search's own passes and its held-out error, and which point was chosen
and why. The search knows the calibration set only. The accuracy on the test set is read after it
has ended, for every point, so that the whole trade is seen; the chosen one is measured again from
its written file in three passes of the gate.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from sparsify_tui.analyses.changed import build_changed
from sparsify_tui.analyses.channels.search import search_channels
from sparsify_tui.analyses.gate import pass_gate
from sparsify_tui.analyses.metrics import Scorer
from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.core.changes import Changes, ChannelCut
from sparsify_tui.core.channels.front import ChannelSearch, FrontPoint
from sparsify_tui.core.options import RunOptions
from tests.analyses.fakes import finished
from tests.benchmarks.subjects import SUBJECTS, Subject, chosen, parser, request, run_options

PASS_S = 4.0
SEARCH_S = 80.0
FRONT_SUBJECTS = tuple(
    replace(one, batch=64 if one.name == "digits" else 1)
    for one in SUBJECTS
    if one.name in ("digits", "cls")
)


def measured(subject: Subject, path: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """All figures of one model."""
    options = run_options(subject, path, asked)
    start = time.perf_counter()
    search: ChannelSearch = finished(
        search_channels(
            options=dict(request(replace(options, data=options.calibration))),
            profile=None,
            selection="obs",
            repair=asked.repair,
            speed_up=asked.speed_up,
            max_loss=asked.max_loss,
            locked=[],
            seconds=asked.seconds,
        )
    )
    searched_s = time.perf_counter() - start
    front = search.front
    folder = asked.work / subject.name
    folder.mkdir(parents=True, exist_ok=True)
    files = [_written(options, search, one, folder) for one in front.points]
    return {
        "search_s": round(searched_s, 1),
        "fitted_on": front.fitted_on,
        "held_out": front.held_out,
        "source": front.source,
        "cause": front.cause,
        "doubts": list(front.doubts),
        "chosen": front.chosen,
        "gate": None if front.chosen is None else _gate(options, files[front.chosen]),
        "points": _scored(open_model(options), search, files),
    }


def _written(options: RunOptions, search: ChannelSearch, point: FrontPoint, folder: Path) -> Path:
    """The point as `apply` writes it, from the widths and the order alone."""
    sizes = {group.id: group.size for group in search.analysis.map.groups}
    cuts = tuple(
        ChannelCut(id=one, removed=tuple(sorted(search.analysis.order(one)[: sizes[one] - kept])))
        for one, kept in point.kept
    )
    file = folder / f"{len(list(folder.iterdir()))}.onnx"
    opened = open_model(replace(options, data=options.calibration))
    build_changed(opened, Changes(channels=cuts, repair=search.front.repair), file)
    return file


def _scored(opened: Opened, search: ChannelSearch, files: list[Path]) -> list[dict[str, Any]]:
    scorer = Scorer(opened)
    full_ms = search.front.full_ms or 0.0
    found = []
    for point, file in zip(search.front.points, files, strict=True):
        metric = scorer.changes(file)[0]
        ratio = point.ratio
        found.append(
            {
                "name": point.name,
                "kept": [kept for _, kept in point.kept],
                "predicted": round(full_ms / point.predicted_ms, 3),
                "speed_up": None if ratio is None else round(ratio.value, 3),
                "interval": None if ratio is None else [round(ratio.low, 3), round(ratio.high, 3)],
                "error": round(point.error, 5),
                "agreement": point.agreement,
                "repaired": point.repaired,
                "metric": metric.name,
                "before": round(metric.before, 4),
                "after": round(metric.after, 4),
            }
        )
    return found


def _gate(options: RunOptions, file: Path) -> dict[str, Any]:
    """The chosen file against the original, as a stranger would measure it."""
    original = Path(options.path)
    gate = finished(pass_gate(open_model(options), original, original, file, PASS_S))
    return {
        "speed_up": round(gate.speed_up.value, 3),
        "passes": [
            [round(one.value, 3), round(one.low, 3), round(one.high, 3)] for one in gate.speed_ups
        ],
    }


def main() -> None:
    """Runs the command."""
    options = parser(__doc__)
    options.add_argument("--speed-up", type=float)
    options.add_argument("--max-loss", type=float)
    options.add_argument("--repair", default="auto")
    options.add_argument("--seconds", type=float, default=SEARCH_S, help="of a search")
    asked = options.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    subjects = chosen(asked, FRONT_SUBJECTS)
    print(json.dumps({one.name: measured(one, path, asked) for one, path in subjects}, indent=1))


if __name__ == "__main__":
    main()
