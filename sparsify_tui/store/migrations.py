"""What brings documents of earlier versions to the present schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

SCHEMA = 3
"""What this program writes; higher ones are refused, lower ones migrated on reading."""

Tables = dict[str, dict[str, Any]]
"""Documents by their id, which JSON spells as a string, by the name of their table."""


def _adopt_plain(tables: Tables) -> Tables:
    """From 0, a plain TinyDB file, to 1, which only added the header."""
    return tables


def _benchmarks_of_many(tables: Tables) -> Tables:
    """From 1, where a benchmark was of one optimization, to 2, where it has a list of them."""
    if "benchmarks" not in tables:
        return tables
    benchmarks = {key: _of_many(one) for key, one in tables["benchmarks"].items()}
    return tables | {"benchmarks": benchmarks}


def _of_many(benchmark: Mapping[str, Any]) -> dict[str, Any]:
    if "optimization" not in benchmark:
        return dict(benchmark)
    kept = {name: value for name, value in benchmark.items() if name not in _OF_ONE}
    name, metric = benchmark["optimization"], benchmark.get("metric")
    changed = {one["b"] for one in benchmark["comparisons"]}
    runs = [
        {**run, "optimization": name if run["label"] in changed else ""}
        for run in benchmark["runs"]
    ]
    sizes = {field: benchmark[field] for field in ("sparsity", "file_bytes", "compressed_bytes")}
    is_faster = all(one["verdict"] == "faster" for one in benchmark["comparisons"])
    model = {
        **sizes,
        "optimization": name,
        "metrics": [] if metric is None else [metric],
        "note": "" if is_faster else "not faster in every case",
    }
    return {**kept, "runs": runs, "models": [model]}


_OF_ONE = ("optimization", "metric", "sparsity", "file_bytes", "compressed_bytes")


def _losses_of_schemes(tables: Tables) -> Tables:
    """From 2, where a layer lost something by pruning only, to 3, where by quantisation too."""
    if "loss_profiles" not in tables:
        return tables
    profiles = {
        key: {**one, "layers": [_by_pruning(row) for row in one["layers"]]}
        for key, one in tables["loss_profiles"].items()
    }
    return tables | {"loss_profiles": profiles}


def _by_pruning(row: Mapping[str, Any]) -> dict[str, Any]:
    if "values" not in row:
        return dict(row)
    kept = {name: value for name, value in row.items() if name != "values"}
    values = row["values"]
    return {**kept, "pruning": {"values": values, "samples": [0] * len(values)}}


MIGRATIONS: Mapping[int, Callable[[Tables], Tables]] = {
    0: _adopt_plain,
    1: _benchmarks_of_many,
    2: _losses_of_schemes,
}
"""What brings the tables of a schema to the next one; pure functions, one for each step."""
