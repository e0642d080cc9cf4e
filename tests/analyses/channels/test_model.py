"""A model narrowed, repaired, and judged on samples that took no part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, helper

from sparsify_tui.analyses.channels import ChannelModel, channel_model
from sparsify_tui.analyses.channels.analyse import analyse_channels
from sparsify_tui.analyses.channels.guarded import Judge
from sparsify_tui.analyses.channels.repair import Repair
from sparsify_tui.analyses.opened import open_model
from sparsify_tui.core.channels.groups import GroupId
from sparsify_tui.core.modifiers.channels import SELECTIONS
from sparsify_tui.core.options import RunOptions
from sparsify_tui.errors import ModelError, UsageError
from sparsify_tui.onnxio.channels.slices import unsaturated_outputs
from tests.analyses.fakes import finished, options
from tests.analyses.models import model, saved, small_cnn, tensor, weight
from tests.onnxio.channels.nets import vision_transformer


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "samples.npz"
    random = np.random.default_rng(0)
    images = random.standard_normal((40, 3, 16, 16)).cumsum(axis=2).cumsum(axis=3) / 8
    np.savez(path, x=np.concatenate([images, images[:4]]).astype(np.float32))
    return path


@pytest.fixture
def channels(tmp_path: Path, data: Path) -> ChannelModel:
    path = saved(small_cnn(16), tmp_path / "cnn.onnx")
    return channel_model(open_model(RunOptions(path=str(path), data=str(data))))


def halved(channels: ChannelModel, selection: str = "obs") -> dict[GroupId, tuple[int, ...]]:
    return {name: order[: len(order) // 2] for name, order in channels.orders(selection).items()}


@pytest.mark.parametrize("selection", SELECTIONS)
def test_every_unit_that_may_go_is_in_the_order_of_its_group(
    channels: ChannelModel, selection: str
) -> None:
    orders = channels.orders(selection)
    assert {name: sorted(order) for name, order in orders.items()} == {
        group.id: list(range(16)) for group in channels.map.groups
    }
    assert len(orders) == 2


def test_selections_differ_and_there_is_no_other(channels: ChannelModel) -> None:
    assert len({tuple(channels.orders(one).values()) for one in SELECTIONS}) == len(SELECTIONS)
    with pytest.raises(UsageError, match="no selection l3"):
        channels.orders("l3")


def test_a_repair_lowers_the_error_on_held_out_samples_many_times(channels: ChannelModel) -> None:
    removed = halved(channels)
    plain = channels.narrowed(removed, repair="none")
    found = channels.narrowed(removed, repair="auto")
    assert found.repaired
    assert found.error < 0.2 * plain.error
    assert len(found.layers_repaired) == 2
    assert not plain.repaired
    assert plain.words == "repair is off"


def test_what_proved_good_is_fitted_on_held_out_samples_too_and_judged_without_them(
    channels: ChannelModel,
) -> None:
    removed = halved(channels)
    found = channels.narrowed(removed, repair="auto")
    twin = channels.narrowed(removed, repair="auto", only_next=True)
    calibration = channels.calibration
    engine = channels.opened.engine
    judge = Judge(channels.graph.proto, engine, 1, calibration.held_out_batches)

    assert judge.judged(twin.proto).error == pytest.approx(twin.error)
    assert judge.judged(found.proto).error < found.error


def test_a_repaired_model_is_as_small_as_the_cut(channels: ChannelModel) -> None:
    removed = halved(channels)
    sizes = [
        {
            one.name: tuple(one.dims)
            for one in channels.narrowed(removed, repair=how).proto.graph.initializer
        }
        for how in ("auto", "none")
    ]
    shared = sizes[0].keys() & sizes[1].keys()
    assert all(sizes[0][name] == sizes[1][name] for name in shared)
    assert len(shared) >= 3


def test_nothing_removed_is_no_error_and_no_repair(channels: ChannelModel) -> None:
    found = channels.narrowed({}, repair="auto")
    assert (found.error, found.agreement, found.repaired) == (0.0, 1.0, False)


def test_a_repair_that_makes_it_worse_is_dropped(
    channels: ChannelModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(repair: Repair, **how: bool) -> tuple[str, ...]:
        product = channels.graph.products[-1]
        matrix = repair._weights.matrix(product)
        repair._weights.change(product, -3 * matrix, np.zeros(matrix.shape[2]))
        return ("spoilt",)

    removed = halved(channels)
    plain = channels.narrowed(removed, repair="none")
    monkeypatch.setattr(Repair, "run", spoil)
    found = channels.narrowed(removed, repair="auto")
    assert not found.repaired
    assert found.error == plain.error
    assert "not surely better" in found.words
    assert found.layers_repaired == ()


def test_a_model_that_does_not_run_in_pieces_is_cut_without_repair(
    channels: ChannelModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(repair: Repair, **how: bool) -> tuple[str, ...]:
        raise ModelError("It is a sequence.")

    removed = halved(channels)
    monkeypatch.setattr(Repair, "run", refuse)
    found = channels.narrowed(removed, repair="auto")
    assert (found.repaired, found.words) == (False, "not repaired: It is a sequence.")


def test_there_is_no_other_repair(channels: ChannelModel) -> None:
    with pytest.raises(UsageError, match="no repair by hand"):
        channels.narrowed({}, repair="by hand")


def test_no_sample_is_both_fitted_and_judged(channels: ChannelModel) -> None:
    calibration = channels.calibration
    fit, judged = (
        {row.tobytes() for row in one["x"]} for one in (calibration.fit, calibration.held_out)
    )
    assert not fit & judged
    assert (calibration.fitted, calibration.held_out_count) == (28, 10)  # 4 of 44 are doubles
    assert len(calibration.fit_batches) >= 4


def test_without_data_samples_are_made_up_and_told(tmp_path: Path) -> None:
    path = saved(small_cnn(16), tmp_path / "cnn.onnx")
    calibration = channel_model(open_model(RunOptions(path=str(path)))).calibration
    assert calibration.is_made_up
    assert "random values" in calibration.words


def test_a_model_whose_only_batch_is_full_is_not_repaired(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Gemm", ["x", "fc1.weight"], ["a"], transB=1),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Gemm", ["b", "fc2.weight"], ["y"], transB=1),
    ]
    weights = [weight("fc1.weight", 8, 4), weight("fc2.weight", 3, 8)]
    fixed = model(nodes, [tensor("x", 6, 4)], [tensor("y", 6, 3)], weights)
    path, data = saved(fixed, tmp_path / "fixed.onnx"), tmp_path / "few.npz"
    np.savez(data, x=np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32))
    found = channel_model(open_model(RunOptions(path=str(path), data=str(data))))
    narrowed = found.narrowed(halved(found), repair="auto")
    assert not narrowed.repaired
    assert "only one batch" in narrowed.words


def behind(*ops: str) -> ModelProto:
    nodes = [helper.make_node("Gemm", ["x", "w"], ["t0"], transB=1)]
    nodes += [helper.make_node(op, [f"t{at}"], [f"t{at + 1}"]) for at, op in enumerate(ops)]
    return model(
        nodes, [tensor("x", "n", 4)], [tensor(f"t{len(ops)}", "n", 3)], [weight("w", 3, 4)]
    )


@pytest.mark.parametrize(
    ("ops", "measured"),
    [
        ((), "t0"),
        (("Softmax",), "t0"),
        (("Relu", "Sigmoid", "Identity"), "t1"),
        (("Identity", "Relu"), "t2"),
    ],
)
def test_outputs_are_measured_before_what_saturates(ops: tuple[str, ...], measured: str) -> None:
    assert unsaturated_outputs(behind(*ops)) == (measured,)


def test_the_job_tells_groups_orders_and_what_they_rest_on(tmp_path: Path, data: Path) -> None:
    path = saved(small_cnn(16), tmp_path / "cnn.onnx")
    found = finished(analyse_channels(options=options(path, data=str(data)), selection="obs"))
    assert [name for name, _ in found.orders] == [group.id for group in found.map.groups]
    assert "samples.npz" in found.calibration
    by_weight = finished(analyse_channels(options=options(path), selection="l2"))
    assert by_weight.calibration == "the weights alone"


def test_a_repair_keeps_to_its_products_where_a_cut_has_nodes_of_its_own(tmp_path: Path) -> None:
    path = saved(vision_transformer(computed=True), tmp_path / "vit.onnx")
    channels = channel_model(open_model(RunOptions(path=str(path))))
    heads = next(group for group in channels.map.groups if group.kind == "head")
    cut = channels.graph.cut({heads.id: (0,)})

    assert len(cut.graph.node) > len(channels.graph.proto.graph.node)
    assert "layers repaired" in channels.narrowed({heads.id: (0,)}, repair="auto").words
