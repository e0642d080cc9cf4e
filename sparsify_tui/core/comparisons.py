"""What a change does to one output, as sums over each sample that can be pooled later.

Imports numpy: neither the interface nor the workbench may import this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from sparsify_tui.core.moments import Floats
from sparsify_tui.core.protocols import Array

_BLOCK = 1 << 17
"""Entries that are worked on at a time, so that intermediate results stay in the cache."""
_SUM_TOLERANCE = 1e-4
_TINY = float(np.finfo(np.float64).tiny)


class Comparison(Protocol):
    """One output of the base, ready to be compared with what changed models give."""

    columns: ClassVar[int]
    """How many sums a sample has."""
    needs_classes: ClassVar[bool]
    """Whether it looks along the last axis, of the first output that has something there."""
    is_summed: ClassVar[bool]
    """Whether outputs are added up; else averaged."""

    @classmethod
    def of(cls, base: Array, rows: int) -> Self:
        """Prepares an output whose first axis is cut into `rows` equal parts."""

    def sums(self, changed: Array) -> Floats:
        """Of the changed output, of the base's shape: shape [rows, columns]."""

    @staticmethod
    def distances(moments: Floats, sums: Floats) -> Floats:
        """From pooled moments [..., 3] and sums [..., columns] to distances [...]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SquaredError:
    """Mean squared error over the variance."""

    columns: ClassVar[int] = 1
    needs_classes: ClassVar[bool] = False
    is_summed: ClassVar[bool] = True
    base: Array
    """Shape [rows, entries], as all that follow."""

    @classmethod
    def of(cls, base: Array, rows: int) -> SquaredError:
        """As the protocol says."""
        return cls(base=_in_rows(base, rows))

    def sums(self, changed: Array) -> Floats:
        """Σ (changed − base)²."""
        moved = _difference(changed.reshape(self.base.shape), self.base)
        return np.asarray(np.einsum("ij,ij->i", moved, moved)[:, None])

    @staticmethod
    def distances(moments: Floats, sums: Floats) -> Floats:
        """As the protocol says."""
        return np.asarray(sums[..., 0] / moments[..., 2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosine:
    """1 − cosine, from differences: 1 − a·b ÷ |a||b| would lose what is below 1e-16."""

    columns: ClassVar[int] = 3
    needs_classes: ClassVar[bool] = False
    is_summed: ClassVar[bool] = False
    base: Array

    @classmethod
    def of(cls, base: Array, rows: int) -> Cosine:
        """As the protocol says."""
        return cls(base=_in_rows(base, rows))

    def sums(self, changed: Array) -> Floats:
        """Σ (b − a)², Σ b² − a², Σ b² for base a and changed b."""
        after = changed.reshape(self.base.shape).astype(np.float64)
        moved, both = after - self.base, after + self.base
        pairs = ((moved, moved), (moved, both), (after, after))
        sums = [np.einsum("ij,ij->i", one, other) for one, other in pairs]
        return np.asarray(np.stack(sums, axis=1))

    @staticmethod
    def distances(moments: Floats, sums: Floats) -> Floats:
        """(|b − a|² − (|b| − |a|)²) ÷ 2|a||b|; 1 where the changed output is all zeros."""
        count, mean, scatter = np.moveaxis(moments, -1, 0)
        moved, longer, squares = np.moveaxis(sums, -1, 0)
        a, b = np.sqrt(scatter + count * mean**2), np.sqrt(np.maximum(squares, 0))
        apart = np.maximum(moved - (longer / (a + b)) ** 2, 0)
        return np.asarray(np.where(squares == 0, 1.0, apart / (2 * a * b)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """KL(softmax(base) ‖ softmax(changed)) along the last axis; no softmax of what sums to 1."""

    columns: ClassVar[int] = 2
    needs_classes: ClassVar[bool] = True
    is_summed: ClassVar[bool] = False
    base: Array
    """Shape [positions, classes]."""
    rows: int
    is_normalised: bool
    entropies: Floats
    """−Σ p·log p of each position."""

    @classmethod
    def of(cls, base: Array, rows: int) -> Divergence:
        """As the protocol says."""
        lines, is_normalised = _in_lines(base), sums_to_one(base)
        entropies = _cross_entropies(lines, lines, is_normalised=is_normalised)
        return cls(base=lines, rows=rows, is_normalised=is_normalised, entropies=entropies)

    def sums(self, changed: Array) -> Floats:
        """The divergence summed over the positions of each sample, and their number."""
        lines = changed.reshape(self.base.shape)
        crossed = _cross_entropies(self.base, lines, is_normalised=self.is_normalised)
        return _over_positions(crossed - self.entropies, self.rows)

    @staticmethod
    def distances(moments: Floats, sums: Floats) -> Floats:  # noqa: ARG004 - the protocol's
        """As the protocol says; where probabilities only nearly sum to 1, no less than 0."""
        return np.asarray(np.maximum(sums[..., 0] / sums[..., 1], 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Share of positions whose largest entry is another one."""

    columns: ClassVar[int] = 2
    needs_classes: ClassVar[bool] = True
    is_summed: ClassVar[bool] = False
    winners: NDArray[np.intp]
    shape: tuple[int, ...]
    rows: int

    @classmethod
    def of(cls, base: Array, rows: int) -> Agreement:
        """As the protocol says."""
        lines = _in_lines(base)
        return cls(winners=np.argmax(lines, axis=1), shape=lines.shape, rows=rows)

    def sums(self, changed: Array) -> Floats:
        """How many positions have another winner, and their number; NaN where one is not finite."""
        lines = changed.reshape(self.shape)
        differs = (np.argmax(lines, axis=1) != self.winners).astype(np.float64)
        differs[~np.isfinite(lines).all(axis=1)] = np.nan
        return _over_positions(differs, self.rows)

    @staticmethod
    def distances(moments: Floats, sums: Floats) -> Floats:  # noqa: ARG004 - the protocol's
        """As the protocol says."""
        return np.asarray(sums[..., 0] / sums[..., 1])


COMPARISONS: Mapping[str, type[Comparison]] = {
    "mse": SquaredError,
    "kl": Divergence,
    "cosine": Cosine,
    "agreement": Agreement,
}


def sums_to_one(output: Array) -> bool:
    """Whether an output holds probabilities along its last axis, as far as its type can tell."""
    lines = _in_lines(output)
    tolerance = max(_SUM_TOLERANCE, 10 * float(np.finfo(output.dtype).eps))
    with np.errstate(all="ignore"):
        sums = lines.sum(axis=1, dtype=np.float64)
    return bool(np.all(np.abs(sums - 1) <= tolerance)) and bool(np.all(lines >= 0))


def _in_rows(output: Array, rows: int) -> Array:
    return output.reshape(rows, -1)


def _in_lines(output: Array) -> Array:
    return output.reshape(-1, output.shape[-1])


def _difference(after: Array, before: Array) -> Floats:
    return np.asarray(np.subtract(after, before, dtype=np.float64))


def _over_positions(values: Floats, rows: int) -> Floats:
    by_row = values.reshape(rows, -1)
    return np.stack([by_row.sum(axis=1), np.full(rows, float(by_row.shape[1]))], axis=1)


def _cross_entropies(base: Array, changed: Array, *, is_normalised: bool) -> Floats:
    """−Σ p·log q of each line, in blocks: neither p nor log q is kept, which may be huge."""
    step = max(1, _BLOCK // base.shape[1])
    found = np.empty(len(base))
    for start in range(0, len(base), step):
        part = slice(start, start + step)
        # in one order of memory: only equal orders of summing give exactly equal sums
        before, after = (one[part].astype(np.float64, order="C") for one in (base, changed))
        if is_normalised:
            p, log_q = before, np.log(np.maximum(after, _TINY))
        else:
            p, log_q = np.exp(_log_softmax(before)), _log_softmax(after)
        found[part] = -np.einsum("ij,ij->i", p, log_q)
    return found


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
