"""The channel lanes: the whole model narrowed to three shares, and a few mixes to check by."""

from __future__ import annotations

import random
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from sparsify_tui.analyses.channels.kernel_widths import kernel_lanes, thin_tensors
from sparsify_tui.analyses.channels.model import ChannelModel, channel_model
from sparsify_tui.analyses.channels.stair import measured_step
from sparsify_tui.analyses.channels.width_fit import fit_widths
from sparsify_tui.analyses.clock import Laps, compare_laps
from sparsify_tui.analyses.kernels import Charge, charge_kernels
from sparsify_tui.analyses.opened import Opened
from sparsify_tui.analyses.race import profile_forms, race
from sparsify_tui.core.channels.groups import (
    ChannelGroup,
    ChannelMap,
    GroupId,
    legal_widths,
    nearest_width,
)
from sparsify_tui.core.channels.lanes import SHARES, ChannelLanes, ChannelMix, NarrowModel
from sparsify_tui.core.channels.width_model import WidthModel
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.protocols import Progress
from sparsify_tui.core.timing import summarize_runs
from sparsify_tui.engines import DEFAULT_ENGINE
from sparsify_tui.engines.machine import available_memory
from sparsify_tui.errors import InputError, ModelError
from sparsify_tui.onnxio.rewrite import write_model

Kept = Mapping[GroupId, int]

MIXES = 3
"""Random widths of every group, timed end to end only."""
_PROFILED_RUNS = 40
"""Of each lane: twice what makes a kernel's minimum steady."""
_WARM_UP_S = 0.2
_COPIES_IN_MEMORY = 4
"""A session holds its weights, and the packed form of them, beside the file's own."""
_MOST_REASONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelResult:
    """The lanes, and their times by layer."""

    lanes: ChannelLanes
    layer_ms: Mapping[LayerId, tuple[float | None, ...]] = field(default_factory=dict)
    """In the order of `SHARES`."""


def measure_channels(
    opened: Opened, folder: Path, seconds: float
) -> Generator[Progress, None, ChannelResult]:
    """Finds the groups of a model and measures its lanes.

    A model or engine that gives no lanes gives the reason, and no error.

    Args:
        opened: The model and what it is fed.
        folder: For the narrowed models' files.
        seconds: Least time of the race.
    """
    if opened.engine.name != DEFAULT_ENGINE:
        reason = f"Channels are cut for {DEFAULT_ENGINE} only, not for {opened.engine.name}."
        return ChannelResult(lanes=ChannelLanes(refused=reason))
    try:
        yield Progress(done=0, total=1, item="finding channels")
        step = measured_step(opened.engine, opened.options.threads)
        channels = channel_model(opened, step=step)
        return (yield from profile_lanes(channels, folder, seconds))
    except (ModelError, InputError) as error:
        return ChannelResult(lanes=ChannelLanes(refused=str(error)))


def measure_lanes(
    channels: ChannelModel, folder: Path, seconds: float
) -> Generator[Progress, None, ChannelLanes]:
    """The lanes alone, without the times by layer; as `profile_lanes`."""
    return (yield from profile_lanes(channels, folder, seconds)).lanes


def profile_lanes(
    channels: ChannelModel, folder: Path, seconds: float
) -> Generator[Progress, None, ChannelResult]:
    """Narrows the model to three shares, profiles and races them, and fits the time by width.

    The units are the last ones that may go, not repaired: weights do not change the time.

    Args:
        channels: The model's groups.
        folder: For the narrowed models' files.
        seconds: Least time of the race.

    Raises:
        ModelError: A narrowed model does not load.
    """
    opened, groups = channels.opened, channels.map
    if not groups.groups:
        return ChannelResult(lanes=ChannelLanes(refused=_nothing_to_cut(groups), map=groups))
    kept = [narrowed_to(groups, share) for share in (1.0, *SHARES)]
    mixes = random_mixes(groups, _affordable_mixes(opened), random.Random(0))  # noqa: S311 - no secret
    files = yield from _write_all(channels, (*kept, *mixes), folder)
    profiled = yield from profile_forms(
        opened, files[: len(kept)], folder, "profiling channels", most=_PROFILED_RUNS
    )
    named = {file.stem: file for file in files}
    raced = yield from race(opened, named, seconds, "racing narrowed models", warm_up_s=_WARM_UP_S)
    laps = tuple(raced.values())
    charged = [charge_kernels(one, opened.loaded, opened.model) for one in profiled]
    model = fit_widths(
        kernel_lanes(opened.model, channels.graph, charged),
        kept,
        _whole_ms(opened, laps[: len(kept)]),
        thin_tensors(channels.graph),
    )
    lanes = ChannelLanes(
        step=max(group.step for group in groups.groups),
        map=groups,
        model=model,
        totals=_totals(opened, kept[1:], laps[: len(kept)]),
        mixes=_checked(opened, model, mixes, (laps[0], *laps[len(kept) :])),
    )
    layer_ms = _layer_ms(opened, [layers for layers, _ in charged[1:]])
    return ChannelResult(lanes=lanes, layer_ms=layer_ms)


def narrowed_to(groups: ChannelMap, share: float) -> dict[GroupId, int]:
    """Kept units of all groups, at the width that runs well nearest to a share of each."""
    widths = {group.id: nearest_width(group, 1 - share) for group in groups.groups}
    return _lost(groups, widths)


def random_mixes(
    groups: ChannelMap, count: int, generator: random.Random
) -> tuple[dict[GroupId, int], ...]:
    """Kept units of all groups, each at a width of its own that runs well."""
    return tuple(
        _lost(groups, {one.id: generator.choice(legal_widths(one)) for one in groups.groups})
        for _ in range(count)
    )


def write_narrowed(channels: ChannelModel, kept: Kept, target: Path) -> Path:
    """Writes the model without the last units of each group that may go."""
    removed = {
        group.id: _last_units(group, group.size - kept[group.id])
        for group in channels.map.groups
        if group.id in kept
    }
    write_model(channels.graph.cut(removed), target)
    return target


def _lost(groups: ChannelMap, widths: Kept) -> dict[GroupId, int]:
    return {one.id: widths[one.id] for one in groups.groups if widths[one.id] < one.size}


def _last_units(group: ChannelGroup, count: int) -> tuple[int, ...]:
    free = [unit for unit in range(group.size) if unit not in group.fixed]
    return tuple(free[len(free) - count :])


def _affordable_mixes(opened: Opened) -> int:
    """As many as there is memory for beside the lanes."""
    room = available_memory() // (_COPIES_IN_MEMORY * max(opened.model.bytes, 1))
    return max(min(MIXES, room - 1 - len(SHARES)), 0)


def _nothing_to_cut(groups: ChannelMap) -> str:
    said = list(dict.fromkeys(one.reason for one in groups.locked))[:_MOST_REASONS]
    return f"No channels can be removed: {'; '.join(said) or 'no layer makes any'}."


def _whole_ms(opened: Opened, laps: Sequence[Laps]) -> list[float]:
    """End to end, by the paired ratios to the full model."""
    full_ms = median(laps[0].samples_ms)
    threads = opened.options.threads
    return [full_ms / compare_laps(laps[0], one, threads=threads).value for one in laps]


def _write_all(
    channels: ChannelModel, every: Sequence[Kept], folder: Path
) -> Generator[Progress, None, list[Path]]:
    files = []
    for at, kept in enumerate(every):
        yield Progress(done=at, total=len(every), item="narrowing the model")
        files.append(write_narrowed(channels, kept, folder / f"narrow{at}.onnx"))
    return files


def _totals(opened: Opened, lanes: Sequence[Kept], laps: Sequence[Laps]) -> tuple[NarrowModel, ...]:
    """End to end, each beside the full model, whose laps are the first."""
    full, *rest = laps
    return tuple(
        NarrowModel(
            share=share,
            kept=tuple(kept.items()),
            total=summarize_runs(own.samples_ms, batch=opened.batch, gauge=own.gauge),
            ratio=compare_laps(full, own, threads=opened.options.threads),
        )
        for share, kept, own in zip(SHARES, lanes, rest, strict=True)
    )


def _checked(
    opened: Opened, model: WidthModel, mixes: Sequence[Kept], laps: Sequence[Laps]
) -> tuple[ChannelMix, ...]:
    """Mixes that the model was not fitted on, beside what it says of them."""
    full, *rest = laps
    ratios = [compare_laps(full, own, threads=opened.options.threads) for own in rest]
    return tuple(
        ChannelMix(
            kept=tuple(kept.items()),
            predicted_ms=model.predict(kept),
            measured_ms=model.full_ms / ratio.value,
            low_ms=model.full_ms / ratio.high,
            high_ms=model.full_ms / ratio.low,
        )
        for kept, ratio in zip(mixes, ratios, strict=True)
    )


def _layer_ms(
    opened: Opened, lanes: Sequence[Mapping[LayerId, Charge]]
) -> dict[LayerId, tuple[float | None, ...]]:
    """Of every layer its time in all lanes; None where no kernel could be charged to it."""
    return {
        layer.id: tuple(lane[layer.id].ms if layer.id in lane else None for lane in lanes)
        for layer in opened.model.layers
    }
