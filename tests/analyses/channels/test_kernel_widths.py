from __future__ import annotations

from pathlib import Path

import pytest

from sparsify_tui.analyses.channels.kernel_widths import kernel_lanes, thin_tensors
from sparsify_tui.analyses.channels.model import channel_model
from sparsify_tui.analyses.channels.width_fit import KernelLanes
from sparsify_tui.analyses.kernels import charge_kernels
from sparsify_tui.analyses.opened import open_model
from sparsify_tui.core.channels.groups import GroupId
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.protocols import KernelTime
from tests.analyses.models import saved, small_cnn

FULL = {
    ("c1_nchwc", "Conv"): 3.0,
    ("r2_nchwc", "Conv"): 5.0,
    ("p_nchwc", "GlobalAveragePool"): 1.0,
    ("ReorderOutput", "ReorderOutput"): 0.5,
    ("ReorderOutput_token_7", "ReorderOutput"): 0.25,
    ("y", "Gemm"): 0.1,
}
NARROW = {name: ms / 2 for name, ms in FULL.items() if name[1] != "ReorderOutput"}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, KernelLanes]:
    """Kernels of a small net of 32 channels, as the runtime names them, in two lanes."""
    path = saved(small_cnn(32), tmp_path_factory.mktemp("widths") / "cnn.onnx")
    opened = open_model(RunOptions(path=str(path), batch=2))
    kernels = [
        tuple(KernelTime(name=name, op_type=op, ms=ms) for (name, op), ms in lane.items())
        for lane in (FULL, NARROW)
    ]
    lanes = [charge_kernels(one, opened.loaded, opened.model) for one in kernels]
    graph = channel_model(opened).graph
    return {one.name: one for one in kernel_lanes(opened.model, graph, lanes)}


def shares(kernel: KernelLanes, **kept: int) -> tuple[float, float]:
    widths = {GroupId(name): count for name, count in kept.items()}
    return kernel.inputs.share(widths), kernel.outputs.share(widths)


def test_a_fused_kernel_has_the_widths_of_the_layer_that_does_its_work(
    found: dict[str, KernelLanes],
) -> None:
    assert found["c2"].ms == (5.0, 2.5)
    assert shares(found["c2"], c1=16) == (0.5, 1)
    assert shares(found["c2"], c2=16) == (1, 0.5)


def test_a_convolution_reads_less_than_a_block_as_it_is_and_writes_whole_blocks(
    found: dict[str, KernelLanes],
) -> None:
    assert shares(found["c2"], c1=8, c2=8) == (0.25, 0.5)
    assert shares(found["y"], c2=8) == (0.5, 1)


def test_the_inputs_of_the_model_do_not_narrow(found: dict[str, KernelLanes]) -> None:
    assert shares(found["c1"], c1=16, c2=16) == (1, 0.5)


def test_a_kernel_of_no_layer_has_the_widths_of_what_it_makes(
    found: dict[str, KernelLanes],
) -> None:
    assert found["p"].ms == (1.0, 0.5)
    assert shares(found["p"], c2=16) == (1, 0.5)
    assert shares(found["p"], c1=16) == (1, 1)


def test_kernels_that_bear_no_name_are_one_with_the_widths_of_all_layers(
    found: dict[str, KernelLanes],
) -> None:
    reorder = found["ReorderOutput"]

    assert reorder.ms == (0.75, 0.0)
    assert shares(reorder, c1=16, c2=16)[1] < shares(reorder, c1=16)[1] < 1


def test_tensors_that_convolutions_read_can_be_less_than_a_block_those_of_the_input_cannot(
    tmp_path: Path,
) -> None:
    opened = open_model(RunOptions(path=str(saved(small_cnn(32), tmp_path / "cnn.onnx")), batch=2))

    (thin,) = thin_tensors(channel_model(opened).graph)

    assert (thin.name, thin.axis.full, thin.step) == ("r1", 32, 16)
    assert thin.positions == 2 * 16 * 16


def test_a_net_that_is_thin_already_pays_for_it_at_any_width(tmp_path: Path) -> None:
    opened = open_model(RunOptions(path=str(saved(small_cnn(8), tmp_path / "cnn.onnx")), batch=2))

    assert thin_tensors(channel_model(opened).graph) == ()
