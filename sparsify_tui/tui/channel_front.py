"""The front of a search for narrower models: as points of a chart, as lines, to choose from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sparsify_tui.core.channels.front import ChannelFront, FrontPoint
from sparsify_tui.core.channels.groups import GroupId
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.timing import Ratio
from sparsify_tui.core.units import (
    format_interval,
    format_ms,
    format_percent,
    format_ratio,
    format_score,
)
from sparsify_tui.tui.dialogs.pick_list import PickLine
from sparsify_tui.tui.symbols import SymbolSet
from sparsify_tui.tui.widgets.scatter_chart import ScatterChart, ScatterPoint

NO_FRONT = "No front yet: C searches narrower channels, and measures them."


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontView:
    """A front beside the plan that came from it."""

    front: ChannelFront
    kept: Mapping[GroupId, int]
    """Of the plan."""

    @property
    def picked(self) -> int | None:
        """Position of the point that the plan is at; None where it is at none."""
        points = self.front.points
        here = (at for at, one in enumerate(points) if dict(one.kept) == dict(self.kept))
        return next(here, None)

    def speed_up(self, point: FrontPoint) -> float | None:
        """Measured, else predicted; None where there is neither."""
        if point.ratio is not None:
            return point.ratio.value
        return self.predicted_speed_up(point)

    def predicted_speed_up(self, point: FrontPoint) -> float | None:
        """From the times that were predicted before any was measured."""
        full_ms = self.front.full_ms
        return full_ms / point.predicted_ms if full_ms and point.predicted_ms else None


def draw_front(chart: ScatterChart, view: FrontView | None) -> None:
    """Loss over speed-up; what was only predicted is a small point, the plan's own is picked."""
    points = view.front.points if view else ()
    chart.set_points(
        [_scatter_point(view, at) for at in range(len(points))] if view else (),
        title="front",
        x_label="speed-up, small where predicted",
        y_label="loss",
        x_format=format_ratio,
        y_format=format_score,
        y_scale="sqrt",
    )
    chart.pick(view.picked if view else None)


def _scatter_point(view: FrontView, at: int) -> ScatterPoint:
    point = view.front.points[at]
    speed_up = view.speed_up(point)
    return ScatterPoint(
        label=point_name(view.front, at),
        x=math.nan if speed_up is None else speed_up,
        y=point.error,
        note=_beside(view.predicted_speed_up(point)) if point.ratio else "predicted",
        is_estimated=point.ratio is None,
    )


def _beside(predicted: float | None) -> str:
    return "" if predicted is None else f"predicted {format_ratio(predicted)}"


def point_name(front: ChannelFront, at: int) -> str:
    """Its number, how it was found, and whether it is the one that was chosen."""
    name, chosen = front.points[at].name, "chosen" if at == front.chosen else ""
    return " ".join(filter(None, (f"point {at + 1} of {len(front.points)}", name, chosen)))


def front_lines(front: ChannelFront, symbols: SymbolSet) -> list[str]:
    """All points as a table, the slowest first, and what they rest on."""
    rows: list[Sequence[str]] = [
        ("", "#", "predicted ms", "measured", "loss", "agreement", "repair")
    ]
    rows += [_point_row(front, at, symbols) for at in range(len(front.points))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    table = ["  ".join(map(str.rjust, row, widths)).rstrip() for row in rows]
    return [*table, "", *basis_lines(front)]


def basis_lines(front: ChannelFront) -> list[str]:
    """Why that point, and what the losses and times rest on."""
    return [
        clean_text(front.cause, 300),
        *(clean_text(f"not trusted: {doubt}") for doubt in front.doubts),
        f"batch {front.batch}, threads {front.threads}",
        loss_basis(front),
        *(("data made up: losses of other data may differ",) if front.is_made_up else ()),
        f"repair {front.repair}, fitted on {front.fitted_on} other samples",
    ]


def loss_basis(front: ChannelFront) -> str:
    """On what the losses were taken."""
    return clean_text(f"loss on {front.held_out} samples held out of {front.source}")


def front_choices(view: FrontView) -> list[PickLine]:
    """One line a point, the slowest first."""
    return [
        PickLine(
            value=str(at),
            label=_speed_text(view, point),
            description=", ".join(
                [*_loss_parts(point), *(["chosen"] if at == view.picked else [])]
            ),
        )
        for at, point in enumerate(view.front.points)
    ]


def _speed_text(view: FrontView, point: FrontPoint) -> str:
    if point.ratio is not None:
        return f"measured {format_ratio(point.ratio.value)}"
    return f"predicted {format_ratio(view.predicted_speed_up(point))}"


def point_text(point: FrontPoint) -> str:
    """Speed and loss of a point in one line."""
    return ", ".join([_measured_text(point.ratio) or "not measured", *_loss_parts(point)])


def _loss_parts(point: FrontPoint) -> list[str]:
    agrees = "" if point.agreement is None else f"agrees {format_percent(point.agreement)}"
    parts = (
        f"loss {format_score(point.error)}",
        agrees,
        f"predicted {format_ms(point.predicted_ms)} ms",
    )
    return [part for part in parts if part]


def _measured_text(ratio: Ratio | None) -> str:
    return "" if ratio is None else f"measured {format_ratio(ratio.value)}"


def _point_row(front: ChannelFront, at: int, symbols: SymbolSet) -> Sequence[str]:
    point = front.points[at]
    ratio = point.ratio
    return (
        symbols.mark if at == front.chosen else "",
        str(at + 1),
        format_ms(point.predicted_ms),
        symbols.missing if ratio is None else format_interval(ratio.value, ratio.low, ratio.high),
        format_score(point.error),
        format_percent(point.agreement),
        "kept" if point.repaired else "dropped",
        clean_text(point.name or symbols.missing, 12),
    )
