"""How well the first complete table ranks the layers, beside the whole one.

    python -m tests.benchmarks.loss_anchors --models FOLDER … --work FOLDER [--only NAMES]
        [--samples N]

Prints one JSON document: by model, for each level that the first table only estimates, the rank
correlation over the layers with the whole table; with that of removed weight energy beside it.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from sparsify_tui.analyses.magnitude import profile_magnitude
from sparsify_tui.codec import document_from
from sparsify_tui.core.anchors import anchor_levels
from sparsify_tui.core.loss_profile import LossProfile, LossRequest
from sparsify_tui.core.options import ORIGINAL_LEVELS
from sparsify_tui.core.ranks import spearman
from tests.analyses.fakes import finished
from tests.benchmarks.losses import profile_of
from tests.benchmarks.subjects import LOSS_SUBJECTS, Subject, chosen, parser, run_options

JUDGED = tuple(one for one in LOSS_SUBJECTS if one.name in {"digits", "lang", "det"})


def measured(subject: Subject, path: Path, asked: Any) -> dict[str, Any]:
    """The correlations of one model."""
    options = run_options(subject, path, asked)
    began = time.process_time()
    whole = profile_of(options, LossRequest(schemes=(), samples=asked.samples))
    between = time.process_time()
    first = profile_of(options, LossRequest(schemes=(), samples=asked.samples, anchors_only=True))
    ended = time.process_time()
    energy: LossProfile = finished(
        profile_magnitude(options=document_from(options), name="x", levels=list(ORIGINAL_LEVELS))
    )
    estimated = [level for level in ORIGINAL_LEVELS if level not in anchor_levels(ORIGINAL_LEVELS)]
    found = {level: _correlation(first, whole, level) for level in estimated}
    return {
        "metric": whole.metric,
        "layers": len(whole.layers),
        "samples": {"first": first.samples, "whole": whole.samples},
        "by_level": found,
        "worst": min(filter(None, found.values()), default=None),
        "of_energy": {level: _correlation(energy, whole, level) for level in estimated},
        "cpu_s": {"first": ended - between, "whole": between - began},
    }


def _correlation(one: LossProfile, other: LossProfile, level: float) -> float | None:
    at = ORIGINAL_LEVELS.index(level)
    rows = {row.id: row.pruning.values[at] for row in one.layers}
    pairs = [(rows.get(row.id), row.pruning.values[at]) for row in other.layers]
    return spearman(*zip(*pairs, strict=True))


def main() -> None:
    """Runs the command."""
    arguments = parser(__doc__)
    arguments.add_argument("--samples", type=int, default=LossRequest().samples)
    asked = arguments.parse_args()
    found = {
        subject.name: measured(subject, path, asked) for subject, path in chosen(asked, JUDGED)
    }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
