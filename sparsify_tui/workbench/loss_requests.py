"""What may be asked of a loss profile: read from text, and checked before a job starts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec

from sparsify_tui.core.loss_profile import CHANNEL_LEVELS, DISTANCES, SCHEMES, LossRequest
from sparsify_tui.core.model import Model
from sparsify_tui.core.structures import CHANNEL, PLAIN_STRUCTURES, levels_of
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import MissingEngineError, UsageError
from sparsify_tui.workbench.scores import full_metric

METRICS = ("auto", *DISTANCES)
STRUCTURES = (*PLAIN_STRUCTURES, CHANNEL, "2:4")
"""Those that are offered; any N:M may be asked for."""
NO_SCHEMES = "none"
_MOST_WORKERS = 64
_OF_CHANNELS = LossRequest(structure=CHANNEL, levels=CHANNEL_LEVELS, schemes=())
_NOT_OF_CHANNELS = {
    "schemes": "quantization",
    "metric": "metric but mse",
    "outputs": "choice of outputs",
    "score": "score",
    "samples": "number of samples",
    "workers": "number of workers",
    "scheduler": "scheduler",
    "memory_bytes": "memory limit",
}
"""What a channel profile cannot be asked for, with what it is called."""
_CHANNEL_METRIC = "mse"


def standard_request(structure: str = "") -> LossRequest:
    """What is measured unless something else is asked for; empty: single weights."""
    if structure == CHANNEL:
        return _OF_CHANNELS
    return replace(LossRequest(), structure=structure) if structure else LossRequest()


def levels_from(text: str) -> tuple[float, ...]:
    """Levels written as `0.5,0.8`, sorted, each once. Raises UsageError."""
    try:
        levels = [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise UsageError(f"Levels are numbers separated by commas, not {text!r}.") from None
    return checked_levels(levels)


def checked_levels(levels: Sequence[float]) -> tuple[float, ...]:
    """The levels, sorted, each once. Raises UsageError."""
    if not levels or any(not 0 < level < 1 for level in levels):
        raise UsageError("Levels must lie between 0 and 1.", "Example: 0.5,0.8,0.9")
    return tuple(sorted(set(levels)))


def schemes_from(text: str) -> tuple[str, ...]:
    """Schemes written as `int8,int4`, or `none`. Raises UsageError."""
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    return () if names == (NO_SCHEMES,) else _checked_schemes(names)


def checked_request(model: Model, request: LossRequest) -> LossRequest:
    """The request in its full form: the levels that exist, the score with the path of its file.

    Raises:
        UsageError: It makes no sense for this model.
        MissingEngineError: It needs what is not installed.
    """
    _check_choice("metric", request.metric, METRICS)
    if request.structure == CHANNEL:
        _check_channels(request)
    _check_numbers(request)
    _check_outputs(model, request.outputs)
    if request.scheduler and find_spec("distributed") is None:
        raise MissingEngineError(
            "A scheduler needs Dask, which is not installed.", "pip install sparsify-tui[dask]"
        )
    return replace(
        request,
        levels=levels_of(request.structure, checked_levels(request.levels)),
        schemes=_checked_schemes(request.schemes),
        score=full_metric(request.score),
    )


def _checked_schemes(names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        _check_choice("quantization", name, SCHEMES)
    return tuple(scheme for scheme in SCHEMES if scheme in names)


def _check_choice(what: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise UsageError(f"There is no {what} {clean_text(name)}.", f"Known: {', '.join(known)}.")


def _check_channels(request: LossRequest) -> None:
    """Raises UsageError for what has no part in cutting and repairing one group after another."""
    for name, asked_for in _NOT_OF_CHANNELS.items():
        if getattr(request, name) not in (getattr(_OF_CHANNELS, name), _CHANNEL_METRIC):
            raise UsageError(
                f"A channel profile takes no {asked_for}.",
                "It has the MSE of all outputs after one group of channels was cut and the rest "
                "repaired; --structure unstructured takes it.",
            )


def _check_numbers(request: LossRequest) -> None:
    if request.samples < 1:
        raise UsageError("Samples are 1 or more.", "Example: --samples 64")
    if request.workers is not None and not 1 <= request.workers <= _MOST_WORKERS:
        raise UsageError(f"Workers are 1 to {_MOST_WORKERS}.", "Example: --workers 2")
    if request.memory_bytes is not None and request.memory_bytes < 1:
        raise UsageError("The memory must be above zero.", "Example: --memory 2GB")


def _check_outputs(model: Model, outputs: Sequence[tuple[str, float]]) -> None:
    known = [spec.name for spec in model.outputs]
    names = [name for name, _ in outputs]
    for name, weight in outputs:
        _check_choice("output", name, known)
        if not (math.isfinite(weight) and weight > 0):
            raise UsageError(
                f"The weight of output {clean_text(name)} must be above zero.",
                "Leave out the outputs that do not count.",
            )
    if len(set(names)) < len(names):
        raise UsageError("An output is named twice.", "Name each at most once.")
