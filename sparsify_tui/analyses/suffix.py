"""Runs what lies behind a changed weight, and nothing else.

The model is cut into segments. The base runs once through all of them and what passes from one
to the next is kept. A changed weight then costs its head (see `onnxio.segments`) and the later
segments that the change reaches. Prunings, quantisations and repairs are all the same to it: an
array in the place of the weight.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from threading import RLock
from typing import TypeAlias

import numpy as np

from sparsify_tui.analyses.activations import Activations
from sparsify_tui.core.fake_quant import fake_quantize_activation
from sparsify_tui.core.protocols import Array, Engine, Feeds, Session
from sparsify_tui.errors import ModelError
from sparsify_tui.onnxio.segments import QUANTIZED, CutModel, Part
from sparsify_tui.onnxio.tensors import tensor_values

Tensors: TypeAlias = "Mapping[str, Array]"
Range: TypeAlias = tuple[float, float]
"""The least and the largest value."""
_COMPARED_BYTES = 1 << 16


class SuffixEngine:
    """The outputs of a model with one weight changed, on numbered chunks of its data.

    Several threads may use it at a time.

    Args:
        cut: The model in segments.
        engine: What runs them, each with one thread.
        chunk: The inputs of a chunk, always of the same sizes.
        budget_bytes: That kept activations may take; beyond, they go to files.
    """

    def __init__(
        self, cut: CutModel, engine: Engine, chunk: Callable[[int], Feeds], budget_bytes: int
    ) -> None:
        self.cut = cut
        self._engine = engine
        self._chunk = chunk
        self._kept = Activations(budget_bytes)
        self._sessions: dict[int, Session] = {}
        self._inside: tuple[int, Part, Session] | None = None
        self._ranges: dict[tuple[int, range], Mapping[str, Range]] = {}
        self._lock = RLock()

    def outputs(self, chunk: int) -> list[Array]:
        """Those of the unchanged model, in its order."""
        return self._outputs(self.boundaries(chunk))

    def boundaries(self, chunk: int) -> Tensors:
        """The model's inputs, and what passes from one segment to a later one or outside."""
        with self._lock:
            found = self._kept.get(chunk)
            if found is None:
                found = self.rerun(chunk)
                self._kept.put(chunk, found)
            return found

    def interior(self, chunk: int, segment: int) -> Tensors:
        """What heads need from inside their segment, sequences apart."""
        key = (chunk, segment)
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                found = self._rerun_inside(chunk, segment)
                self._kept.put(key, found)
            return found

    def data_ranges(self, segment: int, chunks: range) -> Mapping[str, Range]:
        """Of what can be quantised for one layer of the segment alone, over some chunks.

        Only the ranges are kept: all these activations may be many.
        """
        with self._lock:
            if (segment, chunks) not in self._ranges:
                self._ranges[segment, chunks] = self._found_ranges(segment, chunks)
            return self._ranges[segment, chunks]

    def open(self, part: Part, values: Tensors) -> Session:
        """A session of a part; `values` are examples of its inputs."""
        return self._engine.open(self.cut.model(part, values), threads=1, exact=True)

    def finish(self, chunk: int, changed: dict[str, Array], segment: int, own: Own) -> list[Array]:
        """Runs the segments from `segment` on that the change reaches; the model's outputs."""
        base = self.boundaries(chunk)
        for at in range(segment, len(self.cut.segments)):
            part = self.cut.whole(at)
            session = own.session(at, base)
            if not part.outputs or (session is None and changed.keys().isdisjoint(part.inputs)):
                continue
            feeds = {name: changed[name] if name in changed else base[name] for name in part.inputs}
            if session is None:
                found = self._session(at, base).run(feeds)
            else:
                found = session.run({**feeds, own.weight: own.values})
            changed |= zip(part.outputs, found, strict=True)
        return self._outputs({**base, own.weight: own.values, **changed})

    def rerun(self, chunk: int) -> Tensors:
        """Runs the unchanged model; what passes between the segments."""
        values = dict(self._chunk(chunk))
        for at in range(len(self.cut.segments)):
            part = self.cut.whole(at)
            if part.outputs:
                feeds = {name: values[name] for name in part.inputs}
                found = self._session(at, values).run(feeds)
                values |= zip(part.outputs, found, strict=True)
        return values

    def seen(self, chunks: range, operators: Collection[str]) -> Iterator[tuple[int, Tensors]]:
        """Outputs of the operators of these types in the unchanged model, chunk by chunk.

        They come segment after segment, each with its chunk, so that few are held at a time.
        """
        for at in range(len(self.cut.segments)):
            part = self.cut.exposing(at, operators)
            if part.outputs and chunks:
                session = self.open(part, self.boundaries(chunks[0]))
                yield from ((one, _run(part, session, self.boundaries(one))) for one in chunks)

    def _rerun_inside(self, chunk: int, segment: int) -> Tensors:
        """What `interior` keeps; the session of the last segment stays for its next chunk."""
        base = self.boundaries(chunk)
        if self._inside is None or self._inside[0] != segment:
            self._inside = None
            part = self.cut.interior(segment)
            if not part.outputs:
                return {}
            self._inside = segment, part, self.open(part, base)
        _, part, session = self._inside
        return _run(part, session, base)

    def _found_ranges(self, segment: int, chunks: range) -> dict[str, Range]:
        used = [one for one in self.cut.weights if self.cut.users(one)]
        names = {self.cut.data_input(one) for one in used if self.cut.home(one) == segment}
        found: dict[str, Range] = {}
        for chunk in chunks:
            inside = self._kept.get((chunk, segment)) or self._rerun_inside(chunk, segment)
            for name, array in {**self.boundaries(chunk), **inside}.items():
                if name in names and array.size:
                    ends = (float(array.min()), float(array.max()), *found.get(name, ()))
                    found[name] = float(np.min(ends)), float(np.max(ends))
        return found

    def _session(self, segment: int, values: Tensors) -> Session:
        with self._lock:
            if segment not in self._sessions:
                self._sessions[segment] = self.open(self.cut.whole(segment), values)
            return self._sessions[segment]

    def _outputs(self, values: Tensors) -> list[Array]:
        flow = self.cut.flow
        return [
            values[name] if name in values else np.asarray(tensor_values(flow.constants[name]))
            for name in flow.outputs
        ]


class Own:
    """Sessions of the later segments that use the changed weight themselves."""

    def __init__(self, engine: SuffixEngine, weight: str, original: Array) -> None:
        self._engine = engine
        self.weight = weight
        self.values = original
        home = engine.cut.home(weight)
        later = range(home + 1, len(engine.cut.segments))
        self._segments = frozenset(at for at in later if engine.cut.uses(weight, at))
        self._sessions: dict[int, Session] = {}

    def session(self, segment: int, base: Tensors) -> Session | None:
        """The one of a segment; None where the segment does not use the weight."""
        if segment not in self._segments:
            return None
        if segment not in self._sessions:
            part = self._engine.cut.whole(segment, fed=(self.weight,))
            values = {**base, self.weight: self.values}
            self._sessions[segment] = self._engine.open(part, values)
        return self._sessions[segment]


class ChangedWeight:
    """Everything to run the model with other values of one weight; for one thread.

    Args:
        engine: Of the model.
        weight: Name of the stored tensor.
        original: Its values.
        looked_at: Chunks that the range of the layer's input comes from, whichever are run.
    """

    def __init__(
        self, engine: SuffixEngine, weight: str, original: Array, looked_at: range = range(1)
    ) -> None:
        self._engine = engine
        self._weight = weight
        self._looked_at = looked_at
        self._original = original
        self._segment = engine.cut.home(weight)
        self._own = Own(engine, weight, original)
        self._heads: dict[bool, tuple[Part, Session]] = {}

    @property
    def data_input(self) -> str | None:
        """What can be quantised for this layer alone; None where nothing can."""
        return self._engine.cut.data_input(self._weight)

    @property
    def is_cut_off(self) -> bool:
        """Whether the head needs what is no tensor, such as a sequence, and cannot be run."""
        known = self._known(0, quantized_data=False)
        return any(name not in known for name in self._engine.cut.head(self._weight).inputs)

    @property
    def has_effect(self) -> bool:
        """Whether the head makes something else of other values than of the weight itself."""
        try:
            before = self.head_outputs(self._original, 0)
            after = self.head_outputs((self._original == 0).astype(self._original.dtype), 0)
        except ModelError:
            return True  # running it for a loss will tell what is wrong
        return any(not np.array_equal(before[name], after[name], equal_nan=True) for name in before)

    def outputs(self, values: Array, chunk: int, *, quantized_data: bool = False) -> list[Array]:
        """The model's outputs with these values in the place of the weight.

        Values that are the original's are not run: what does not change changes nothing.

        Args:
            values: In shape and type of the stored tensor.
            chunk: Number of the chunk of data.
            quantized_data: Whether the layer's input goes through uint8, too.
        """
        if not quantized_data and _is_same(values, self._original):
            return self._engine.outputs(chunk)
        changed = self.head_outputs(values, chunk, quantized_data=quantized_data)
        self._own.values = values
        return self._engine.finish(chunk, changed, self._segment + 1, self._own)

    def head_outputs(
        self, values: Array, chunk: int, *, quantized_data: bool = False
    ) -> dict[str, Array]:
        """What the head alone makes of them, by tensor; nothing where nothing leaves it."""
        if not self._engine.cut.head(self._weight).outputs:
            return {}
        known = self._known(chunk, quantized_data=quantized_data)
        part, session = self._head(known, quantized_data=quantized_data)
        feeds = {name: known[name] for name in part.inputs}
        found = session.run({**feeds, self._weight: values})
        return dict(zip(part.outputs, found, strict=True))

    def _known(self, chunk: int, *, quantized_data: bool) -> dict[str, Array]:
        base = self._engine.boundaries(chunk)
        known = {**base, **self._engine.interior(chunk, self._segment)}
        if quantized_data and (name := self.data_input) is not None:
            ranges = self._engine.data_ranges(self._segment, self._looked_at)
            low, high = ranges.get(name, (0.0, 0.0))  # without any where it is always empty
            known[name + QUANTIZED] = fake_quantize_activation(known[name], low, high)
        return known

    def _head(self, known: Tensors, *, quantized_data: bool) -> tuple[Part, Session]:
        if quantized_data not in self._heads:
            cut = self._engine.cut
            part = cut.quantized_head(self._weight) if quantized_data else cut.head(self._weight)
            values = {**known, self._weight: self._original}
            self._heads[quantized_data] = part, self._engine.open(part, values)
        return self._heads[quantized_data]


def _run(part: Part, session: Session, values: Tensors) -> Tensors:
    """What is no tensor, such as a sequence, is left out."""
    found = session.run({name: values[name] for name in part.inputs})
    named = zip(part.outputs, found, strict=True)
    return {name: array for name, array in named if isinstance(array, np.ndarray)}


def _is_same(one: Array, other: Array) -> bool:
    """Whether two arrays hold the same bits; those of a changed weight differ soon."""
    first, second = (np.ascontiguousarray(x).reshape(-1).view(np.uint8) for x in (one, other))
    starts = range(0, len(first), _COMPARED_BYTES)
    return len(first) == len(second) and all(
        np.array_equal(first[at : at + _COMPARED_BYTES], second[at : at + _COMPARED_BYTES])
        for at in starts
    )
