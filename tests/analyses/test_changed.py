from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from sparsify_tui.analyses.changed import (
    MOST_CALIBRATION_SAMPLES,
    FloatForm,
    Reached,
    build_changed,
)
from sparsify_tui.analyses.channels.model import channel_model
from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.core.changes import Changes, ChannelCut
from sparsify_tui.core.channels.groups import GroupId
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.options import RunOptions
from sparsify_tui.errors import ModelError, UsageError
from tests.analyses.models import saved, small_cnn

ROWS = np.random.default_rng(0).standard_normal((160, 3, 16, 16)).astype(np.float32)


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    data = tmp_path / "calibration.npz"
    np.savez(data, x=ROWS)
    path = saved(small_cnn(), tmp_path / "m.onnx")
    return open_model(RunOptions(path=str(path), calibration=str(data), threads=1))


def built(opened: Opened, tmp_path: Path, **changes: object) -> tuple[onnx.ModelProto, Reached]:
    target = tmp_path / "out" / "changed.onnx"
    target.parent.mkdir()
    reached = build_changed(opened, Changes(**changes), target)  # type: ignore[arg-type]
    return onnx.load(target), reached


def outputs(opened: Opened, path: Path) -> np.ndarray:
    return opened.engine.open(path, threads=1).run({"x": ROWS[:32]})[0]


def operators(proto: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in proto.graph.node]


def test_no_change_gives_the_model_back(opened: Opened, tmp_path: Path):
    proto, reached = built(opened, tmp_path)
    assert reached == Reached()
    assert operators(proto) == operators(opened.loaded.proto)


def test_only_the_chosen_layers_become_int8(opened: Opened, tmp_path: Path):
    chosen = tuple(layer.id for layer in opened.model.prunable[:2])
    proto, reached = built(opened, tmp_path, int8=chosen)
    integers = [one for one in proto.graph.initializer if one.data_type == onnx.TensorProto.INT8]
    assert len([one for one in integers if len(one.dims) > 1]) == 2
    assert reached.int8 == chosen
    assert any("BatchNorm" in repair for repair in reached.repairs)
    base = outputs(opened, Path(opened.options.path))
    changed = outputs(opened, tmp_path / "out" / "changed.onnx")
    assert 0 < np.abs(changed - base).max() < 0.1 * np.abs(base).max()


def test_ranges_come_from_the_calibration_data_and_not_from_what_is_fed(
    opened: Opened, tmp_path: Path
):
    _, reached = built(opened, tmp_path, int8=(opened.model.prunable[0].id,))
    assert reached.calibration.startswith(f"{MOST_CALIBRATION_SAMPLES} of 160 samples")
    assert "calibration.npz" in reached.calibration


@pytest.mark.parametrize(("batch", "together"), [(1, 1), (4, 4), (100, 32)])
def test_calibration_sees_the_shapes_that_are_timed_but_few_samples_at_once(
    opened: Opened, tmp_path: Path, batch: int, together: int
):
    asked = replace(opened, options=replace(opened.options, batch=batch))
    ranges = FloatForm(asked, asked.loaded, respell=False, folder=tmp_path).ranges
    assert {shape[0] for shape in ranges.shapes.values()} == {together}
    seen = ROWS[:MOST_CALIBRATION_SAMPLES]
    assert ranges.bounds["x"] == (seen.min(), seen.max())


def test_pruning_comes_before_int8(opened: Opened, tmp_path: Path):
    layer = opened.model.prunable[1].id
    proto, reached = built(opened, tmp_path, levels=((layer, 0.5),), int8=(layer,))
    integers = next(
        onnx.numpy_helper.to_array(one)
        for one in proto.graph.initializer
        if one.data_type == onnx.TensorProto.INT8 and len(one.dims) > 1
    )
    assert reached.levels[layer] == pytest.approx(0.5, abs=0.01)
    assert np.mean(integers == 0) >= 0.5


def test_a_layer_that_cannot_be_int8_is_refused(opened: Opened, tmp_path: Path):
    with pytest.raises(ModelError, match="nonsense cannot be int8"):
        built(opened, tmp_path, int8=(LayerId("nonsense"),))


def cut_of(opened: Opened, count: int) -> tuple[ChannelCut, ...]:
    """The first units of every group."""
    groups = channel_model(opened).map.groups
    return tuple(ChannelCut(id=one.id, removed=tuple(range(count))) for one in groups)


def test_channels_are_cut_and_what_is_left_of_each_layer_is_told(opened: Opened, tmp_path: Path):
    proto, reached = built(opened, tmp_path, channels=cut_of(opened, 8))
    assert [(one.kept, one.size) for one in reached.channels] == [(8, 16), (8, 16)]
    shapes = {one.id: one.shape for one in reached.weights}
    assert list(shapes.values()) == [(8, 3, 3, 3), (8, 8, 3, 3), (4, 8)]
    held = {tuple(one.dims) for one in proto.graph.initializer if len(one.dims) > 1}
    assert set(shapes.values()) == held
    assert reached.repaired == ()
    assert outputs(opened, tmp_path / "out" / "changed.onnx").shape == (32, 4)


def test_a_repair_of_cut_channels_is_told_and_lowers_the_error(opened: Opened, tmp_path: Path):
    cut = cut_of(opened, 8)
    base = outputs(opened, Path(opened.options.path))
    errors = []
    for repair in ("none", "auto"):
        folder = tmp_path / repair
        folder.mkdir()
        _, reached = built(opened, folder, channels=cut, repair=repair)
        errors.append(np.square(outputs(opened, folder / "out" / "changed.onnx") - base).sum())
    assert [(one.what, one.is_kept) for one in reached.repaired] == [("channels", True)]
    assert errors[1] < 0.5 * errors[0]


def test_levels_are_those_of_the_weights_that_are_left_after_a_cut(opened: Opened, tmp_path: Path):
    levels = tuple((layer.id, 0.5) for layer in opened.model.prunable)
    cut = cut_of(opened, 8)
    proto, reached = built(opened, tmp_path, channels=cut, levels=levels, repair="auto")
    assert [one.what for one in reached.repaired] == ["channels", "zeros"]
    for one in proto.graph.initializer:
        if len(one.dims) > 1:
            assert np.mean(onnx.numpy_helper.to_array(one) == 0) == pytest.approx(0.5, abs=0.01)
    assert all(one.sparsity == pytest.approx(0.5, abs=0.01) for one in reached.weights)


def test_int8_comes_after_a_cut(opened: Opened, tmp_path: Path):
    layer = opened.model.prunable[1].id
    proto, reached = built(opened, tmp_path, channels=cut_of(opened, 8), int8=(layer,))
    integers = [one for one in proto.graph.initializer if one.data_type == onnx.TensorProto.INT8]
    assert [tuple(one.dims) for one in integers if len(one.dims) > 1] == [(8, 8, 3, 3)]
    assert next(one for one in reached.weights if one.id == layer).shape == (8, 8, 3, 3)


def test_zeros_are_repaired_only_when_that_is_asked_for(opened: Opened, tmp_path: Path):
    layer = opened.model.prunable[1].id
    (tmp_path / "plain").mkdir()
    _, plain = built(opened, tmp_path / "plain", levels=((layer, 0.6),))
    _, repaired = built(opened, tmp_path, levels=((layer, 0.6),), repair="auto")
    assert plain.repaired == ()
    assert [(one.what, one.layers) for one in repaired.repaired] == [("zeros", (layer,))]
    assert plain.levels == pytest.approx(repaired.levels)


def test_a_layer_may_go_by_the_name_of_its_weight(opened: Opened, tmp_path: Path):
    _, reached = built(opened, tmp_path, levels=((LayerId("conv2.weight"), 0.5),), repair="auto")
    assert list(reached.levels) == [opened.model.prunable[1].id]


def test_a_group_that_is_not_there_is_refused(opened: Opened, tmp_path: Path):
    cut = (ChannelCut(id=GroupId("gone"), removed=(0,)),)
    with pytest.raises(UsageError, match="no group of channels gone") as caught:
        built(opened, tmp_path, channels=cut)
    assert caught.value.hint


def test_a_repair_that_is_none_is_refused_before_any_work(opened: Opened, tmp_path: Path):
    with pytest.raises(UsageError, match="no repair sometimes"):
        built(opened, tmp_path, repair="sometimes")
