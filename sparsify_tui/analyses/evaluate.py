"""What the model's outputs do when one layer changes: the unit of work of a loss profile.

Layers do not depend on each other, so that any process that can read the model and the data
can evaluate any of them.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from threading import Lock

import numpy as np

from sparsify_tui.analyses.chunks import Chunk, chunk_size, joined, known_terms, trimmed_rows
from sparsify_tui.analyses.loss_log import Item
from sparsify_tui.analyses.metrics import Metric, all_finite, load_metric
from sparsify_tui.analyses.opened import open_model
from sparsify_tui.analyses.replacements import Replacements
from sparsify_tui.analyses.samples import Samples
from sparsify_tui.analyses.setup import Setup, check_memory, usable_memory
from sparsify_tui.analyses.suffix import ChangedWeight, SuffixEngine
from sparsify_tui.core.distances import Distance, are_classes, auto_distance, distance_of
from sparsify_tui.core.model import Layer
from sparsify_tui.core.protocols import Array, Feeds
from sparsify_tui.errors import ModelError, UsageError
from sparsify_tui.onnxio.axes import LayerAxes
from sparsify_tui.onnxio.segments import CutModel

_MOST_MADE_UP = 8
"""Samples of noise; more would only make a weak ranking look exact."""
_LOOKED_AT = 32
"""Samples by which data is judged, and ranges are taken; fewer would see few of many classes."""
_SHARE_KEPT = 0.25
_WITH_INT8_DATA = "int8-w8a8"
_RECURRENT = frozenset({"GRU", "LSTM", "RNN"})


def evaluate_layer(
    setup: str, layer: str, changes: Sequence[str], start: int, stop: int
) -> list[Item]:
    """The items of one layer; a worker on any machine may run it.

    Args:
        setup: Of the profile, as text.
        layer: Id of the layer.
        changes: Levels such as `0.5`, and schemes.
        start: First sample.
        stop: End of the samples.

    Raises:
        SparsifyError: The model or its data cannot be read here, or does not fit into memory.
    """
    return list(evaluator_of(setup).items(layer, changes, start, stop))


def evaluator_of(setup: str) -> Evaluator:
    """The evaluator of this process, made on first use, and again when a file has changed."""
    with _LOCK:
        return _made(setup, Setup.from_text(setup).stamps())


_LOCK = Lock()


@lru_cache(maxsize=1)
def _made(setup: str, _stamps: tuple[tuple[int, int], ...]) -> Evaluator:
    return Evaluator(Setup.from_text(setup))


def measurable_layers(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Those whose weight can be pruned, and recurrent ones, which can be changed likewise."""
    return tuple(one for one in layers if one.prunable or one.op_type in _RECURRENT)


class Evaluator:
    """A model ready to be evaluated, layer by layer.

    Args:
        setup: Which model, on which data, by which distance.

    Raises:
        SparsifyError: It cannot be read, or does not fit into memory.
    """

    def __init__(self, setup: Setup) -> None:
        self.request = setup.request
        self.opened = open_model(setup.options)
        setup.check_files(self.opened.model.sha256)
        self.layers = measurable_layers(self.opened.model.layers)
        check_memory(self.opened.model)
        cut = CutModel(self.opened.loaded, [layer.weight for layer in self.layers])
        kept = self.request.memory_bytes or int(usable_memory() * _SHARE_KEPT)
        self.suffix = SuffixEngine(cut, self.opened.engine, self._feeds, kept)
        self._references: dict[int, Chunk] = {}
        self._replacements: dict[str, Replacements] = {}
        self._base_scores: dict[tuple[int, int], float | None] = {}
        self._lock = Lock()

    @cached_property
    def _axes(self) -> LayerAxes:
        return LayerAxes(self.opened.loaded)

    @cached_property
    def chunk(self) -> int:
        """Samples of one run."""
        return chunk_size(self.opened, self.count)

    @cached_property
    def samples(self) -> Samples:
        """What the model is fed."""
        opened = self.opened
        if not opened.samples.is_made_up:
            return opened.samples
        most = min(self.request.samples, _MOST_MADE_UP)
        if opened.is_batch_bound:
            return opened.made_up(-(-most // opened.batch))
        return opened.samples_of(None, most)

    @cached_property
    def count(self) -> int:
        """Samples that there are to use."""
        return min(self.request.samples, self.samples.count)

    @property
    def looked_at(self) -> int:
        """How many of them the data is judged by, and int8 ranges are taken from."""
        return min(self.count, max(self.chunk, _LOOKED_AT))

    @cached_property
    def distance(self) -> Distance:
        """That the outputs are measured by."""
        names, name = self.suffix.cut.flow.outputs, self.request.metric
        if name == "auto":
            chosen = dict(self.request.outputs) or names
            outputs = zip(names, self.suffix.outputs(0), strict=True)
            counted = [array for output, array in outputs if output in chosen]
            name = auto_distance(counted, self.samples.labels)
        return distance_of(name, names=names, weights=self.request.outputs)

    @cached_property
    def score(self) -> Metric | None:
        """The user's own metric."""
        return load_metric(self.request.score) if self.request.score else None

    @cached_property
    def is_labelled(self) -> bool:
        """Whether each row of the first output has a class."""
        first = self.suffix.outputs(0)[0]
        is_scores = first.ndim == 2 and len(first) == self.chunk
        return is_scores and are_classes(self.samples.labels, first.shape[1])

    def base(self, start: int, stop: int) -> list[Array | None]:
        """Outputs of the unchanged model on samples; None where they cannot be joined."""
        return joined([self._reference(at).outputs for at in self._chunks(start, stop)])

    def labels(self, start: int, stop: int) -> Array | None:
        """Of the samples; None without."""
        return None if self.samples.labels is None else self.samples.labels[start:stop]

    def correct(self, start: int, stop: int) -> tuple[float, ...]:
        """Whether the unchanged model is right, sample by sample; empty without labels."""
        if not self.is_labelled:
            return ()
        found = (self._reference(at) for at in self._chunks(start, stop))
        return tuple(right for one in found for right in one.correct)

    def score_of_base(self, start: int, stop: int) -> float | None:
        """The user's own metric of the unchanged model on samples, called once for each range."""
        if (start, stop) not in self._base_scores:
            outputs = [self._reference(at).outputs for at in self._chunks(start, stop)]
            self._base_scores[start, stop] = self._scored(outputs, start, stop)
        return self._base_scores[start, stop]

    def activations(self, operators: Collection[str]) -> Iterator[tuple[str, Array]]:
        """What operators of these types make of the samples looked at, by tensor, in parts."""
        for at, seen in self.suffix.seen(self._chunks(0, self.looked_at), operators):
            yield from zip(seen, self._reference(at).trimmed(list(seen.values())), strict=True)

    def replacements(self, layer: Layer) -> Replacements:
        """What the layer's weight may be replaced by."""
        if layer.id not in self._replacements:
            self._replacements[layer.id] = Replacements(self.opened.loaded, layer, self._axes)
        return self._replacements[layer.id]

    def problem(self, layer: Layer) -> str:
        """Why nothing of the layer can be measured; empty when it can."""
        cut = self.suffix.cut
        if layer.weight not in cut.weights or not cut.users(layer.weight):
            return "its weight cannot be reached from outside of the body that it is in"
        if layer.dtype == "bfloat16":
            return "the runtime takes no bfloat16 from outside"
        if self._changed(layer).is_cut_off:
            return "it works together with a sequence, which cannot be handed to it alone"
        if layer.scope and not self._changed(layer).has_effect:
            return "the branch that it is in does not run on this data"
        return ""

    def items(self, layer_id: str, changes: Sequence[str], start: int, stop: int) -> Iterator[Item]:
        """Measures the layer with each change in turn, on samples from `start` to `stop`."""
        layer = next(one for one in self.layers if one.id == layer_id)
        if reason := self.problem(layer):
            for change in changes:
                yield Item(layer=layer_id, change=change, start=start, stop=stop, reason=reason)
            return
        for at in self._chunks(start, stop):
            self._reference(at)  # what fails here is no fault of the layer's
        replacements = self.replacements(layer)
        changed = self._changed(layer)
        for change in changes:
            clock = time.thread_time()
            item = Item(layer=layer_id, change=change, start=start, stop=stop)
            try:
                item = self._measured(item, replacements, changed)
            except (ModelError, UsageError) as error:  # of this weight as an input, or the metric
                item = replace(item, reason=error.message)
            yield replace(item, cpu_s=time.thread_time() - clock)

    def _measured(self, item: Item, replacements: Replacements, changed: ChangedWeight) -> Item:
        level, quantized_data = level_of(item.change), item.change == _WITH_INT8_DATA
        kind = self.request.structure if level is not None else item.change
        if reason := replacements.problem(kind):
            return replace(item, reason=reason)
        if quantized_data and changed.data_input is None:
            return replace(item, reason="its input cannot be quantised apart from other layers'")
        values = replacements.quantized(kind) if level is None else replacements.pruned(level, kind)
        chunks = self._chunks(item.start, item.stop)
        found = [
            self._reference(at).trimmed(changed.outputs(values, at, quantized_data=quantized_data))
            for at in chunks
        ]
        terms = [
            self._reference(at).reference.terms(one) for at, one in zip(chunks, found, strict=True)
        ]
        return replace(
            item,
            terms=known_terms(np.concatenate(terms)),
            correct=tuple(
                right
                for at, one in zip(chunks, found, strict=True)
                for right in self._reference(at).right(one)
            ),
            score=self._scored(found, item.start, item.stop),
            reason="" if all(map(all_finite, found)) else "the outputs hold NaN or infinity",
        )

    def _scored(self, found: Sequence[Sequence[Array]], start: int, stop: int) -> float | None:
        """By the user's own metric; None without one."""
        if self.score is None:
            return None
        outputs = [one for one in joined(found) if one is not None]
        if len(outputs) < len(found[0]):
            raise UsageError(
                "The metric is called with the outputs on all samples at once, and the size of "
                "one of them depends on the sample.",
                "Measure without a metric of your own.",
            )
        return self.score.score(outputs, self.labels(start, stop))

    def _changed(self, layer: Layer) -> ChangedWeight:
        original = self.opened.loaded.constants.stored(layer.weight)
        assert original is not None, "a layer was read from this weight"
        looked_at = self._chunks(0, self.looked_at)
        return ChangedWeight(self.suffix, layer.weight, original, looked_at)

    def _feeds(self, chunk: int) -> Feeds:
        return self.samples.batch(self.chunk, chunk * self.chunk)

    def _chunks(self, start: int, stop: int) -> range:
        return range(start // self.chunk, -(-stop // self.chunk))

    def _reference(self, chunk: int) -> Chunk:
        with self._lock:
            if chunk not in self._references:
                start = chunk * self.chunk
                rows = min(self.chunk, self.count - start)
                outputs = trimmed_rows(self.suffix.outputs(chunk), self.chunk, rows)
                self._references[chunk] = Chunk(
                    outputs=outputs,
                    reference=self.distance.prepare(outputs, rows),
                    size=self.chunk,
                    rows=rows,
                    labels=self.labels(start, start + rows) if self.is_labelled else None,
                )
            return self._references[chunk]


def level_of(change: str) -> float | None:
    """The sparsity that a change stands for; None for a scheme."""
    try:
        return float(change)
    except ValueError:
        return None
