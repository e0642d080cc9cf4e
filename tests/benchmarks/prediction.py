"""Predicted against measured for random mixes of int8 and float layers.

    python -m tests.benchmarks.prediction --models FOLDER … --work FOLDER [--only NAMES] [--mixes N]

The prediction is the profile's own, fitted on the mixes that the profile itself measured.
Prints one JSON document: by model each mix with its own interval, and the errors.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from sparsify_tui.analyses.clock import compare_laps
from sparsify_tui.analyses.int8 import FLOAT, Forms, measure_forms
from sparsify_tui.analyses.opened import open_model
from sparsify_tui.analyses.race import race
from sparsify_tui.core.candidates import Candidate
from tests.analyses.fakes import finished
from tests.benchmarks.subjects import Subject, chosen, parser, run_options

AT_ONCE = 5
RACE_S = 6.0


def measured(subject: Subject, path: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Errors of one model's predictions."""
    opened = open_model(run_options(subject, path, asked))
    generator = random.Random(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        forms = Forms(opened, folder)
        model = finished(measure_forms(opened, forms, folder, 4.0)).model
        assert model is not None
        mixes = [
            Candidate(
                name=f"mix {at}",
                layers=frozenset(
                    generator.sample(forms.ids, generator.randint(1, len(forms.ids) - 1))
                ),
            )
            for at in range(asked.mixes)
        ]
        rows = []
        for start in range(0, len(mixes), AT_ONCE):
            part = mixes[start : start + AT_ONCE]
            files = {FLOAT: forms.float_file} | {mix.name: forms.file(mix) for mix in part}
            laps = finished(race(opened, files, RACE_S, "mixes"))
            for mix in part:
                ratio = compare_laps(laps[FLOAT], laps[mix.name], threads=asked.threads)
                predicted = model.float_ms / model.predict(mix.layers)
                rows.append(
                    {
                        "layers": len(mix.layers),
                        "predicted": predicted,
                        "measured": ratio.value,
                        "interval": [ratio.low, ratio.high],
                        "error": ratio.value / predicted - 1,
                    }
                )
    errors = [abs(row["error"]) for row in rows]
    return {"mixes": rows, **_errors(errors), "element_ns": model.element_ns}


def _errors(errors: list[float]) -> dict[str, float]:
    return {
        "median": median(errors),
        "p90": quantiles(errors, n=10)[-1] if len(errors) > 1 else errors[0],
        "worst": max(errors),
    }


def main() -> None:
    """Runs the command."""
    arguments = parser(__doc__)
    arguments.add_argument("--mixes", type=int, default=10)
    asked = arguments.parse_args()
    found = {subject.name: measured(subject, path, asked) for subject, path in chosen(asked)}
    every = [abs(row["error"]) for one in found.values() for row in one["mixes"]]
    print(json.dumps({"models": found, "all": _errors(every)}, indent=1))


if __name__ == "__main__":
    main()
