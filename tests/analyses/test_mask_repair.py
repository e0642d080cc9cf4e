from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, helper, numpy_helper

from sparsify_tui.analyses.channels.model import ChannelModel
from sparsify_tui.analyses.mask_repair import MaskRepair, PrunedModel
from sparsify_tui.analyses.opened import open_model
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.options import RunOptions
from sparsify_tui.onnxio.quantize import as_stored
from tests.analyses.models import model, saved, small_cnn, tensor, weight

RNG = np.random.default_rng(0)
PICTURES = np.cumsum(RNG.standard_normal((64, 3, 16, 16)), axis=3).astype(np.float32)
"""Neighbours go together, as in real pictures."""


def repair_of(
    proto: ModelProto, folder: Path, level: float, rows: np.ndarray = PICTURES
) -> MaskRepair:
    data = folder / "calibration.npz"
    np.savez(data, x=rows)
    path = saved(proto, folder / "m.onnx")
    opened = open_model(RunOptions(path=str(path), calibration=str(data)))
    channels = ChannelModel(opened, as_stored(opened.loaded))
    levels = {layer.id: level for layer in opened.model.prunable}
    return MaskRepair(channels, channels.prepared.proto, levels)


def zeros(pruned: PrunedModel, name: str) -> float:
    stored = {one.name: numpy_helper.to_array(one) for one in pruned.proto.graph.initializer}
    return float(np.mean(stored[name] == 0))


def shared() -> ModelProto:
    """Two products of the same weight, one of its own behind them."""
    return model(
        [
            helper.make_node("MatMul", ["x", "tied"], ["a"]),
            helper.make_node("Relu", ["a"], ["b"]),
            helper.make_node("MatMul", ["b", "tied"], ["c"]),
            helper.make_node("MatMul", ["c", "own"], ["y"]),
        ],
        [tensor("x", "n", 8)],
        [tensor("y", "n", 3)],
        [weight("tied", 8, 8), weight("own", 8, 3)],
    )


def test_repair_lowers_the_error_and_leaves_every_level_as_it_is(tmp_path: Path) -> None:
    repair = repair_of(small_cnn(), tmp_path, 0.7)
    plain, repaired = repair.plain(), repair.repaired()
    report = repaired.report
    assert report is not None
    assert report.is_kept
    assert report.after is not None
    assert report.before is not None
    assert report.after < 0.2 * report.before
    assert repaired.levels == pytest.approx(plain.levels)
    for name in ("conv1.weight", "conv2.weight", "fc.weight"):
        assert zeros(repaired, name) == zeros(plain, name)


def test_the_form_that_is_pruned_stays_as_it_is(tmp_path: Path) -> None:
    repair = repair_of(small_cnn(), tmp_path, 0.5)
    before = repair._form.SerializeToString()
    repair.repaired()
    assert repair._form.SerializeToString() == before


def test_the_repaired_model_runs_and_is_better_on_samples_of_its_own(tmp_path: Path) -> None:
    repair = repair_of(small_cnn(), tmp_path, 0.7)
    engine = repair._model.opened.engine
    fresh = np.cumsum(RNG.standard_normal((16, 3, 16, 16)), axis=3).astype(np.float32)

    def outputs(proto: ModelProto) -> np.ndarray:
        return engine.open(proto.SerializeToString(), threads=1).run({"x": fresh})[0]

    base = outputs(repair._form)
    plain, repaired = (outputs(one.proto) for one in (repair.plain(), repair.repaired()))
    assert np.square(repaired - base).sum() < 0.3 * np.square(plain - base).sum()


def test_a_shared_weight_is_pruned_plainly_and_said_to_be(tmp_path: Path) -> None:
    rows = RNG.standard_normal((64, 8)).astype(np.float32)
    repaired = repair_of(shared(), tmp_path, 0.5, rows).repaired()
    assert repaired.report is not None
    (left, *_) = repaired.report.left
    assert "share its weight" in left[1]
    assert zeros(repaired, "tied") == 0.5
    assert zeros(repaired, "own") == 0.5


def test_too_few_samples_leave_the_plain_mask_with_the_reason(tmp_path: Path) -> None:
    repair = repair_of(small_cnn(), tmp_path, 0.5, PICTURES[:1])
    repaired = repair.repaired()
    assert repaired.proto == repair.plain().proto
    assert repaired.report is not None
    assert not repaired.report.is_kept
    assert "too few" in repaired.report.cause
    assert repaired.report.before is None


def test_what_is_not_surely_better_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "sparsify_tui.analyses.channels.guarded.Judged.is_surely_below", lambda *_: False
    )
    repair = repair_of(small_cnn(), tmp_path, 0.7)
    repaired = repair.repaired()
    assert repaired.proto == repair.plain().proto
    assert repaired.report is not None
    assert repaired.report.layers == ()
    assert "not surely better" in repaired.report.cause
    assert repaired.report.after is not None


def test_layers_that_are_not_pruned_keep_their_weights(tmp_path: Path) -> None:
    repair = repair_of(small_cnn(), tmp_path, 0.5)
    layer = repair._model.opened.model.prunable[1]
    only = MaskRepair(repair._model, repair._form, {layer.id: 0.5}).repaired()
    before = {one.name: one for one in repair._form.graph.initializer}
    after = {one.name: one for one in only.proto.graph.initializer}
    assert after["conv1.weight"] == before["conv1.weight"]
    assert after["fc.weight"] == before["fc.weight"]
    assert list(only.levels) == [layer.id]


def test_no_stored_tensor_is_left_without_a_user(tmp_path: Path) -> None:
    proto = repair_of(small_cnn(), tmp_path, 0.7).repaired().proto
    used = {name for node in proto.graph.node for name in node.input}
    assert {one.name for one in proto.graph.initializer} <= used
    onnx.checker.check_model(proto)


def test_a_layer_that_no_product_holds_is_pruned_plainly(tmp_path: Path) -> None:
    repair = repair_of(small_cnn(), tmp_path, 0.5)
    products = repair._products
    first = next(iter(products))
    del products[first]
    repaired = repair.repaired()
    assert repaired.report is not None
    assert dict(repaired.report.left)[LayerId(first)] == "it is no product of the main graph"
    assert zeros(repaired, "conv1.weight") == pytest.approx(0.5, abs=0.01)
    assert replace(repaired, report=None).levels.keys() == repair._levels.keys()


def test_a_file_of_an_old_operator_set_is_repaired_and_stays_valid(tmp_path: Path) -> None:
    """Slice had its bounds as attributes, and weights were inputs, too."""
    weights = [weight("one", 8, 3, 3, 3), weight("two", 4, 8, 1, 1)]
    old = model(
        [
            helper.make_node("Conv", ["x", "one"], ["a"], pads=[1, 1, 1, 1]),
            helper.make_node("Slice", ["a"], ["b"], axes=[2], starts=[0], ends=[8]),
            helper.make_node("Conv", ["b", "two"], ["y"]),
        ],
        [tensor("x", "n", 3, 16, 16), tensor("one", 8, 3, 3, 3), tensor("two", 4, 8, 1, 1)],
        [tensor("y", "n", 4, 8, 16)],
        weights,
    )
    old.ir_version = 3
    old.opset_import[0].version = 9

    repaired = repair_of(old, tmp_path, 0.5).repaired()

    onnx.checker.check_model(repaired.proto)
    assert repaired.report is not None
    assert repaired.report.is_kept
