"""Fits what a kernel's time does with its widths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from sparsify_tui.core.channels.groups import AxisWidth, GroupId
from sparsify_tui.core.channels.width_model import KernelCost, PaddedWidth, ThinCost, WidthModel

Floats = NDArray[np.float64]
Kept = Mapping[GroupId, int]

LEAVING = "ReorderOutput"
"""onnxruntime's operator that brings a tensor out of its blocked layout."""
_LEAST_WEIGHED = 0.05
"""Of the slowest lane: a kernel's times are weighed by their inverse, down to this."""
_RIDGE = 1e-2
"""Keeps apart what the lanes do not tell apart: widths that always went together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelLanes:
    """One kernel's widths, and its time in every lane."""

    name: str
    inputs: PaddedWidth
    outputs: PaddedWidth
    ms: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinTensor:
    """What a convolution reads, which leaves its layout once it is less than a block wide."""

    name: str
    axis: AxisWidth
    step: int
    positions: int
    """Elements of each channel."""


def fit_widths(
    kernels: Sequence[KernelLanes],
    lanes: Sequence[Kept],
    whole_ms: Sequence[float],
    thin: Sequence[ThinTensor] = (),
) -> WidthModel:
    """A model of the time that has the least relative errors on the lanes.

    Args:
        kernels: With one time for each lane.
        lanes: Kept units; the first one narrows nothing.
        whole_ms: End to end, one for each lane.
        thin: Tensors that are at least a block wide in the first lane.
    """
    known = {one.name: one for one in kernels}
    costs: tuple[ThinCost, ...] = ()
    if thin and LEAVING in known:
        costs, known[LEAVING] = _split_leaving(known[LEAVING], lanes, thin)
    fitted = [_fit_kernel(_steady(one, lanes), lanes) for one in known.values()]
    model = WidthModel(
        full_ms=whole_ms[0],
        kernels=tuple(one for one in fitted if any(one.factors_ms[1:])),
        thin=costs,
    )
    return with_scale(model, lanes[1:], whole_ms[1:])


def with_scale(model: WidthModel, lanes: Sequence[Kept], whole_ms: Sequence[float]) -> WidthModel:
    """The same with the factor from kernels to end to end of least squared relative error."""
    plain = replace(model, scale=1.0)
    saved = np.array([model.full_ms - plain.predict(kept) for kept in lanes]) / whole_ms
    wanted = (model.full_ms - np.asarray(whole_ms)) / whole_ms
    squares = float(saved @ saved)
    return replace(model, scale=max(float(saved @ wanted) / squares, 0.0) if squares else 1.0)


def non_negative_least_squares(matrix: Floats, target: Floats) -> Floats:
    """The x ≥ 0 of least |matrix · x − target|, by trying every set of positive entries.

    Args:
        matrix: (rows, few columns) of full column rank.
        target: (rows,).
    """
    columns = matrix.shape[1]
    best, least = np.zeros(columns), float(target @ target)
    for chosen in _subsets(columns):
        found, *_ = np.linalg.lstsq(matrix[:, chosen], target, rcond=None)
        if (found < 0).any():
            continue
        rest = matrix[:, chosen] @ found - target
        if (squares := float(rest @ rest)) < least:
            best, least = np.zeros(columns), squares
            best[chosen] = found
    return best


def _subsets(columns: int) -> Iterator[list[int]]:
    for size in range(1, columns + 1):
        yield from (list(chosen) for chosen in combinations(range(columns), size))


def _split_leaving(
    kernel: KernelLanes, lanes: Sequence[Kept], thin: Sequence[ThinTensor]
) -> tuple[tuple[ThinCost, ...], KernelLanes]:
    """What lanes with thin tensors spend on leaving the layout, by elements; and the rest."""
    moved = np.array(
        [
            sum(one.positions * width for one in thin if (width := one.axis.at(kept)) < one.step)
            for kept in lanes
        ],
        dtype=np.float64,
    )
    times = np.array(kernel.ms)
    squares = float(moved @ moved)
    each_ms = max(float(moved @ (times - times[0])) / squares, 0.0) if squares else 0.0
    costs = tuple(
        ThinCost(
            name=one.name,
            axis=one.axis,
            step=one.step,
            block_ms=each_ms * one.positions * one.step,
        )
        for one in thin
    )
    rest = np.maximum(times - each_ms * moved, 0.0)
    return costs, replace(kernel, ms=tuple(float(ms) for ms in rest))


def _steady(kernel: KernelLanes, lanes: Sequence[Kept]) -> KernelLanes:
    """Without what disturbed a lane: a kernel takes no longer than where it is nowhere narrower."""
    widths = [(kernel.inputs.share(kept), kernel.outputs.share(kept)) for kept in lanes]
    times = tuple(
        min(
            ms
            for ms, (wider_in, wider_out) in zip(kernel.ms, widths, strict=True)
            if wider_in >= inputs and wider_out >= outputs
        )
        for inputs, outputs in widths
    )
    return replace(kernel, ms=times)


def _fit_kernel(kernel: KernelLanes, lanes: Sequence[Kept]) -> KernelCost:
    """Weighted by the inverse of its times, so that narrow lanes count as much as wide ones."""
    times = np.array(kernel.ms)
    columns = np.array([_columns(kernel, kept) for kept in lanes])
    varying = [at for at in range(4) if at == 0 or np.ptp(columns[:, at]) > 0]
    weights = 1 / np.maximum(times, _LEAST_WEIGHED * times.max() + 1e-9)
    rows = columns[:, varying] * weights[:, None]
    ridge = _RIDGE * np.eye(len(varying)) / max(times.max(), 1e-9)
    found = non_negative_least_squares(
        np.vstack([rows, ridge]), np.concatenate([times * weights, np.zeros(len(varying))])
    )
    factors = np.zeros(4)
    factors[varying] = found
    fixed, by_inputs, by_outputs, by_both = (float(one) for one in factors)
    return KernelCost(
        name=kernel.name,
        inputs=kernel.inputs,
        outputs=kernel.outputs,
        factors_ms=(fixed, by_inputs, by_outputs, by_both),
    )


def _columns(kernel: KernelLanes, kept: Kept) -> tuple[float, float, float, float]:
    inputs, outputs = kernel.inputs.share(kept), kernel.outputs.share(kept)
    return 1.0, inputs, outputs, inputs * outputs
