"""Runs one-shot loss profiles of small models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sparsify_tui.analyses.evaluate import Evaluator
from sparsify_tui.analyses.loss import profile_one_shot
from sparsify_tui.analyses.setup import Setup
from sparsify_tui.codec import document_from
from sparsify_tui.core.loss_profile import LossProfile, LossRequest
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.protocols import Partial, Progress
from tests.analyses.fakes import options, watched

REQUEST = LossRequest(levels=(0.25, 0.5, 0.75, 0.9), samples=6, workers=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What came out of a profile, and what it has left on disk."""

    partials: tuple[LossProfile, ...]
    progress: tuple[Progress, ...]
    profile: LossProfile
    lines: tuple[dict[str, Any], ...]
    """Items of the log."""


def measured(
    model: Path,
    request: LossRequest = REQUEST,
    *,
    log: Path | None = None,
    shares: Mapping[str, float] | None = None,
    **more: Any,
) -> Measured:
    """Measures to the end; the log is beside the model where none is given."""
    log = log or model.with_suffix(".jsonl")
    seen, profile = watched(
        profile_one_shot(
            options=options(model, **more),
            request=document_from(request),
            profile_id="p1",
            name="all",
            created="today",
            log=str(log),
            shares=dict(shares or {}),
        )
    )
    return Measured(
        partials=tuple(one.value for one in seen if isinstance(one, Partial)),
        progress=tuple(one for one in seen if isinstance(one, Progress)),
        profile=profile,
        lines=lines_of(log),
    )


def lines_of(log: Path) -> tuple[dict[str, Any], ...]:
    return tuple(map(json.loads, log.read_text().splitlines()[1:]))


def timeless(profile: LossProfile) -> LossProfile:
    return replace(profile, cpu_s=0.0, wall_s=0.0)


def evaluator(model: Path, request: LossRequest = REQUEST, **more: Any) -> Evaluator:
    return Evaluator(setup(model, request, **more))


def setup(model: Path, request: LossRequest = REQUEST, **more: Any) -> Setup:
    return Setup(options=RunOptions(path=str(model), **more), request=request)


def samples(path: Path, *, labelled: bool = False, count: int = 12, **shapes: tuple) -> str:
    """A data file of normal values, by input; `labels` are 0, 1, 2 in turn."""
    random = np.random.default_rng(3)
    arrays = {
        name: random.normal(size=(count, *shape)).astype(np.float32)
        for name, shape in (shapes or {"x": (4,)}).items()
    }
    if labelled:
        arrays["labels"] = np.arange(count) % 3
    np.savez(path, **arrays)
    return str(path)
