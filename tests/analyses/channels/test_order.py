"""Which units go first, on a net in which it can be seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import helper, numpy_helper

from sparsify_tui.analyses.channels import ChannelModel, channel_model
from sparsify_tui.analyses.opened import open_model
from sparsify_tui.core.channels.groups import GroupId
from sparsify_tui.core.options import RunOptions
from tests.analyses.models import model, saved, tensor


@pytest.fixture
def net(tmp_path: Path) -> ChannelModel:
    """Four hidden units of unlike size, of which the smallest counts most for what takes them."""
    taken = np.zeros((4, 3), np.float32)
    taken[:, 0] = [1, 9, 1, 1]
    made = model(
        [
            helper.make_node("MatMul", ["x", "w1"], ["a"], name="first"),
            helper.make_node("Relu", ["a"], ["b"]),
            helper.make_node("MatMul", ["b", "w2"], ["y"], name="last"),
        ],
        [tensor("x", "n", 4)],
        [tensor("y", "n", 3)],
        [
            numpy_helper.from_array(np.diag([3, 1, 4, 2]).astype(np.float32), "w1"),
            numpy_helper.from_array(taken, "w2"),
        ],
    )
    samples = np.abs(np.random.default_rng(0).standard_normal((64, 4))).astype(np.float32)
    np.savez(tmp_path / "d.npz", x=samples)
    path = saved(made, tmp_path / "m.onnx")
    return channel_model(open_model(RunOptions(path=str(path), data=str(tmp_path / "d.npz"))))


@pytest.mark.parametrize(
    ("selection", "order"),
    [("l2", (1, 3, 0, 2)), ("activation", (3, 0, 2, 1)), ("obs", (3, 0, 2, 1))],
)
def test_units_that_matter_least_go_first(
    net: ChannelModel, selection: str, order: tuple[int, ...]
) -> None:
    assert net.orders(selection) == {GroupId("first"): order}
