"""Several loss profiles side by side, joined by layer, and as charts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sparsify_tui.core.loss_change import LossComparison
from sparsify_tui.core.ranks import ranks
from sparsify_tui.tui.loss.drawing import curve_of
from sparsify_tui.tui.loss.entries import Entry, LossView
from sparsify_tui.tui.loss.figures import Aspect, Figure, aspects_of, figure_text, level_text
from sparsify_tui.tui.widgets.axis import Scale
from sparsify_tui.tui.widgets.curve_chart import CurveChart
from sparsify_tui.tui.widgets.layer_bars import LayerBars
from sparsify_tui.tui.widgets.scatter_chart import ScatterChart, ScatterPoint

LETTERS = "ABCD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """One layer in all profiles."""

    entry: Entry
    """As the first profile that knows it has it."""
    entries: tuple[Entry | None, ...]
    figures: tuple[Figure, ...]
    ranks: tuple[float | None, ...]
    """Places from 1, the largest loss, on."""

    @property
    def shift(self) -> float | None:
        """The largest difference between two of its places."""
        known = [one for one in self.ranks if one is not None]
        return max(known) - min(known) if len(known) > 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedView:
    """Two to four profiles at one level or scheme; draws itself on the charts."""

    comparison: LossComparison
    aspect: Aspect | None
    rows: tuple[Beside, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The layers."""
        return tuple(row.entry.key for row in self.rows)

    @property
    def has_times(self) -> bool:
        """A comparison has no scatter over time."""
        return False

    def draw_bars(self, chart: LayerBars) -> None:
        """The first profile's values, and the second's in front."""
        chart.set_bars(
            [row.figures[0].value for row in self.rows],
            [row.entry.label for row in self.rows],
            title=f"A {self._words}",
            unit=figure_text,
            second=[row.figures[1].value for row in self.rows],
            second_name="B",
            rest_name="A alone",
        )

    def draw_curves(
        self, chart: CurveChart, current: str, marked: Collection[str], scale: Scale
    ) -> None:
        """The layer under the cursor, as each profile has it."""
        del marked
        row = next((one for one in self.rows if one.entry.key == current), None)
        entries = row.entries if row else ()
        curves = [
            curve_of(
                entry,
                [one for one in aspects_of(profile) if one.level is not None],
                is_selected=False,
                label=f"{letter} {profile.name}",
            )
            for letter, profile, entry in zip(
                LETTERS, self.comparison.profiles, entries, strict=False
            )
            if entry is not None
        ]
        chart.set_curves(
            [one for one in curves if one is not None],
            title=row.entry.label if row else "",
            x_label=f"sparsity, {scale} scale",
            y_label="loss",
            x_format=level_text,
            y_format=figure_text,
            marker_x=self.aspect.level if self.aspect else None,
            y_scale=scale,
        )

    def draw_scatter(
        self, chart: ScatterChart, scale: Scale, *, is_over_time: bool
    ) -> tuple[str, ...]:
        """The first profile's values across, the second's up."""
        del is_over_time
        known = [
            row for row in self.rows if None not in (row.figures[0].value, row.figures[1].value)
        ]
        chart.set_points(
            [
                ScatterPoint(
                    label=row.entry.label,
                    x=row.figures[0].value or 0.0,
                    y=row.figures[1].value or 0.0,
                )
                for row in known
            ],
            title=f"loss {self._words}",
            x_label=f"A, {scale} scale",
            y_label="B",
            x_format=figure_text,
            y_format=figure_text,
            x_scale=scale,
            y_scale=scale,
        )
        return tuple(row.entry.key for row in known)

    @property
    def _words(self) -> str:
        return self.aspect.words if self.aspect else ""


def compared_view(comparison: LossComparison, views: Sequence[LossView]) -> ComparedView:
    """Joins views of the compared profiles by layer; the first one says at which level."""
    aspect = views[0].aspect
    entries = [{entry.key: entry for entry in view.entries} for view in views]
    figures = [
        {key: view.figure(entry) for key, entry in found.items()}
        if view.aspect and aspect and view.aspect.key == aspect.key
        else {}
        for view, found in zip(views, entries, strict=True)
    ]
    places = [
        _places({one.key: found[one.key] for one in view.distinct if one.key in found})
        for view, found in zip(views, figures, strict=True)
    ]
    keys = dict.fromkeys(key for found in entries for key in found)
    return ComparedView(
        comparison=comparison,
        aspect=aspect,
        rows=tuple(
            Beside(
                entry=next(found[key] for found in entries if key in found),
                entries=tuple(found.get(key) for found in entries),
                figures=tuple(found.get(key, Figure()) for found in figures),
                ranks=tuple(found.get(key) for found in places),
            )
            for key in keys
        ),
    )


def _places(figures: Mapping[str, Figure]) -> dict[str, float]:
    known = {key: -one.value for key, one in figures.items() if one.value is not None}
    return dict(zip(known, ranks(list(known.values())), strict=True))
