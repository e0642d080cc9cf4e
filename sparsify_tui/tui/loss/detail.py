"""All that is known of one layer, for the pane beside the table and for Enter."""

from __future__ import annotations

from dataclasses import replace

from sparsify_tui.core.loss_profile import LayerLoss, LossProfile
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_count, format_ms, format_percent, format_shape
from sparsify_tui.tui.loss.entries import Entry, LossView
from sparsify_tui.tui.loss.figures import Aspect, aspects_of, metric_words, scheme_words
from sparsify_tui.tui.loss.groups import group_lines, stay_text
from sparsify_tui.tui.loss.summary import is_of_runs

_LONGEST = 400
_COMPUTED = "computed from the weights"


def entry_detail(view: LossView, key: str) -> tuple[str, list[str]]:
    """The layer's label; what it is, what it loses, and on what that rests."""
    entry = next((one for one in view.entries if one.key == key), None)
    return ("", []) if entry is None else (entry.label, _entry_lines(view, entry))


def _entry_lines(view: LossView, entry: Entry) -> list[str]:
    lines = [*_layer_lines(entry), ""]
    if entry.loss is None:
        return [*lines, "not measured: this profile does not know the layer"]
    profile, loss = view.profile, entry.loss
    lines += [*grouped, ""] if (grouped := group_lines(view, entry)) else []
    return [*lines, *_status_lines(profile, loss), "", *_value_lines(profile, entry, loss)]


def _layer_lines(entry: Entry) -> list[str]:
    layer, lines = entry.layer, []
    if layer is None:
        lines.append("the model has this layer no more")
    else:
        shared = f", shared by {len(layer.users)} nodes" if layer.group is not None else ""
        lines += [
            f"{clean_text(layer.op_type)} {format_shape(layer.shape)}",
            f"weight {clean_text(layer.weight, 36)}{shared}",
            f"{format_count(layer.params)} parameters, {format_percent(1 - layer.density)} zeros",
        ]
    if entry.ms is not None:
        lines.append(f"{format_ms(entry.ms)} ms, {format_percent(entry.share)} of the run")
    return lines


def _status_lines(profile: LossProfile, loss: LayerLoss) -> list[str]:
    """Whether it was measured, and why where it was not."""
    settled = ", settled" if loss.settled else ", not settled yet"
    samples = max((*loss.pruning.samples, *loss.quantization.samples), default=0)
    said = {
        "measured": f"measured on {samples} samples{settled}",
        "estimated": f"~ estimated; {_basis(loss)}" if is_of_runs(profile) else _COMPUTED,
        "not measured": "not measured",
    }[loss.status]
    reason = f"reason: {clean_text(loss.reason, _LONGEST)}" if loss.reason else ""
    note = clean_text(loss.note, _LONGEST) if loss.note else ""
    return list(filter(None, (said, reason, note)))


def _basis(loss: LayerLoss) -> str:
    measured = sum(loss.pruning.is_measured(at) for at in range(len(loss.pruning.values)))
    if not measured:
        return "from the weights alone"
    return f"{measured} of {len(loss.pruning.values)} levels measured"


def _value_lines(profile: LossProfile, entry: Entry, loss: LayerLoss) -> list[str]:
    """A line for each level and scheme: value, 95 % interval, drop of the metric, width."""
    has_drops = bool(profile.score)
    interval = " [95 %]" if is_of_runs(profile) else ""
    drop = f", drop of {clean_text(profile.score, 20)}" if has_drops else ""
    stay = ", units that stay" if entry.groups else ""
    head = f"{clean_text(metric_words(profile.metric))}{interval}{drop}{stay}"
    return [
        head,
        *(
            f"{_value_line(one, loss, has_drops=has_drops)}  {stay_text(entry, one.at)}".rstrip()
            for one in aspects_of(profile)
        ),
        *(
            f"  {one.title}: {scheme_words(one.key)}"
            for one in aspects_of(profile)
            if one.level is None and one.title != one.key
        ),
    ]


def _value_line(aspect: Aspect, loss: LayerLoss, *, has_drops: bool) -> str:
    figure = aspect.figure(loss)
    if figure.value is None:
        return f"{aspect.title:>6}  not measured"
    drop = replace(aspect, is_drop=True).figure(loss).text if has_drops else ""
    return f"{aspect.title:>6}  {figure.text:>6}  {figure.interval_text:<14} {drop:>6}".rstrip()
