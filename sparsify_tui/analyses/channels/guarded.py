"""Judges narrowed models on samples that no repair was fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sparsify_tui.core.comparisons import sums_to_one
from sparsify_tui.core.distances import Floats, distance_of
from sparsify_tui.core.moments import MOMENTS
from sparsify_tui.core.protocols import Array, Engine, Feeds
from sparsify_tui.onnxio.channels.slices import Proto, unsaturated_outputs
from sparsify_tui.onnxio.rewrite import expose_tensors, serialize

_SURE = 2.0
"""Standard errors by which a repair must be better; less would be chance."""
_SURE_GAIN = 0.1
"""Least gain where there is no standard error."""
_FEWEST = 2
_NOTHING = 1e-12
"""Errors below it are no different from none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """How far a model is from the original."""

    error: float
    """MSE over the variance of the outputs, taken before a final Softmax or Sigmoid."""
    agreement: float | None
    """Share of equal top-1; None where the outputs are no class scores."""
    terms: Floats
    """Of the error, as `Reference.terms` gives them: what an interval follows from."""
    errors: Floats
    """What each sample adds to the error, up to a factor; each batch where outputs are joint."""

    def is_surely_below(self, other: Judged) -> bool:
        """Whether the error is below another's, and by more than the chance of few samples.

        Sample by sample, errors and their logarithms are compared, and one of the two has to be
        sure: where errors differ by orders of magnitude a few large ones hide a gain that nearly
        all samples show, and where some samples are lost either way their logarithms hide it.
        """
        if not np.isfinite(self.error):
            return False
        if not np.isfinite(other.error):
            return True
        if len(self.errors) < _FEWEST:
            return self.error < other.error * (1 - _SURE_GAIN)
        gains = (other.errors - self.errors, _logs(other.errors) - _logs(self.errors))
        return self.error < other.error and any(map(_is_sure, gains))


class Judge:
    """Compares models with the original, whose outputs are computed once.

    Args:
        original: Whose tensors the others have, too, under the same names.
        engine: That runs them.
        threads: That work on one operation.
        batches: What they are fed.
    """

    def __init__(
        self, original: Proto, engine: Engine, threads: int, batches: Sequence[Feeds]
    ) -> None:
        self._original = original
        self._engine = engine
        self._threads = threads
        self._batches = batches
        self._names = unsaturated_outputs(original)

    def judged(self, proto: Proto) -> Judged:
        """The distance of a model's outputs from the original's."""
        measure, top = distance_of("mse"), distance_of("agreement")
        changed = self._outputs(proto)
        pairs = [
            (base, one, self._samples(at))
            for at, (base, one) in enumerate(zip(self._base, changed, strict=True))
        ]
        terms = np.concatenate([measure.terms(*pair) for pair in pairs])
        agreement = None
        if self._are_classes:
            differing = top.value(np.concatenate([top.terms(*pair) for pair in pairs]))
            agreement = 1 - differing if np.isfinite(differing) else None
        errors = measure.cells(terms)[..., MOMENTS:].sum(axis=-1)
        scale = np.maximum(measure.cells(terms)[..., 2].sum(axis=0), np.finfo(float).tiny)
        return Judged(
            error=measure.value(terms),
            agreement=agreement,
            terms=terms,
            errors=np.asarray((errors / scale).sum(axis=-1)),
        )

    @cached_property
    def _base(self) -> list[list[Array]]:
        return self._outputs(self._original)

    @cached_property
    def _are_classes(self) -> bool:
        """Whether the first output is one score for each class."""
        session = self._engine.open(serialize(self._original), threads=self._threads)
        first = session.run(self._batches[0])[0]
        is_flat = first.ndim == 2 and len(first) == self._samples(0)
        return first.ndim >= 2 and first.shape[-1] > 1 and (is_flat or sums_to_one(first))

    def _samples(self, batch: int) -> int:
        """Of a batch."""
        return max((len(array) for array in self._batches[batch].values() if array.ndim), default=1)

    def _outputs(self, proto: Proto) -> list[list[Array]]:
        content = serialize(expose_tensors(proto, self._names))
        session = self._engine.open(content, threads=self._threads)
        places = [session.outputs.index(name) for name in self._names]
        found = []
        for feeds in self._batches:
            outputs = session.run(feeds)
            found.append([outputs[at] for at in places])
        return found


def _logs(errors: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(errors, _NOTHING)))


def _is_sure(gains: Floats) -> bool:
    return bool(gains.mean() > _SURE * gains.std(ddof=1) / np.sqrt(len(gains)))
