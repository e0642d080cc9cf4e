"""What a plan that cuts channels would bring, in the words of a screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sparsify_tui.core.channels.front import (
    ChannelAnalysis,
    ChannelFront,
    ChannelSearch,
    FrontPoint,
)
from sparsify_tui.core.channels.groups import ChannelGroup, LockedChannels, legal_widths
from sparsify_tui.core.estimate import Outlook
from sparsify_tui.core.loss_profile import LossProfile
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.structures import CHANNEL
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import (
    format_count,
    format_interval,
    format_ms,
    format_percent,
    format_ratio,
    format_score,
)
from sparsify_tui.tui.channel_front import basis_lines, point_text
from sparsify_tui.tui.channel_view import ChannelView
from sparsify_tui.tui.loss.figures import figure_text, metric_words
from sparsify_tui.tui.outlook import schedule_lines
from sparsify_tui.tui.widgets.headline import Part

Lines = tuple[tuple[Part, ...], ...]
_MUTED, _DOUBT = "$text-muted", "bold $text-warning"
_NO_LANES = "no profile has narrowed this model: 1, then r"
_MOST_RANGES = 16
_MOST_LAYERS = 12


def channel_outlook_lines(view: ChannelView, outlook: Outlook, steps: tuple[int, int]) -> Lines:
    """Size, speed, loss, how the widths came about, and what is wrong."""
    problems = "; ".join(view.plan.problems())
    return (
        _size_parts(outlook),
        _speed_parts(view, outlook),
        _loss_parts(view),
        (*_choice_parts(view), (_steps_text(steps), _MUTED)),
        ((f"! {problems}" if problems else "", _DOUBT),),
    )


def _size_parts(outlook: Outlook) -> tuple[Part, ...]:
    left, flops = format_count(outlook.remaining_params), format_count(outlook.remaining_flops)
    zeros = f"{format_percent(outlook.sparsity)} zero" if outlook.sparsity else ""
    return (
        (f"params {format_count(outlook.params)} → {left}", ""),
        (f"compression {format_ratio(outlook.compression.value)}", "bold $text-accent"),
        (f"FLOPs {format_count(outlook.flops)} → {flops}", ""),
        (zeros, ""),
    )


def _speed_parts(view: ChannelView, outlook: Outlook) -> tuple[Part, ...]:
    speed = outlook.speed_up
    if speed.value is None:
        cure = "1, then r, measures narrowed models" if view.lanes is None else ""
        why = f": {speed.note}" if speed.note else ""
        return ((f"speed-up unknown{why}", _DOUBT), (cure, _MUTED))
    predicted = view.predicted_speed_up
    is_measured = speed.basis == "measured"
    beside = f"predicted {format_ratio(predicted)}" if is_measured and predicted else ""
    return (
        (
            f"speed-up {format_interval(speed.value, speed.low, speed.high)} {speed.basis}",
            "bold $text-accent",
        ),
        (beside, ""),
        (_error_text(view), _MUTED),
        (speed.note, _MUTED),
    )


def _error_text(view: ChannelView) -> str:
    """How far the predictions of the profile were off where they were checked."""
    is_of_lanes = view.lanes is not None and view.kept and view.point is None
    error = view.lanes.median_error if view.lanes and is_of_lanes else None
    return "" if error is None else f"predictions ±{format_percent(error)}"


def _loss_parts(view: ChannelView) -> tuple[Part, ...]:
    front, point = view.channels.found, view.point
    if front is not None and front.point is None:
        what = "nothing else is cut" if view.kept else "nothing is cut"
        return ((clean_text(f"search: {what}: {front.cause}", 300), _DOUBT),)
    if front is None or point is None:
        return (("loss of these widths not measured", _MUTED), ("C searches, 4 benchmarks", _MUTED))
    agrees = "" if point.agreement is None else f"agrees {format_percent(point.agreement)}"
    return (
        (f"loss {format_score(point.error)} on {front.held_out} held-out samples", ""),
        ("of made-up data" if front.is_made_up else "", _DOUBT),
        (_left_out(view), _DOUBT),
        (agrees, ""),
        (f"not trusted: {front.doubts[0]}" if front.doubts else "", _DOUBT),
        (_repair_text(front, point), _MUTED),
    )


def _left_out(view: ChannelView) -> str:
    """What else the plan does to the outputs, and the search did not."""
    zeros = "zeros" if any(view.plan.levels.values()) else ""
    others = [name for name in (zeros, "int8" if view.plan.quantized else "") if name]
    return f"without {' and '.join(others)}" if others else ""


def _repair_text(front: ChannelFront, point: FrontPoint) -> str:
    if front.repair == "none":
        return "no repair"
    return "repaired" if point.repaired else "repair did not help, and was dropped"


def _choice_parts(view: ChannelView) -> tuple[Part, ...]:
    groups, channels = view.channels.map.groups, view.channels
    total = sum(group.size for group in groups)
    gone = sum(group.size - view.kept_of(group) for group in groups)
    int8 = len(view.plan.quantized)
    return (
        (f"{gone} of {total} units go in {len(view.kept)} of {len(groups)} groups", ""),
        (f"{channels.selection}, repair {channels.repair}", _MUTED),
        (f"int8 in {int8} layers" if int8 else "", ""),
    )


def _steps_text(steps: tuple[int, int]) -> str:
    return f"undo {steps[0]}" + (f" redo {steps[1]}" if steps[1] else "")


def group_lines(view: ChannelView, group: ChannelGroup, loss: LossProfile | None) -> list[str]:
    """All that is known of a group, and of the search it came from."""
    choice = view.choices.get(group.id)
    removed = choice.removed(group) if choice else ()
    widths = " ".join(map(str, legal_widths(group)))
    lines = [
        f"{group.kind}, {group.size} units",
        f"keeps {view.kept_of(group)}, {format_percent(view.level(group))} go",
        clean_text(f"widths that run well {widths}"),
        *((f"{len(group.fixed)} units must stay",) if group.fixed else ()),
        *_time_lines(view, group),
        *_alone_lines(view, group, loss),
        *_layer_lines("made by", view, group.producers),
        *_layer_lines("taken by", view, group.consumers),
    ]
    if removed:
        lines.append(f"units that go {_few(unit_ranges(removed), _MOST_RANGES)}")
    return [*lines, "", *plan_lines(view)]


def layer_width_lines(view: ChannelView, layer: LayerId) -> list[str]:
    """What is left of a layer's channels."""
    widths = view.layers.get(layer)
    if widths is None:
        return []
    inputs, outputs = (
        f"{one.at(view.kept)} of {one.full}" for one in (widths.inputs, widths.outputs)
    )
    return [
        f"takes {inputs}, makes {outputs} channels",
        f"{format_percent(widths.share(view.kept))} of its weights stay",
    ]


def unit_ranges(units: Sequence[int]) -> list[str]:
    """Rising numbers, runs of them as first and last: 3, 8-15."""
    runs: list[list[int]] = []
    for unit in units:
        if runs and unit == runs[-1][-1] + 1:
            runs[-1][1:] = [unit]
        else:
            runs.append([unit])
    return ["-".join(map(str, run)) for run in runs]


def locked_lines(view: ChannelView, locked: LockedChannels) -> list[str]:
    """Why these channels cannot go."""
    return [
        "cannot be cut:",
        clean_text(locked.reason, 400),
        *_layer_lines("made by", view, locked.layers),
        "int8 and zeros are possible all the same",
    ]


def plan_lines(view: ChannelView) -> list[str]:
    """The search behind a plan, and its schedule."""
    front = view.channels.found
    found = []
    if front is not None:
        point = [point_text(view.point)] if view.point else []
        found = ["channel search", *point, *basis_lines(front), ""]
    return [*found, *schedule_lines(view.plan)]


def found_text(found: ChannelAnalysis | ChannelSearch) -> str:
    """What a search or an analysis came to, in one line."""
    if isinstance(found, ChannelAnalysis):
        return clean_text(f"{len(found.map.groups)} groups, ordered by {found.calibration}")
    point = found.front.point
    return (
        clean_text(f"nothing is cut: {found.front.cause}") if point is None else point_text(point)
    )


def _time_lines(view: ChannelView, group: ChannelGroup) -> list[str]:
    if view.widths is None:
        return [_NO_LANES]
    saved = view.saved_ms.get(group.id)
    lines = [f"predicted {format_ms(view.widths.predict(view.kept))} ms with this plan"]
    return lines if saved is None else [*lines, f"this cut saves {format_ms(saved)} ms"]


def _alone_lines(view: ChannelView, group: ChannelGroup, loss: LossProfile | None) -> list[str]:
    """What the cut loses when it is the only one, from a profile of channels."""
    level, kept = view.level(group), view.kept_of(group)
    row = loss.layer(group.producers[0]) if loss and group.producers else None
    if loss is None or row is None or loss.structure != CHANNEL or not level:
        return []
    curve = loss.curve_of(row)
    if curve is None:
        return []
    own = next((one for one in loss.groups if one.group.id == group.id), None)
    at = own.kept.index(kept) if own is not None and kept in own.kept else None
    is_known = own is not None and at is not None and not loss.is_estimated(own.pruning, at)
    value = figure_text(curve.at(level), is_estimated=not is_known)
    return [f"alone {metric_words(loss.metric)} {value}"]


def _layer_lines(title: str, view: ChannelView, layers: Iterable[LayerId]) -> list[str]:
    names = [clean_text(view.label(one), 36) for one in layers]
    return [f"{title} {_few(names, _MOST_LAYERS)}"] if names else []


def _few(texts: Iterable[str], most: int) -> str:
    all_of_them = list(texts)
    more = len(all_of_them) - most
    return ", ".join(all_of_them[:most]) + (f" and {more} more" if more > 0 else "")
