"""Samples that a repair is fitted on, and others that judge it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sparsify_tui.analyses.opened import Opened
from sparsify_tui.analyses.samples import Samples
from sparsify_tui.core.channels.ridge import FOLDS
from sparsify_tui.core.protocols import Array, Feeds

MOST_FITTED = 128
_MOST_SAMPLES = 192
_HELD_OUT_SHARE = 4
_MADE_UP = 32
_LARGEST_BATCH = 32
_FEWEST = 8
_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Two sets of samples that have none in common, in batches that the model can run."""

    fit_batches: tuple[Feeds, ...]
    """No sample is in two of them, so that they can be the folds of a cross-validation."""
    held_out_batches: tuple[Feeds, ...]
    """Empty where there is but one batch, of a model that fixes its size."""
    fitted: int
    """Samples to fit on."""
    held_out_count: int
    source: str
    """Of the samples, in words."""
    is_made_up: bool
    constants: tuple[str, ...]
    """Inputs that are the same for each sample."""

    @property
    def fit(self) -> Feeds:
        """All samples to fit on as one batch; a model that fixes its batch may not run it."""
        return self._joined(self.fit_batches)

    @property
    def held_out(self) -> Feeds:
        """All samples to judge by as one batch, likewise."""
        return self._joined(self.held_out_batches)

    @property
    def judging(self) -> tuple[Feeds, ...]:
        """Batches to take losses on: held-out ones where there are any."""
        return self.held_out_batches or self.fit_batches

    @property
    def words(self) -> str:
        """What was used, in words."""
        return f"{self.fitted} samples of {self.source}, judged on {self.held_out_count} others"

    def _joined(self, batches: tuple[Feeds, ...]) -> Feeds:
        return {
            name: array
            if name in self.constants
            else np.concatenate([feeds[name] for feeds in batches])
            for name, array in (batches[0].items() if batches else ())
        }


def calibration_of(opened: Opened, most: int) -> Calibration:
    """Takes samples of the calibration file, else of the data, else made-up ones.

    Args:
        opened: The model.
        most: Samples that memory has room for.
    """
    samples = _samples_of(opened)
    picked = _Picked(samples, max(_FEWEST, min(most, _MOST_SAMPLES)))
    bound = opened.batch if opened.is_batch_bound else None
    held_out = picked.count // _HELD_OUT_SHARE
    if bound is not None:
        held_out -= held_out % bound
        if not held_out and picked.count >= 2 * bound:
            held_out = bound
    judged = bound or _even(held_out, -(-held_out // _LARGEST_BATCH))
    held_out -= held_out % judged
    fitted = min(MOST_FITTED, picked.count - held_out)
    size = bound or min(_LARGEST_BATCH, _even(fitted, FOLDS))
    if fitted > size:
        fitted -= fitted % size  # a rest would fill no batch, and is not to be counted
    return Calibration(
        fit_batches=picked.batches(held_out, held_out + fitted, size),
        held_out_batches=picked.batches(0, held_out, judged),
        fitted=fitted,
        held_out_count=held_out,
        source=samples.source,
        is_made_up=samples.is_made_up,
        constants=tuple(samples.constants),
    )


def _even(count: int, parts: int) -> int:
    """The size of so many equal parts; one at the least."""
    return max(1, count // max(parts, 1))


def _samples_of(opened: Opened) -> Samples:
    if opened.options.calibration is not None:
        return opened.samples_of(opened.options.calibration, opened.batch)
    if not opened.samples.is_made_up:
        return opened.samples
    if opened.is_batch_bound:
        return opened.made_up(max(_MADE_UP // opened.batch, 2 * FOLDS))
    return opened.samples_of(None, _MADE_UP)


class _Picked:
    """So many samples at most, in a random order that is always the same, without doubles."""

    def __init__(self, samples: Samples, most: int) -> None:
        self._samples = samples
        order = np.random.default_rng(_SEED).permutation(samples.count)[:most]
        self._arrays = {name: rows[order] for name, rows in samples.arrays.items()}
        self._rows = self._distinct(len(order))

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._rows)

    def batches(self, start: int, stop: int, size: int) -> tuple[Feeds, ...]:
        """Those from `start` to before `stop`; a rest that fills no batch is left out.

        Fewer than one batch are repeated to fill it.
        """
        if stop <= start:
            return ()
        starts = range(start, max(stop - size, start) + 1, size)
        return tuple(self._feeds(self._rows[one : min(one + size, stop)], size) for one in starts)

    def _feeds(self, rows: NDArray[np.intp], size: int) -> Feeds:
        feeds: dict[str, Array] = dict(self._samples.constants)
        for name, array in self._arrays.items():
            feeds[name] = array[np.resize(rows, self._samples.fixed.get(name, size))]
        return feeds

    def _distinct(self, count: int) -> NDArray[np.intp]:
        seen: dict[bytes, int] = {}
        for row in range(count):
            digest = hashlib.sha256()
            for array in self._arrays.values():
                digest.update(np.ascontiguousarray(array[row]).tobytes())
            seen.setdefault(digest.digest(), row)
        return np.array([*seen.values()], dtype=np.intp)
