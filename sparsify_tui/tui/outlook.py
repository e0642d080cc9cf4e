"""What an optimization would bring, in the words of a screen."""

from __future__ import annotations

from textual.content import Content

from sparsify_tui.core.estimate import Outlook
from sparsify_tui.core.model import Layer
from sparsify_tui.core.modifiers import Epochs, LearningRate
from sparsify_tui.core.modifiers.pruning import NO_LOSS_BEHIND_IT
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.profile import LossProfile, PerfProfile
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import (
    format_count,
    format_ms,
    format_percent,
    format_ratio,
    format_score,
    format_shape,
)


def outlook_text(
    plan: Optimization, outlook: Outlook, *, is_met: bool, steps: tuple[int, int]
) -> Content:
    """Three lines: size, speed, and how the levels came about."""
    pruning = plan.pruning
    target = f"target {format_percent(pruning.target)}"
    problems = "; ".join(plan.problems())
    undo, redo = steps
    more = f" redo {redo}" if redo else ""
    return Content.assemble(
        "params ",
        (format_count(outlook.params), "bold"),
        " → ",
        (format_count(outlook.remaining_params), "bold $text-accent"),
        f" ({format_percent(outlook.sparsity)} zero)  compression ",
        (format_ratio(outlook.compression.value), "bold $text-accent"),
        f"  FLOPs {format_count(outlook.flops)} → {format_count(outlook.remaining_flops)}",
        "\nspeed-up ",
        ("none", "bold $text-warning"),
        (" on onnxruntime, which multiplies zeros too; loss unknown", "$text-muted"),
        f"\n{target} ",
        ("reached" if is_met else "not reached", "$text-success" if is_met else "$text-warning"),
        (f", spread {pruning.scope}: {NO_LOSS_BEHIND_IT}  undo {undo}{more}", "$text-muted"),
        (f"\n! {problems}" if problems else "", "bold $text-warning"),
    )


def plan_detail(
    layer: Layer, plan: Optimization, loss: LossProfile | None, perf: PerfProfile | None
) -> Content:
    """One layer's part in the plan."""
    level = plan.levels.get(layer.id, 0.0)
    curve = loss.curve(layer.id) if loss else None
    removed = format_score(curve.at(level)) if curve else "no loss profile"
    ms = perf.layer_ms(layer.id) if perf else None
    lines = [
        f"{layer.op_type} {format_shape(layer.shape)}",
        f"weight {clean_text(layer.weight, 36)}",
        f"{format_count(layer.weight_params)} weights, {format_ms(ms)} ms",
        f"sparsity {format_percent(level)}",
        f"removed weight energy {removed}",
        "",
        *schedule_lines(plan),
    ]
    return Content.assemble((clean_text(layer.label, 40), "bold"), "\n", "\n".join(lines))


def schedule_lines(plan: Optimization) -> list[str]:
    """Epochs and rates in words."""
    pruning, epochs, rate = plan.pruning, plan.find(Epochs), plan.find(LearningRate)
    lines = [f"prune in epochs {pruning.start_epoch:g} to {pruning.end_epoch:g}"]
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
