"""How much of a model's time its rows explain, without a remainder and before any scaling.

    python -m tests.benchmarks.attribution --models FOLDER … --work FOLDER [--only NAMES]

Prints one JSON document: by model the share of prunable layers that have a time, the sum of
the rows over the fastest unprofiled run, and how quiet the machine was.
"""

from __future__ import annotations

import dataclasses
import json

from sparsify_tui.analyses.perf import profile_performance
from sparsify_tui.core.profile import PerfProfile
from tests.analyses.fakes import finished
from tests.benchmarks.subjects import chosen, parser, request, run_options


def main() -> None:
    """Runs the command."""
    arguments = parser(__doc__)
    arguments.add_argument("--batch", type=int)
    asked = arguments.parse_args()
    found = {}
    for subject, path in chosen(asked):
        options = run_options(subject, path, asked)
        if asked.batch:
            options = dataclasses.replace(options, batch=asked.batch)
        profile: PerfProfile = finished(
            profile_performance(
                options=dict(request(options)),
                name=subject.name,
                seconds=3.0,
                int8=False,
                channels=False,
            )
        )
        found[subject.name] = {
            "coverage": profile.coverage,
            "sum_over_fastest": profile.measured_ms / profile.total.min_ms,
            "trusted": profile.total.trusted,
            "reasons": list(profile.total.reasons),
        }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
