"""What a layer loses at one level or in one scheme, and how that is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sparsify_tui.core.loss_profile import LayerLoss, Losses, LossProfile
from sparsify_tui.core.units import NOT_MEASURED, format_number, format_percent, format_score

METRIC_WORDS = {
    "mse": "MSE ÷ variance",
    "kl": "KL divergence",
    "cosine": "cosine distance",
    "agreement": "top-1 disagreement",
}
_SCHEME_TITLES = {"int8-tensor": "int8/t", "int8-w8a8": "w8a8"}
_SCHEME_WORDS = {
    "int8": "int8 weights, per channel",
    "int8-tensor": "int8 weights, per tensor",
    "int8-w8a8": "int8 weights and inputs",
    "int4": "int4 weights, per channel",
}
_MAIN_LEVEL = 0.8
_LONG = 9.995
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One value with what is known about it."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    is_estimated: bool = False
    """Whether it only follows from values that were measured."""

    @property
    def text(self) -> str:
        """The value, with ~ before an estimated one."""
        return figure_text(self.value, is_estimated=self.is_estimated)

    @property
    def interval(self) -> tuple[float, float] | None:
        """Its bounds, where it has both."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    @property
    def interval_text(self) -> str:
        """Its bounds in brackets; empty where it has none."""
        bounds = self.interval
        return f"[{', '.join(map(figure_text, bounds))}]" if bounds else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aspect:
    """A level or a scheme of a profile: what bars, scatter and diagnosis look at."""

    key: str
    title: str
    """Short enough for the head of a column."""
    words: str
    """As a sentence goes on: `at 80%`, `as int8 weights, per channel`."""
    at: int
    """Its place among the profile's levels or schemes."""
    level: float | None
    """None for a scheme."""
    is_drop: bool = False
    """Whether the fall of the metric is meant, not the distance between outputs."""
    profile: LossProfile = field(compare=False, repr=False)
    """Whose it is; a later state of a growing one has the same levels and schemes."""

    def figure(self, row: LayerLoss | None) -> Figure:
        """What a layer loses; without a value where it has no entry or none was measured."""
        if row is None:
            return Figure()
        return self.figure_of(row.quantization if self.level is None else row.pruning)

    def figure_of(self, found: Losses) -> Figure:
        """The same of values in the order of the profile's levels, or of its schemes."""
        value = _at(found.drops if self.is_drop else found.values, self.at)
        if value is None:
            return Figure()
        if self.is_drop:
            return Figure(value=value)
        return Figure(
            value=value,
            low=_at(found.lows, self.at),
            high=_at(found.highs, self.at),
            is_estimated=self.profile.is_estimated(found, self.at),
        )


def aspects_of(profile: LossProfile) -> tuple[Aspect, ...]:
    """The levels in rising order, then the schemes."""
    levels = (
        Aspect(
            key=f"{level:g}",
            title=level_text(level),
            words=f"at {level_text(level)}",
            at=at,
            level=level,
            profile=profile,
        )
        for at, level in enumerate(profile.levels)
    )
    schemes = (
        Aspect(
            key=scheme,
            title=_SCHEME_TITLES.get(scheme, scheme),
            words=f"as {scheme_words(scheme)}",
            at=at,
            level=None,
            profile=profile,
        )
        for at, scheme in enumerate(profile.schemes)
    )
    return (*levels, *schemes)


def chosen_aspect(aspects: Sequence[Aspect], key: str) -> Aspect | None:
    """The one with that key, else the level nearest to 80 %, else the first scheme."""
    known = next((one for one in aspects if one.key == key), None)
    levels = [one for one in aspects if one.level is not None]
    nearest = min(levels, key=lambda one: abs((one.level or 0) - _MAIN_LEVEL), default=None)
    return known or nearest or next(iter(aspects), None)


def figure_text(value: float | None, *, is_estimated: bool = False) -> str:
    """At most six characters; ~ before what was not measured, a point for what is not known."""
    if value is None:
        return NOT_MEASURED
    text = format_number(value) if abs(value) >= _LONG else format_score(value)
    return f"~{text}" if is_estimated else text


def level_text(level: float) -> str:
    """A sparsity without needless digits: 80%, 97.5%."""
    return format_percent(level, 0 if round(level * 100, 6).is_integer() else 1)


def scheme_words(scheme: str) -> str:
    """What a quantisation scheme rounds."""
    return _SCHEME_WORDS.get(scheme, scheme)


def metric_words(metric: str) -> str:
    """A distance by its full name."""
    return METRIC_WORDS.get(metric, metric)


def _at(values: Sequence[T], at: int) -> T | None:
    return values[at] if at < len(values) else None
