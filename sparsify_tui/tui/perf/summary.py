"""The lines above the table: what was measured, how sure it is, and what could be gained."""

from __future__ import annotations

from collections.abc import Sequence

from sparsify_tui.core.best import Known, accuracy_text, int8_speed_up
from sparsify_tui.core.channels.lanes import ChannelLanes
from sparsify_tui.core.channels.words import (
    groups_text,
    lock_texts,
    speed_up_text,
    width_error_text,
)
from sparsify_tui.core.estimate import NO_SPEED_FROM_ZEROS, Estimate, Outlook
from sparsify_tui.core.lane import Int8Lane
from sparsify_tui.core.model import Model
from sparsify_tui.core.perf_change import MEASURED_APART, PerfChange
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.sparse_model import MODELLED_LEVELS, SparseEngine
from sparsify_tui.core.timing import trust_label
from sparsify_tui.core.units import (
    format_count,
    format_flops,
    format_interval,
    format_ms,
    format_number,
    format_percent,
    format_rate,
    format_ratio,
)
from sparsify_tui.tui.widgets.headline import Part

Line = list[Part]
Best = tuple[Known | None, Known | None]
"""Speed-up and compression."""
_STRONG, _QUIET, _WARN = "bold $text-accent", "$text-muted", "bold $text-warning"
STALE: Part = ("STALE: the model file has changed", _WARN)


def measured_lines(profile: PerfProfile, best: Best, *, stale: bool) -> list[Line]:
    """Latency, int8, channel widths, what is known to be gained, and where it was measured."""
    total, where = profile.total, profile.environment
    style = "bold $text-success" if total.trusted else _WARN
    return [
        [
            (trust_label(total), style),
            *([STALE] if stale else []),
            (format_rate(total.items_per_s), ""),
            (f"batch {profile.batch}", ""),
            (f"threads {where.threads}", ""),
            (where.isa, _QUIET),
        ],
        int8_line(profile),
        channel_parts(profile),
        best_parts(best),
        [
            (accuracy_text(profile.int8) if profile.int8 else "", ""),
            (profile.notes, ""),
            (f"{where.engine} {where.engine_version}", _QUIET),
            (f"cold {format_ms(profile.cold_ms)} ms", _QUIET),
            (f"p90 {format_ms(total.p90_ms)} ms of {total.runs} runs", _QUIET),
            (f"layers timed {format_percent(profile.coverage, 0)}", _QUIET),
            (_peak_text(profile), _QUIET),
        ],
    ]


def int8_line(profile: PerfProfile) -> Line:
    """The int8 lane in one line, or why there is none."""
    lane, ratio = profile.int8, int8_speed_up(profile)
    if lane is None:
        return [("int8 not measured in this profile", _QUIET)]
    if lane.refused or ratio is None:
        return [(f"int8 refused: {lane.refused or 'it has no time'}", _WARN)]
    style = "bold $text-success" if ratio.low > 1 else _WARN
    return [
        (f"all int8 {format_interval(ratio.value, ratio.low, ratio.high)}", style),
        (calibration_text(lane), "$text-warning" if lane.is_made_up else ""),
        (f"{len(lane.layers)} layers", _QUIET),
    ]


def channel_parts(profile: PerfProfile) -> Line:
    """The channel lanes in short, or why there are none; nothing where they were not asked for."""
    lanes = profile.channels
    if lanes is None:
        return []
    if lanes.refused:
        return [(f"channels refused: {lanes.refused}", _WARN)]
    fastest = max((one.ratio.low for one in lanes.totals), default=0.0)
    style = "bold $text-success" if fastest > 1 else _WARN
    return [
        (f"channels {speed_up_text(lanes)}", style),
        ("n by layer", _QUIET),
        (width_error_text(lanes), ""),
    ]


def width_lines(lanes: ChannelLanes) -> list[Line]:
    """What narrowing brings, how well it is foretold, and what cannot be narrowed."""
    return [
        [
            (f"channels kept {speed_up_text(lanes)}", _STRONG),
            ("measured, in turn with the full model", ""),
            ("Esc back", _QUIET),
        ],
        [(width_error_text(lanes), ""), (f"in steps of {lanes.step}", _QUIET)],
        [(groups_text(lanes), ""), *((text, _QUIET) for text in lock_texts(lanes))],
    ]


def calibration_text(lane: Int8Lane) -> str:
    """What the ranges of int8 rest on; short where it is a warning, which must find room."""
    if lane.is_made_up:
        return "ranges from made-up samples"
    return f"ranges: {lane.calibration}" if lane.calibration else ""


def best_parts(best: Best) -> Line:
    """Best known speed-up and compression with their basis, and the key that goes on."""
    speed_up, compression = best
    parts: Line = []
    if speed_up is None:
        parts.append(("no speed-up known yet", _QUIET))
    else:
        parts.append((f"best {_known_text(speed_up)}", _STRONG))
    if compression is not None:
        parts.append((f"compression {_known_text(compression)}", ""))
    return [*parts, ("3 optimizes", _QUIET)]


def flops_lines(
    model: Model, best: Best, plan: tuple[str, Outlook] | None, *, is_measured: bool
) -> list[Line]:
    """Sizes from the architecture, and what a plan would cut."""
    action = ("r measures every layer", "") if not is_measured else ("o opens a measured one", "")
    lines: list[Line] = [
        [
            (format_flops(model.flops), _STRONG),
            (f"{format_count(model.params)} parameters", "bold"),
            ("from the architecture, not measured", _QUIET),
        ],
        [action, ("in seconds; nothing else should run meanwhile", _QUIET)][
            : 1 if is_measured else 2
        ],
    ]
    if plan is not None:
        name, outlook = plan
        lines.append([(f"{name} would cut", _QUIET), *_cuts(outlook)])
    return [*lines, best_parts(best)]


def sparse_lines(engine: SparseEngine, totals: Sequence[Estimate]) -> list[Line]:
    """That it is a model, on what it rests, and what it says of the whole."""
    whole = [
        f"{format_percent(level, 0)} {format_ratio(total.value)}"
        for level, total in zip(MODELLED_LEVELS, totals, strict=True)
    ]
    unknown = next((total.note for total in totals if total.value is None), "")
    return [
        [("MODELLED, not measured:", _WARN), (engine.title, "bold"), ("m next", _QUIET)],
        [(unknown or f"whole model at {', '.join(whole)}", _STRONG)],
        [(NO_SPEED_FROM_ZEROS, "$text-warning")],
        [(engine.basis, _QUIET)],
    ]


def change_lines(change: PerfChange) -> list[Line]:
    """Which two, how far they are apart, and what keeps them from being compared."""
    a, b = change.a, change.b
    warning = f"not comparable: {', '.join(change.differences)}" if change.differences else ""
    return [
        [(warning, _WARN)],
        [(f"A {a.name}", "bold"), (trust_label(a.total), ""), ("Esc back", _QUIET)],
        [(f"B {b.name}", "bold"), (trust_label(b.total), "")],
        [
            (f"A over B {format_ratio(change.speed_up)}", _STRONG),
            (MEASURED_APART, _QUIET),
        ],
    ]


def _known_text(known: Known) -> str:
    return f"{format_ratio(known.gain.value)} {known.gain.basis} ({known.optimization})"


def _cuts(outlook: Outlook) -> Line:
    return [
        (f"FLOPs {format_percent(outlook.flops_cut)}", _STRONG),
        (f"parameters {format_percent(outlook.params_cut)}", _STRONG),
        ("FLOPs that an engine which skips zeros would save", _QUIET),
    ]


def _peak_text(profile: PerfProfile) -> str:
    peak = profile.peak
    if peak is None:
        return ""
    rate, memory = format_number(peak.gflops), format_number(peak.gbytes_per_s)
    return f"peak {rate} GFLOP/s, {memory} GB/s"
