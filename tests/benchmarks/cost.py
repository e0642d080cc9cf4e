"""What a profile with its int8 lane and the search for a placement cost.

    python -m tests.benchmarks.cost --models FOLDER … --work FOLDER [--only NAMES]

Prints one JSON document: by model the seconds of the profile and of the search without its
gate, in seconds and in forward passes of the model, and the sessions that were opened for it,
by what they are for.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sparsify_tui.analyses import place
from sparsify_tui.analyses.gate import Gate
from sparsify_tui.analyses.perf import profile_performance
from sparsify_tui.codec import document_from
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.timing import Ratio
from sparsify_tui.engines.ort import OnnxRuntime
from sparsify_tui.workbench.measure import PERFORMANCE_S, PLACEMENT_S
from tests.analyses.fakes import finished
from tests.benchmarks.subjects import Subject, chosen, parser, request, run_options

ALLOWED_S = 30.0
_NO_MODEL = frozenset({"blank.onnx", "product.onnx"})
_EVEN = Ratio(value=1.0, low=1.0, high=1.0)


def measured(subject: Subject, path: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """The cost of one model's profile and search."""
    options = dict(request(run_options(subject, path, asked)))
    opened: Counter[str] = Counter()
    plain = OnnxRuntime.open

    def counting(engine: OnnxRuntime, file: Path, **more: Any) -> Any:
        if file.name not in _NO_MODEL:
            opened[_purpose(file, **more)] += 1
        return plain(engine, file, **more)

    def no_gate(*_: Any) -> Any:
        yield from ()
        return Gate(passes=(_EVEN,), speed_ups=(_EVEN,), chosen_ms=1.0)

    with patch.object(OnnxRuntime, "open", counting), patch.object(place, "pass_gate", no_gate):
        start = time.perf_counter()
        profile: PerfProfile = finished(
            profile_performance(
                options=options, name="x", seconds=PERFORMANCE_S, int8=True, channels=True
            )
        )
        profile_s = time.perf_counter() - start
        known = document_from(profile) if profile.mix_model else None
        finished(place.place_int8(options=options, profile=known, seconds=PLACEMENT_S))
        both_s = time.perf_counter() - start
    pass_s = profile.total.median_ms / 1e3
    return {
        "profile_s": profile_s,
        "search_s": both_s - profile_s,
        "forward_pass_ms": profile.total.median_ms,
        "forward_passes_beyond_30_s": max(profile_s - ALLOWED_S, 0.0) / pass_s,
        "sessions": opened.total(),
        "sessions_by_purpose": dict(opened),
        "trusted": profile.total.trusted,
    }


def _purpose(file: Path, *, profiled: bool = False, in_turn: bool = False, **_: Any) -> str:
    if profiled:
        return "kernel times"
    if in_turn:
        return "race"
    return {"named.onnx": "end to end", "observed.onnx": "calibration"}.get(file.name, "outputs")


def main() -> None:
    """Runs the command."""
    asked = parser(__doc__).parse_args()
    found = {subject.name: measured(subject, path, asked) for subject, path in chosen(asked)}
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
