"""A model run piece by piece."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper

from sparsify_tui.analyses.channels.live import LiveRun
from sparsify_tui.engines import engine_of
from sparsify_tui.errors import ModelError
from sparsify_tui.onnxio.channels.slices import Slices
from tests.analyses.models import model, small_cnn, tensor


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def test_pieces_give_what_the_whole_does_and_drop_what_is_over() -> None:
    proto, feeds = small_cnn(16), [{"x": normal(count, 3, 16, 16)} for count in (3, 2)]
    last, end = proto.graph.node[-1].output[0], len(proto.graph.node)
    whole = engine_of().open(proto.SerializeToString(), threads=1)
    run = LiveRun(Slices(proto), engine_of(), 1, feeds)

    run.advance(end - 1)

    for found, one in zip(run.peek(last), feeds, strict=True):
        np.testing.assert_allclose(found, whole.run(one)[0], rtol=1e-3, atol=1e-3)
    with pytest.raises(KeyError):
        run.tensors("x")
    run.advance(1)  # there is no way back
    run.advance(end)
    assert [len(one) for one in run.tensors(last)] == [3, 2]


def test_a_sequence_between_nodes_is_refused() -> None:
    net = model(
        [
            helper.make_node("SplitToSequence", ["x"], ["s"], axis=1),
            helper.make_node("ConcatFromSequence", ["s"], ["y"], axis=1),
        ],
        [tensor("x", "n", 4)],
        [tensor("y", "n", 4)],
        [],
    )

    with pytest.raises(ModelError, match="s is a sequence"):
        LiveRun(Slices(net), engine_of(), 1, [{"x": normal(2, 4)}]).advance(1)
