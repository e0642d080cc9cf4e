"""All that is known of one row, for the pane beside the table and for Enter."""

from __future__ import annotations

from textual.content import Content

from sparsify_tui.core.breakdown import TimeRow
from sparsify_tui.core.channels.lanes import SHARES
from sparsify_tui.core.model import Layer
from sparsify_tui.core.profile import LayerTime, PerfProfile
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import (
    format_bytes,
    format_count,
    format_flops,
    format_ms,
    format_number,
    format_percent,
    format_ratio,
    format_shape,
)

_MOST_MEMBERS = 40


def layer_detail(layer: Layer, profile: PerfProfile | None) -> Content:
    """All that is known of a layer."""
    return titled(layer.label, layer_lines(layer, profile))


def row_lines(row: TimeRow, profile: PerfProfile) -> list[str]:
    """A layer, or what a sum is made of."""
    if row.layer is not None:
        return layer_lines(row.layer, profile)
    share = row.ms / profile.total.min_ms if row.ms and profile.total.min_ms else None
    lines = [f"{format_ms(row.ms)} ms   {format_percent(share)} of the run"]
    if row.times:
        lines += [
            f"int8 {format_ms(row.int8_ms)} ms   {format_ratio(row.int8_gain)}",
            f"{format_count(row.params)} parameters, {format_flops(row.flops)}",
            f"{format_number(row.gflops)} GFLOP/s at {format_number(row.intensity)} FLOPs/byte",
            "",
        ]
        ms = {time.id: time.ms for time in row.times}
        lines += [
            f"{format_ms(ms.get(layer.id))}  {clean_text(layer.label, 34)}"
            for layer in row.layers[:_MOST_MEMBERS]
        ]
    return lines


def layer_lines(layer: Layer, profile: PerfProfile | None) -> list[str]:
    """Shape and size, then what was measured."""
    time = next((one for one in profile.layers if one.id == layer.id), None) if profile else None
    lines = [
        f"{layer.op_type} {format_shape(layer.shape)}",
        f"weight {clean_text(layer.weight, 36)}",
        f"{format_count(layer.params)} parameters, {format_percent(1 - layer.density)} zeros",
        _use_text(layer),
    ]
    if time is None or profile is None:
        return [*lines, format_flops(layer.flops)]
    return [
        *lines,
        *_time_lines(layer, time, profile),
        *_int8_lines(time, profile),
        *_channel_lines(time, profile),
    ]


def _time_lines(layer: Layer, time: LayerTime, profile: PerfProfile) -> list[str]:
    flops = layer.flops if time.flops is None else time.flops
    lines = [
        f"{format_ms(time.ms)} ms   {format_percent(time.share)} of the run",
        f"{format_flops(flops)}   {format_bytes(time.bytes)} moved",
    ]
    if time.gflops is not None:
        lines.append(f"{format_number(time.gflops)} GFLOP/s   {_roof_text(time, profile)}")
    if time.intensity is not None:
        lines.append(f"{format_number(time.intensity)} FLOPs per byte   {_limit(time, profile)}")
    if time.kernel:
        lines.append(f"kernel {clean_text(time.kernel, 36)}")
    return lines


def _int8_lines(time: LayerTime, profile: PerfProfile) -> list[str]:
    if profile.int8 is None:
        return []
    gain = time.ms / time.int8_ms if time.ms and time.int8_ms else None
    lines = ["", f"int8 {format_ms(time.int8_ms)} ms   {format_ratio(gain)}"]
    if time.int8_kernel:
        lines.append(f"kernel {clean_text(time.int8_kernel, 36)}")
    if time.int8_note:
        lines.append(clean_text(time.int8_note))
    return lines


def _channel_lines(time: LayerTime, profile: PerfProfile) -> list[str]:
    """Times at all widths, and what its channels go with."""
    lanes = profile.channels
    if lanes is None or not time.channel_ms:
        return []
    lines = [""]
    for share, ms in zip(SHARES, time.channel_ms, strict=True):
        gain = time.ms / ms if time.ms and ms else None
        shown = f"{format_percent(share, 0)} of channels"
        lines.append(f"{shown} {format_ms(ms)} ms   {format_ratio(gain)}")
    group = lanes.map.group(time.id)
    if group is None:
        return [*lines, "makes no channels that can go"]
    others = len(group.producers) - 1
    with_others = f", with {others} other layers" if others else ""
    return [*lines, f"{group.size} {group.kind}s that can go{with_others}"]


def _roof_text(time: LayerTime, profile: PerfProfile) -> str:
    if profile.peak is None or time.gflops is None or time.intensity is None:
        return ""
    bound = profile.peak.bound_gflops(time.intensity)
    return f"{format_percent(time.gflops / bound, 0)} of its roof {format_number(bound)}"


def _limit(time: LayerTime, profile: PerfProfile) -> str:
    peak = profile.peak
    if peak is None or time.intensity is None:
        return ""
    return "memory bound" if peak.gbytes_per_s * time.intensity < peak.gflops else "compute bound"


def _use_text(layer: Layer) -> str:
    prunable = "prunable" if layer.prunable else "not prunable"
    quantizable = "quantizable" if layer.quantizable else "not quantizable"
    shared = f", shared by {len(layer.users)} nodes" if layer.group is not None else ""
    return f"{prunable}, {quantizable}{shared}"


def titled(title: str, lines: list[str]) -> Content:
    """Lines below a bold title."""
    return Content.assemble((clean_text(title, 40), "bold"), "\n", "\n".join(lines))
