"""The use cases: generators that yield progress and return one result.

A new analysis is one generator in a file here, and one line in the table. The table holds
import strings, so that the parent can name an analysis without loading a runtime.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import cast

from sparsify_tui.core.protocols import Analysis
from sparsify_tui.errors import UsageError

ANALYSES: Mapping[str, str] = {
    "inspect": "sparsify_tui.analyses.inspect:inspect_model",
    "groups": "sparsify_tui.analyses.groups:find_groups",
    "fit": "sparsify_tui.analyses.fit:fit_inputs",
    "data": "sparsify_tui.analyses.data:check_data",
    "perf": "sparsify_tui.analyses.perf:profile_performance",
    "place": "sparsify_tui.analyses.place:place_int8",
    "channels": "sparsify_tui.analyses.channels.analyse:analyse_channels",
    "narrow": "sparsify_tui.analyses.channels.search:search_channels",
    "magnitude": "sparsify_tui.analyses.magnitude:profile_magnitude",
    "loss": "sparsify_tui.analyses.loss:profile_one_shot",
    "apply": "sparsify_tui.analyses.apply:apply_optimization",
    "benchmark": "sparsify_tui.analyses.benchmark:benchmark_models",
}


def analysis_of(kind: str) -> Callable[..., Analysis]:
    """The analysis of that name. Raises UsageError for an unknown one."""
    if kind not in ANALYSES:
        raise UsageError(f"There is no analysis {kind!r}.")
    module, _, attribute = ANALYSES[kind].partition(":")
    return cast("Callable[..., Analysis]", getattr(import_module(module), attribute))
