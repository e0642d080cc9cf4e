"""Repair at equal cuts: what it does to the error of the outputs on test inputs.

    python -m tests.benchmarks.channel_repair --models FOLDER … --work FOLDER [--only NAMES]

Every group is cut to the same share by structured OBS, then once repaired and once not. Prints
one JSON document: by model and share both errors (MSE over variance before a final Softmax or
Sigmoid, on the test set, else on made-up inputs that were not fitted), their ratio, and whether
the guard kept the repair; below it the geometric mean over the CNNs and the worst of all.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from statistics import geometric_mean
from typing import Any

from sparsify_tui.analyses.channels import ChannelModel, channel_model
from sparsify_tui.analyses.channels.guarded import Judge
from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.core.channels.groups import nearest_width
from tests.benchmarks.subjects import SUBJECTS, Subject, chosen, parser, run_options

SHARES = (0.25, 0.5)
CNNS = frozenset({"digits", "cls", "det", "rec", "resnet50", "mobilenet_v2"})
NAMES = (*sorted(CNNS), "lang", "tab", "bert_encoder")
_TESTED = 256
_MADE_UP = 48
_BERT = Subject(name="bert_encoder", file="bert_encoder", is_shaped=True)


def measured(subject: Subject, path: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """All figures of one model."""
    options = replace(run_options(subject, path, asked), batch=1)
    opened = open_model(options)
    channels = channel_model(opened)
    start = time.process_time()
    orders = channels.orders("obs")
    ordered_s = time.process_time() - start
    judge = _judge(opened, channels)
    rows: dict[str, Any] = {}
    for share in SHARES:
        removed = {
            group.id: orders[group.id][: group.size - nearest_width(group, share)]
            for group in channels.map.groups
        }
        start = time.process_time()
        found = channels.narrowed(removed, repair="auto")
        repaired_s = time.process_time() - start
        plain = judge.judged(channels.narrowed(removed, repair="none").proto).error
        after = judge.judged(found.proto).error
        rows[f"{share:g}"] = {
            "cut": plain,
            "repaired": after,
            "ratio": after / plain,
            "kept": found.repaired,
            "words": found.words,
            "cpu_s": repaired_s,
        }
    return {"orders_cpu_s": ordered_s, "shares": rows}


def _judge(opened: Opened, channels: ChannelModel) -> Judge:
    """On the test set, or on the last of more made-up samples than are fitted."""
    samples = opened.samples
    size = opened.scoring_batch
    if samples.is_made_up and not opened.is_batch_bound:
        samples = opened.samples_of(None, 2 * _MADE_UP)
        batches = [samples.batch(8, start) for start in range(_MADE_UP, 2 * _MADE_UP, 8)]
    else:
        batches = [feeds for feeds, _ in samples.batches(size)][: -(-_TESTED // size)]
    return Judge(channels.graph.proto, opened.engine, opened.options.threads, batches)


def summary(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What is asked of all models together."""
    ratios = {
        f"{name} {share}": row["ratio"]
        for name, one in found.items()
        for share, row in one["shares"].items()
    }
    cnns = [ratio for name, ratio in ratios.items() if name.split()[0] in CNNS]
    return {
        "lower_over_cnns": 1 / geometric_mean(cnns) if cnns else None,
        "worst_ratio": max(ratios.values(), default=None),
        "raised_by_over_2_percent": [name for name, ratio in ratios.items() if ratio > 1.02],
    }


def main() -> None:
    """Runs the command."""
    asked = parser(__doc__).parse_args()
    asked.only = asked.only or ",".join(NAMES)
    asked.work.mkdir(parents=True, exist_ok=True)
    found = {
        subject.name: measured(subject, path, asked)
        for subject, path in chosen(asked, (*SUBJECTS, _BERT))
    }
    print(json.dumps({"models": found, "summary": summary(found)}, indent=1))


if __name__ == "__main__":
    main()
