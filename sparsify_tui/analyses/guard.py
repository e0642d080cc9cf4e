"""Guards the outputs beside the clock: what is faster and wrong is not an optimization."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sparsify_tui.analyses.metrics import Scorer
from sparsify_tui.analyses.opened import Opened
from sparsify_tui.core.project import MetricChange

LARGEST_DROP = 0.005
"""Of a metric on labels: half a point."""
LEAST_AGREEMENT = 0.97
"""Without labels. A heuristic: int8 that keeps its accuracy agrees on more than this."""
SMALL_ERROR = 0.05
"""MSE over variance that is good whatever agrees."""
LARGEST_ERROR = 0.3
"""MSE over variance, without labels. A heuristic, and loose: a voice detector with 0.25 keeps
its AUC of 0.999 (6 dB), while a ruined model is near 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Whether the outputs are good enough, in words."""

    is_good: bool
    words: str


class Guard:
    """Compares forms of one model with the original, whose outputs are computed once."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._known: dict[Path, Finding] = {}

    @cached_property
    def _scorer(self) -> Scorer:
        return Scorer(self._opened)

    def check(self, form: Path) -> Finding:
        """Whether a form's outputs may take the place of the original's."""
        if form not in self._known:
            self._known[form] = self._finding(self._scorer.changes(form))
        return self._known[form]

    def _finding(self, changes: tuple[MetricChange, ...]) -> Finding:
        if not changes:
            return Finding(is_good=False, words="the outputs are not finite")
        first = changes[0]
        words = f"{first.name} {first.before:.3g} → {first.after:.3g}"
        if self._opened.samples.is_made_up:
            return Finding(is_good=True, words=f"{words} on made-up samples: not guarded")
        return Finding(is_good=_is_close(changes), words=words)


def _is_close(changes: tuple[MetricChange, ...]) -> bool:
    first = changes[0]
    after = {change.name: change.after for change in changes}
    if first.name == "agreement":  # of the largest along the last axis, which may be no classes
        return first.after >= LEAST_AGREEMENT or after["output error"] <= SMALL_ERROR
    if first.name == "output error":
        return first.after <= LARGEST_ERROR
    return first.before - first.after <= LARGEST_DROP
