"""What an optimization would bring, in the words of a screen."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

from sparsify_tui.core.estimate import Estimate, Outlook
from sparsify_tui.core.loss_profile import LossProfile
from sparsify_tui.core.model import Layer, Model
from sparsify_tui.core.modifiers import (
    ChannelPruning,
    Epochs,
    LearningRate,
    Pruning,
    Quantization,
)
from sparsify_tui.core.modifiers.pruning import NO_LOSS_BEHIND_IT
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.placement import Placement
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import (
    format_count,
    format_interval,
    format_ms,
    format_percent,
    format_ratio,
    format_shape,
)
from sparsify_tui.tui.loss.figures import figure_text, metric_words
from sparsify_tui.tui.widgets.headline import Part

_INT8 = "int8-w8a8"
"""The scheme of the loss profile that int8 layers of a plan run in."""


def outlook_lines(
    model: Model, plan: Optimization, outlook: Outlook, *, is_met: bool, steps: tuple[int, int]
) -> tuple[tuple[Part, ...], ...]:
    """Size, speed, how the levels came about, and what is wrong."""
    problems = "; ".join(plan.problems())
    return (
        (
            (
                f"params {format_count(outlook.params)} → {format_count(outlook.remaining_params)}",
                "",
            ),
            (f"{format_percent(outlook.sparsity)} zero", ""),
            (f"compression {format_ratio(outlook.compression.value)}", "bold $text-accent"),
            (f"FLOPs {format_count(outlook.flops)} → {format_count(outlook.remaining_flops)}", ""),
        ),
        _speed_parts(model, plan, outlook),
        _why_float_parts(plan),
        (
            *_target_parts(plan, is_met=is_met),
            (f"undo {steps[0]}" + (f" redo {steps[1]}" if steps[1] else ""), "$text-muted"),
        ),
        ((f"! {problems}" if problems else "", "bold $text-warning"),),
    )


def _speed_parts(model: Model, plan: Optimization, outlook: Outlook) -> tuple[Part, ...]:
    speed, found = outlook.speed_up, plan.placement
    if found is None and not plan.changes.needs_preparation:
        return (("speed-up none on onnxruntime, which multiplies zeros too", "bold $text-warning"),)
    total = sum(1 for layer in model.layers if layer.quantizable)
    return (
        (_speed_text(speed), "bold $text-accent"),
        (f"int8 in {outlook.int8_layers} of {total} layers", ""),
        (speed.note if outlook.int8_layers else "", "$text-muted"),
    )


def _why_float_parts(plan: Optimization) -> tuple[Part, ...]:
    found = plan.placement
    if found is None or not found.cause:
        return ()
    return ((f"{'int8' if found.changes.int8 else 'no int8'}: {found.cause}", "$text-muted"),)


def _speed_text(speed: Estimate) -> str:
    if speed.value is None:
        return "speed-up unknown"
    return f"speed-up {format_interval(speed.value, speed.low, speed.high)} {speed.basis}"


def _target_parts(plan: Optimization, *, is_met: bool) -> tuple[Part, ...]:
    pruning = plan.find(Pruning)
    if pruning is None:
        return (("prunes nothing", "$text-muted"),)
    if not pruning.target:
        return (("levels by hand", "$text-muted"),)
    reached = "reached" if is_met else "not reached"
    return (
        (
            f"target {format_percent(pruning.target)} {reached}",
            "$text-success" if is_met else "$text-warning",
        ),
        (f"spread {pruning.scope}: {NO_LOSS_BEHIND_IT}", "$text-muted"),
    )


def plan_detail(
    layer: Layer,
    plan: Optimization,
    loss: LossProfile | None,
    perf: PerfProfile | None,
    widths: Iterable[str] = (),
) -> Content:
    """One layer's part in the plan; `widths` say what is left of its channels."""
    level = plan.levels.get(layer.id, 0.0)
    ms = perf.layer_ms(layer.id) if perf else None
    placed = plan.placement
    lines = [
        f"{layer.op_type} {format_shape(layer.shape)}",
        f"weight {clean_text(layer.weight, 36)}",
        f"{format_count(layer.weight_params)} weights, {format_ms(ms)} ms",
        *widths,
        f"sparsity {format_percent(level)}",
        *_loss_lines(layer, plan, loss),
        _numbers_line(layer, plan, perf),
        "",
        *schedule_lines(plan),
        *(("", *placement_lines(placed)) if placed else ()),
    ]
    return Content.assemble((clean_text(layer.label, 40), "bold"), "\n", "\n".join(lines))


def _loss_lines(layer: Layer, plan: Optimization, loss: LossProfile | None) -> list[str]:
    """What the layer loses at its level, and in int8; ~ where that was not measured as such."""
    if loss is None:
        return ["no loss profile: 2 makes one"]
    row, metric = loss.layer(layer.id), metric_words(loss.metric)
    curve = loss.curve_of(row) if row else None
    if row is None or curve is None:
        return [f"{metric}: not measured"]
    level = plan.levels.get(layer.id, 0.0)
    at = loss.levels.index(level) if level in loss.levels else -1
    is_known = at >= 0 and not loss.is_estimated(row.pruning, at)
    is_same = plan.pruning.structure == loss.structure
    is_estimated = level > 0 and not (is_known and is_same)
    lines = [f"{metric} {figure_text(curve.at(level), is_estimated=is_estimated)}"]
    int8 = loss.at_scheme(row, _INT8)
    if layer.id in plan.quantized and int8 is not None:
        is_estimated = loss.is_estimated(row.quantization, loss.schemes.index(_INT8))
        lines.append(f"  and in int8 {figure_text(int8, is_estimated=is_estimated)}")
    return lines


def _numbers_line(layer: Layer, plan: Optimization, perf: PerfProfile | None) -> str:
    if not layer.quantizable:
        return "float, cannot be int8"
    rows = perf.layers if perf else ()
    row = next((one for one in rows if one.id == layer.id), None)
    format_ = "int8" if layer.id in plan.quantized else "float"
    if row is None or row.int8_ms is None:
        return format_
    note = f": {row.int8_note}" if row.int8_note else ""
    return clean_text(f"{format_}, as int8 {format_ms(row.int8_ms)} ms{note}")


def search_result(found: Placement) -> str:
    """What a search came to, in one line."""
    if not found.changes.int8:
        return f"nothing became int8: {found.cause}"
    speed = "" if found.speed_up is None else f", {format_ratio(found.speed_up.value)} as fast"
    return f"{len(found.changes.int8)} layers int8{speed}"


def placement_lines(found: Placement) -> list[str]:
    """What the search for int8 measured, and what that rests on."""
    lines = [f"batch {found.batch}, threads {found.threads}"]
    if found.measured_ms is not None:
        lines.append(f"measured {format_ms(found.measured_ms)} ms")
        lines.append(f"predicted {format_ms(found.predicted_ms)} ms")
    if found.passes:
        passes = " ".join(format_ratio(one.value) for one in found.passes)
        lines.append(f"gate {passes}")
        lines.append(f"  of the fastest float form, {found.float_form}")
    lines += [f"metric {found.metric}"] if found.metric else []
    lines += [f"calibrated on {found.calibration}"] if found.calibration else []
    lines += [f"repair: {one}" for one in found.repairs]
    return ["int8 search", *map(clean_text, lines)]


def schedule_lines(plan: Optimization) -> list[str]:
    """Epochs and rates in words."""
    pruning, epochs, rate = plan.find(Pruning), plan.find(Epochs), plan.find(LearningRate)
    quantization, channels = plan.find(Quantization), plan.find(ChannelPruning)
    lines = []
    if pruning is not None:
        lines.append(f"prune in epochs {pruning.start_epoch:g} to {pruning.end_epoch:g}")
    if channels is not None:
        lines.append(f"cut channels in epochs {channels.start_epoch:g} to {channels.end_epoch:g}")
    if quantization is not None and quantization.layers:
        lines.append(f"round to int8 from epoch {quantization.start_epoch:g}")
    if epochs is not None:
        lines.append(f"train until epoch {epochs.end_epoch:g}")
    if rate is None:
        lines.append("learning rate: the training's own")
    elif rate.decay_epoch is None:
        lines.append(f"learning rate {rate.rate:g}")
    else:
        lines.append(f"learning rate {rate.rate:g}, then {rate.decay_rate:g}")
        lines.append(f"falling ×{rate.gamma:g} each {rate.step_epochs:g} epochs")
    return lines
