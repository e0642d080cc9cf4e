"""Int8 that is never slower: every model searched, gated, and measured again from its file.

    python -m tests.benchmarks.int8_speed --models FOLDER … --work FOLDER [--only NAMES]

Prints one JSON document: by model the search's cost, what was chosen and why not more, then
three passes of the written file in fresh sessions against the original and the fastest float
form, against onnxruntime's own `quantize_static` with its defaults, and the metric; below it the
geometric means.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any

from onnxruntime.quantization import CalibrationDataReader, quantize_static

from sparsify_tui.analyses.changed import build_changed
from sparsify_tui.analyses.clock import compare_laps
from sparsify_tui.analyses.gate import pass_gate
from sparsify_tui.analyses.guard import Guard
from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.analyses.perf import profile_performance
from sparsify_tui.analyses.place import place_int8
from sparsify_tui.analyses.race import race
from sparsify_tui.codec import document_from
from sparsify_tui.core.changes import Changes
from sparsify_tui.core.placement import Placement
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.protocols import Feeds
from tests.analyses.fakes import finished
from tests.benchmarks.subjects import Subject, chosen, parser, request, run_options

PASS_S = 4.0


class Reader(CalibrationDataReader):
    """The samples as the stock quantiser wants them."""

    def __init__(self, opened: Opened) -> None:
        self._left: Iterator[Feeds] = (
            feeds for feeds, _ in opened.samples.batches(opened.scoring_batch)
        )

    def get_next(self) -> dict[str, Any] | None:
        """The next batch, or None after the last."""
        feeds = next(self._left, None)
        return None if feeds is None else dict(feeds)


def measured(subject: Subject, path: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """All figures of one model."""
    options = run_options(subject, path, asked)
    start = time.perf_counter()
    profile: PerfProfile = finished(
        profile_performance(
            options=dict(request(options)), name="x", seconds=3.0, int8=True, channels=False
        )
    )
    profiled_s = time.perf_counter() - start
    start = time.perf_counter()
    has_lane = profile.mix_model is not None
    placement: Placement = finished(
        place_int8(
            options=dict(request(options)),
            profile=document_from(profile) if has_lane else None,
            seconds=PASS_S,
        )
    )
    placed_s = time.perf_counter() - start
    opened = open_model(options)
    folder = asked.work / subject.name
    folder.mkdir(exist_ok=True)
    return {
        "profile_s": profiled_s,
        "search_s": placed_s,
        "predicted_ms": placement.predicted_ms,
        "layers": len(placement.changes.int8),
        "of": len(profile.int8.layers) if profile.int8 else 0,
        "float_form": placement.float_form,
        "cause": placement.cause,
        "floor": subject.floor,
        **_checked(opened, placement.changes, folder),
        "lane": None
        if profile.int8 is None
        else [{"name": m.name, "error": m.error} for m in profile.int8.mixes],
    }


def _checked(opened: Opened, changes: Changes, folder: Path) -> dict[str, Any]:
    """The written file, measured again as a stranger would."""
    original = Path(opened.options.path)
    ours, rewritten = folder / "ours.onnx", folder / "rewritten.onnx"
    build_changed(opened, changes, ours)
    stock = _stock(opened, folder / "stock.onnx")
    if not changes.needs_preparation:
        return {
            "fp32": 1.0,
            "passes": [],
            "unchanged": True,
            **_against_stock(opened, original, stock),
        }
    baseline = original
    if changes.respelled and changes.int8:
        build_changed(opened, Changes(respelled=True), rewritten)
        baseline = rewritten
    gate = finished(pass_gate(opened, original, baseline, ours, PASS_S))
    return {
        "fp32": gate.speed_up.value,
        "passes": [[one.value, one.low, one.high] for one in gate.passes],
        "unchanged": False,
        "metric": Guard(opened).check(ours).words,
        **_against_stock(opened, ours, stock),
    }


def _stock(opened: Opened, target: Path) -> Path | str:
    try:
        quantize_static(opened.options.path, target, Reader(opened))
        opened.engine.open(target, threads=1).run(opened.feeds(opened.batch))
    except Exception as error:  # noqa: BLE001 - whatever the stock quantiser does not bear
        return f"{type(error).__name__}: {str(error)[:120]}"
    return target


def _against_stock(opened: Opened, ours: Path, stock: Path | str) -> dict[str, Any]:
    if isinstance(stock, str):
        return {"stock": None, "stock_error": stock}
    laps = finished(race(opened, {"stock": stock, "ours": ours}, PASS_S, "stock"))
    ratio = compare_laps(laps["stock"], laps["ours"], threads=opened.options.threads)
    return {"stock": ratio.value, "stock_interval": [ratio.low, ratio.high]}


def summary(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What is asked of all models together."""
    fp32 = [one["fp32"] for one in found.values() if "fp32" in one]
    stock = [one["stock"] for one in found.values() if one.get("stock")]
    return {
        "models": len(fp32),
        "over_fp32": geometric_mean(fp32) if fp32 else None,
        "over_stock": geometric_mean(stock) if stock else None,
        "worst_over_stock": min(stock, default=None),
        "unchanged": [name for name, one in found.items() if one.get("unchanged")],
        "below_one": [
            name
            for name, one in found.items()
            if any(low < 1 for _, low, _ in one.get("passes", []))
        ],
        "below_floor": [
            name for name, one in found.items() if one.get("floor") and one["fp32"] < one["floor"]
        ],
        "median_search_s": median(one["search_s"] for one in found.values()) if found else None,
    }


def main() -> None:
    """Runs the command."""
    asked = parser(__doc__).parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    found = {subject.name: measured(subject, path, asked) for subject, path in chosen(asked)}
    print(json.dumps({"models": found, "summary": summary(found)}, indent=1))


if __name__ == "__main__":
    main()
