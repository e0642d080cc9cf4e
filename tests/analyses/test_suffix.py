from __future__ import annotations

import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, ValueInfoProto, helper, numpy_helper

from sparsify_tui.analyses.suffix import ChangedWeight, SuffixEngine
from sparsify_tui.core.fake_quant import fake_quantize_activation
from sparsify_tui.core.protocols import Array, Feeds
from sparsify_tui.engines.ort import OnnxRuntime, OrtSession
from sparsify_tui.onnxio.graphs import bodies
from sparsify_tui.onnxio.load import LoadedModel
from sparsify_tui.onnxio.rewrite import expose_tensors
from sparsify_tui.onnxio.segments import CutModel
from sparsify_tui.onnxio.weights import stored_constants
from tests.onnxio.graphs_by_code import build, load, node, random, value
from tests.onnxio.grown import STEP, STEPS, Grown, Step, grown

PLENTY = 1 << 30


def feeds(chunk: int) -> dict[str, Array]:
    random = np.random.default_rng(chunk)
    return {"x": random.normal(size=(3, 8)).astype(np.float32), "c": np.array(chunk % 2 == 0)}


def loaded(proto: ModelProto) -> LoadedModel:
    with tempfile.TemporaryDirectory() as folder:
        return load(proto, Path(folder))


def engine_of(model: LoadedModel, weights: Sequence[str], budget: int = PLENTY) -> SuffixEngine:
    return SuffixEngine(CutModel(model, weights), OnnxRuntime(), feeds, budget)


def plain(model: LoadedModel, fed: Feeds, weight: str = "", values: Array | None = None) -> list:
    """What the whole model gives in one session, with that weight replaced."""
    proto = ModelProto()
    proto.CopyFrom(model.proto)
    for graph in (proto.graph, *bodies(proto)):
        for name, tensor in stored_constants(graph):
            if name == weight and values is not None:
                tensor.CopyFrom(numpy_helper.from_array(values, name))
    names = {one.name for one in proto.graph.input}
    session = OnnxRuntime().open(proto.SerializeToString(), threads=1, exact=True)
    return list(session.run({name: array for name, array in fed.items() if name in names}))


def others(original: Array) -> Array:
    """Values that a weight of this type may have."""
    random = np.random.default_rng(1)
    if original.dtype.kind == "i":
        return random.integers(-99, 99, original.shape).astype(original.dtype)
    return (random.normal(size=original.shape) / 3).astype(original.dtype)


def assert_close(found: Sequence[Array], wanted: Sequence[Array]) -> None:
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert one.shape == other.shape
        assert np.abs(one - other).max() <= 1e-5 * max(np.abs(other).max(), 1e-6)


def assert_lawful(model: Grown, chunks: int = 2) -> None:
    file = loaded(model.proto)
    engine = engine_of(file, model.weights)
    assert set(engine.cut.weights) == set(model.weights)
    for chunk in range(chunks):
        assert_close(engine.outputs(chunk), plain(file, feeds(chunk)))
    for weight in model.weights:
        original = file.constants.stored(weight)
        assert original is not None
        changed, values = ChangedWeight(engine, weight, original), others(original)
        for chunk in range(chunks):
            found = changed.outputs(values, chunk)
            assert_close(found, plain(file, feeds(chunk), weight, values))
            for one, base in zip(
                changed.outputs(original.copy(), chunk), engine.outputs(chunk), strict=True
            ):
                assert np.array_equal(one, base)


@pytest.mark.parametrize("kind", sorted(STEPS))
def test_each_way_to_hold_a_weight_obeys_the_law(kind: str) -> None:
    """A changed weight gives what the whole model gives with it; the same weight, the base."""
    assert_lawful(
        grown(
            [
                ("dense", 0, 0),
                (kind, 0, 1),
                ("dense", 0, 0),
                (kind, 0, 2),
                ("bent", 0, 0),
                ("tied", 0, 0),
                ("dense", 0, 0),
                ("added", 0, 3),
            ],
            outputs=2,
        )
    )


@settings(max_examples=20, deadline=None)
@given(steps=st.lists(STEP, min_size=1, max_size=12), outputs=st.integers(1, 3))
def test_any_wiring_obeys_the_law(steps: list[Step], outputs: int) -> None:
    assert_lawful(grown(steps, outputs))


def test_tied_weights_change_in_every_segment() -> None:
    model = grown([("dense", 0, 0), *[("dense", 0, 0)] * 6, ("tied", 0, 0), ("bent", 0, 0)])
    file = loaded(model.proto)
    cut = engine_of(file, model.weights).cut
    first = model.weights[0]

    assert len({cut.segment_of(at) for at in cut.users(first)}) == 2
    assert_lawful(model)


def test_outputs_that_are_weights_or_views_of_them_change_too() -> None:
    proto = build(
        [node("Transpose", "w", "v", perm=[1, 0]), node("MatMul", "x v", "y")],
        {"w": random(8, 8)},
        outputs=[ValueInfoProto(name="y"), ValueInfoProto(name="v"), value("w", 8, 8)],
    )

    assert_lawful(Grown(proto=proto, weights=("w",)))


def test_a_layer_that_nothing_needs_changes_nothing() -> None:
    proto = build(
        [node("MatMul", "x w", "dead"), node("MatMul", "x v", "y")],
        {"w": random(8, 8), "v": random(8, 8)},
    )

    assert_lawful(Grown(proto=proto, weights=("w", "v")))


def test_sequences_stay_inside_of_their_segment() -> None:
    sequence = helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, None)
    proto = build(
        [
            node("MatMul", "x w", "a"),
            node("SequenceConstruct", "a x", "s"),
            node("SequenceAt", "s first", "b"),
            node("MatMul", "b v", "y"),
        ],
        {"w": random(8, 8), "v": random(8, 8), "first": np.int64(0)},
        outputs=[ValueInfoProto(name="y"), sequence],
    )
    model = loaded(proto)
    engine = engine_of(model, ["w", "v"])
    values = others(random(8, 8))

    assert len(engine.outputs(0)) == 1
    for weight in ("w", "v"):
        changed = ChangedWeight(engine, weight, random(8, 8))
        assert not changed.is_cut_off
        assert_close(changed.outputs(values, 0), plain(model, feeds(0), weight, values)[:1])


def test_a_layer_beside_a_sequence_is_cut_off() -> None:
    proto = build(
        [
            node("SequenceConstruct", "x x", "s"),
            node("MatMul", "x w", "a"),
            node("SequenceInsert", "s a", "t"),
            node("ConcatFromSequence", "t", "b", axis=0),
            node("MatMul", "b v", "y"),
        ],
        {"w": random(8, 8), "v": random(8, 8)},
    )
    engine = engine_of(loaded(proto), ["w", "v"])

    assert ChangedWeight(engine, "w", random(8, 8)).is_cut_off
    assert not ChangedWeight(engine, "v", random(8, 8)).is_cut_off


QUANTISED = ("dense", "in node", "transposed", "half", "recurrent")


@pytest.mark.parametrize("kind", QUANTISED)
def test_quantised_data_is_that_of_the_plain_model_with_its_input_rounded(kind: str) -> None:
    """The range comes from the same chunks, whichever is run."""
    steps = [("dense", 0, 0), (kind, 0, 1), ("added", 0, 1), ("dense", 0, 0)]
    model = grown(steps)
    file = loaded(model.proto)
    engine = engine_of(file, model.weights)
    weight = next(one for one in model.weights if one.endswith("2"))
    original = file.constants.stored(weight)
    assert original is not None
    changed = ChangedWeight(engine, weight, original, range(3))
    data = changed.data_input
    assert data is not None
    seen = loaded(expose_tensors(file.proto, [data]))
    fed = [plain(seen, feeds(chunk))[-1] for chunk in range(3)]
    low, high = float(np.min(fed)), float(np.max(fed))
    for chunk in (1, 0):
        rounded = fake_quantize_activation(fed[chunk], low, high)
        for values in (original, others(original)):
            found = changed.outputs(values, chunk, quantized_data=True)
            wanted = plain(
                with_input(file, weight, data), {**feeds(chunk), "rounded": rounded}, weight, values
            )
            assert_close(found, wanted)
            assert np.abs(found[0] - plain(file, feeds(chunk), weight, values)[0]).max() > 0


def with_input(model: LoadedModel, weight: str, data: str) -> LoadedModel:
    """The model whose layer reads its data from an input of its own."""
    proto = ModelProto()
    proto.CopyFrom(model.proto)
    user = next(
        one
        for one in proto.graph.node
        if data in one.input and any(model.constants.source(name) == weight for name in one.input)
    )
    user.input[:] = ["rounded" if name == data else name for name in user.input]
    rank = 3 if user.op_type == "LSTM" else 2
    proto.graph.input.append(value("rounded", *[None] * rank))
    return loaded(proto)


DEEP = grown(
    [("dense", 0, 0), ("tied", 0, 0), ("added", 0, 1), *[("dense", 0, 0), ("added", 0, 2)] * 5], 2
)


def all_outputs(engine: SuffixEngine, file: LoadedModel, weight: str) -> list[Array]:
    original = file.constants.stored(weight)
    assert original is not None
    changed, values = ChangedWeight(engine, weight, original), others(original)
    return [one for chunk in (0, 1, 2, 0) for one in changed.outputs(values, chunk)]


@pytest.mark.parametrize("budget", [0, 300, 2000])
def test_what_does_not_fit_into_memory_gives_the_same(budget: int) -> None:
    file = loaded(DEEP.proto)
    small, large = engine_of(file, DEEP.weights, budget), engine_of(file, DEEP.weights)

    for weight in DEEP.weights:
        found, wanted = (all_outputs(engine, file, weight) for engine in (small, large))
        assert all(map(np.array_equal, found, wanted))


def test_threads_give_what_one_gives() -> None:
    file = loaded(DEEP.proto)
    wanted = [all_outputs(engine_of(file, DEEP.weights), file, one) for one in DEEP.weights]
    engine = engine_of(file, DEEP.weights)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda one: all_outputs(engine, file, one), DEEP.weights))

    for one, other in zip(found, wanted, strict=True):
        assert all(map(np.array_equal, one, other))


class CountingEngine(OnnxRuntime):
    """Counts what it opens and runs."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = 0

    def open(self, model: Path | bytes, **more: Any) -> OrtSession:
        self.opened += 1
        return super().open(model, **more)


def test_sessions_and_the_base_are_made_once() -> None:
    file, engine = loaded(DEEP.proto), CountingEngine()
    asked: list[int] = []

    def counted(chunk: int) -> Feeds:
        asked.append(chunk)
        return feeds(chunk)

    suffix = SuffixEngine(CutModel(file, DEEP.weights), engine, counted, PLENTY)
    weight = DEEP.weights[1]
    original = file.constants.stored(weight)
    assert original is not None
    changed = ChangedWeight(suffix, weight, original)
    changed.outputs(others(original), 0)
    before = engine.opened
    for turn in range(4):
        changed.outputs(others(original) * turn, 0)

    assert engine.opened == before
    assert asked == [0]


def test_only_what_the_change_reaches_is_run() -> None:
    """Beside the changed branch runs nothing of the other one."""
    proto = build(
        [
            node("MatMul", "x w", "l0"),
            node("MatMul", "x u", "r0"),
            node("Exp", "r0", "r1"),
            node("MatMul", "l0 v", "l1"),
            node("Add", "l1 r1", "y"),
        ],
        {name: random(8, 8) for name in "uvw"},
    )
    cut = CutModel(loaded(proto), ["w", "u", "v"])

    assert [cut.flow.nodes[at].output[0] for at in cut.head("w").positions] == ["l0", "l1", "y"]


def test_activations_of_the_base_can_be_seen() -> None:
    model = grown([("dense", 0, 0), ("cut off", 0, 0), ("dense", 0, 0), ("cut off", 0, 0)])
    file = loaded(model.proto)

    seen = list(engine_of(file, model.weights).seen(range(2), {"Relu"}))

    named = sorted((name, chunk) for chunk, found in seen for name in found)
    assert named == [("t2", 0), ("t2", 1), ("t4", 0), ("t4", 1)]
    for chunk, found in seen:
        if "t4" in found:
            assert_close([found["t4"]], plain(file, feeds(chunk)))


def test_one_session_serves_all_chunks_of_a_segment() -> None:
    file, engine = loaded(DEEP.proto), CountingEngine()
    suffix = SuffixEngine(CutModel(file, DEEP.weights), engine, feeds, PLENTY)
    for chunk in range(4):
        suffix.boundaries(chunk)
    before, segments = engine.opened, len(suffix.cut.segments)
    assert segments > 1
    for segment in range(segments):
        for chunk in range(4):
            suffix.interior(chunk, segment)
        suffix.data_ranges(segment, range(6))
        suffix.data_ranges(segment, range(6))

    assert engine.opened - before <= segments
    assert engine.opened > before
    before = engine.opened
    assert list(suffix.seen(range(4), {"MatMul"}))
    assert engine.opened - before <= segments
