"""What the charts of the section are handed: something that draws itself on each of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from sparsify_tui.core.units import format_count, format_percent
from sparsify_tui.tui.loss.entries import Entry, LossView
from sparsify_tui.tui.loss.figures import Aspect, aspects_of, figure_text, level_text, metric_words
from sparsify_tui.tui.widgets.axis import Scale
from sparsify_tui.tui.widgets.curve_chart import CurveChart, CurveSeries
from sparsify_tui.tui.widgets.layer_bars import LayerBars
from sparsify_tui.tui.widgets.scatter_chart import ScatterChart, ScatterPoint

MOST_CURVES = 6


class Drawing(Protocol):
    """One profile, or several side by side."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The layers, in graph order: one bar each."""

    @property
    def has_times(self) -> bool:
        """Whether a scatter can be drawn over time, too."""

    def draw_bars(self, chart: LayerBars) -> None:
        """A bar for each layer."""

    def draw_curves(
        self, chart: CurveChart, current: str, marked: Collection[str], scale: Scale
    ) -> None:
        """Loss over level of a few layers."""

    def draw_scatter(
        self, chart: ScatterChart, scale: Scale, *, is_over_time: bool
    ) -> tuple[str, ...]:
        """A point for each layer that has both values; returns their keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileDrawing:
    """One profile, seen at one level or scheme."""

    view: LossView

    @property
    def keys(self) -> tuple[str, ...]:
        """As the protocol says."""
        return tuple(entry.key for entry in self.view.entries)

    @property
    def has_times(self) -> bool:
        """As the protocol says."""
        return self.view.has_times

    def draw_bars(self, chart: LayerBars) -> None:
        """Shaded where estimated; with the interval at the cursor."""
        entries = self.view.entries
        figures = [self.view.figure(entry) for entry in entries]
        chart.set_bars(
            [one.value for one in figures],
            [entry.label for entry in entries],
            title=value_words(self.view),
            unit=figure_text,
            estimated=[at for at, one in enumerate(figures) if one.is_estimated],
            texts=[f"{one.text} {one.interval_text}".rstrip() for one in figures],
        )

    def draw_curves(
        self, chart: CurveChart, current: str, marked: Collection[str], scale: Scale
    ) -> None:
        """The marked layers, and the one under the cursor."""
        view = self.view
        chosen = [one for one in view.entries if one.key in marked and one.key != current]
        at_cursor = [one for one in view.entries if one.key == current]
        chosen = [*chosen[: MOST_CURVES - len(at_cursor)], *at_cursor]
        levels = [one for one in aspects_of(view.profile) if one.level is not None]
        found = [curve_of(one, levels, is_selected=one.key == current) for one in chosen]
        chart.set_curves(
            [curve for curve in found if curve is not None],
            title=metric_words(view.profile.metric),
            x_label=f"sparsity, {scale} scale",
            y_label="loss",
            x_format=level_text,
            y_format=figure_text,
            marker_x=view.aspect.level if view.aspect else None,
            y_scale=scale,
        )

    def draw_scatter(
        self, chart: ScatterChart, scale: Scale, *, is_over_time: bool
    ) -> tuple[str, ...]:
        """Upper left: leave it; lower right: much to gain for little."""
        found = [
            (entry, x, self.view.figure(entry))
            for entry in self.view.distinct
            if (x := entry.ms if is_over_time else entry.params) is not None
        ]
        known = [(entry, x, one) for entry, x, one in found if one.value is not None]
        chart.set_points(
            [
                ScatterPoint(
                    label=entry.label,
                    x=x,
                    y=one.value or 0.0,
                    note=_note(entry, is_estimated=one.is_estimated),
                    is_estimated=one.is_estimated,
                )
                for entry, x, one in known
            ],
            title=value_words(self.view),
            x_label=f"{'ms' if is_over_time else 'parameters'}, {scale} scale",
            y_label="loss",
            x_format=figure_text if is_over_time else format_count,
            y_format=figure_text,
            x_scale="log",
            y_scale=scale,
        )
        return tuple(entry.key for entry, _, _ in known)


def value_words(view: LossView) -> str:
    """What the values of a chart are."""
    if view.aspect is None:
        return ""
    if view.aspect.is_drop:
        return f"drop of {view.profile.score} {view.aspect.words}"
    return f"{metric_words(view.profile.metric)} {view.aspect.words}"


def curve_of(
    entry: Entry, levels: Collection[Aspect], *, is_selected: bool, label: str = ""
) -> CurveSeries | None:
    """A layer's loss over the levels, from 0 at level 0; None when nothing is known."""
    found = {_level_of(one, entry): one.figure(entry.loss) for one in levels}
    known = [(level, one) for level, one in sorted(found.items()) if one.value is not None]
    if not known:
        return None
    return CurveSeries(
        label=label or entry.label,
        xs=(0.0, *(level for level, _ in known)),
        ys=(0.0, *(one.value or 0.0 for _, one in known)),
        selected=is_selected,
        intervals=(None, *(one.interval for _, one in known)),
        estimated=frozenset(at for at, (_, one) in enumerate(known, 1) if one.is_estimated),
    )


def _level_of(aspect: Aspect, entry: Entry) -> float:
    """The share that goes there: of a group of channels not quite what was asked for."""
    kept = entry.groups[0].kept if entry.groups else ()
    return entry.groups[0].reached(aspect.at) if kept else aspect.level or 0.0


def _note(entry: Entry, *, is_estimated: bool) -> str:
    share = "" if entry.share is None else f"{format_percent(entry.share)} of time"
    return "  ".join(filter(None, (share, "estimated" if is_estimated else "")))
