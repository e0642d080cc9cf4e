from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, helper, numpy_helper

from sparsify_tui.analyses import chunks, loss, loss_table
from sparsify_tui.analyses import setup as memory
from sparsify_tui.core.distances import is_settled
from sparsify_tui.core.images import ImageOptions
from sparsify_tui.core.loss_profile import LossProfile, LossRequest
from sparsify_tui.errors import JobError, ModelError
from tests.analyses.losses import REQUEST, Measured, lines_of, measured, samples, timeless
from tests.analyses.models import (
    model,
    nothing_to_prune,
    saved,
    small_cnn,
    tensor,
    two_layers,
    weight,
)
from tests.analyses.test_evaluate import two_branches

ORDER = ("magnitude", "anchors", "levels", "settling", "done")


def deep(count: int = 8) -> ModelProto:
    """x [n, 4] → fc0 → Tanh → fc1 → Tanh … → y: several segments."""
    nodes, before = [], "x"
    for at in range(count):
        nodes.append(helper.make_node("MatMul", [before, f"fc{at}.weight"], [f"m{at}"]))
        before = "y" if at == count - 1 else f"t{at}"
        nodes.append(helper.make_node("Tanh", [f"m{at}"], [before]))
    weights = [
        numpy_helper.from_array(
            np.random.default_rng(at).normal(size=(4, 4)).astype(np.float32), f"fc{at}.weight"
        )
        for at in range(count)
    ]
    return model(nodes, [tensor("x", "n", 4)], [tensor("y", "n", 4)], weights)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return saved(deep(), tmp_path / "m.onnx")


@pytest.fixture
def data(tmp_path: Path) -> str:
    return samples(tmp_path / "d.npz", labelled=True)


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs take one sample, so that layers have to settle."""
    monkeypatch.setattr(chunks, "_FLOPS_A_RUN", 1)


def assert_complete(profile: LossProfile, layers: int) -> None:
    """A row for each layer, a value for each level and scheme."""
    assert len(profile.layers) == layers
    for row in profile.layers:
        count = len(profile.levels)
        parts = (row.pruning, row.pruning, row.quantization)
        for part, size in zip(parts, (count, count, len(profile.schemes)), strict=True):
            assert {len(part.values), len(part.lows), len(part.samples), len(part.drops)} == {size}
        assert len(row.magnitudes) == 101


@pytest.mark.usefixtures("one_by_one")
def test_the_table_is_complete_at_each_stage_and_gets_better(
    path: Path, data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss, "_PARTIAL_S", 0)

    found = measured(path, data=data)

    for profile in (*found.partials, found.profile):
        assert_complete(profile, 8)
        assert all(value is not None for row in profile.layers for value in row.pruning.values)
    stages = [profile.stage for profile in found.partials]
    assert stages == sorted(stages, key=ORDER.index)
    assert set(stages) == set(ORDER[:-1])
    assert [profile.is_complete for profile in found.partials] == [False] * len(stages)
    assert found.profile.is_complete


def first(found: Measured, stage: str) -> LossProfile:
    return next(profile for profile in found.partials if profile.stage == stage)


def test_what_is_measured_at_each_stage(path: Path, data: str) -> None:
    found = measured(path, data=data)

    for row in first(found, "magnitude").layers:
        assert (row.status, set(row.pruning.samples)) == ("estimated", {0})
        assert set(row.quantization.values) == {None}
    for row in first(found, "anchors").layers:
        assert row.status == "estimated"
        assert [at for at in range(4) if row.pruning.is_measured(at)] == [1, 3]
        assert row.pruning.lows[0] is None
    for row in found.profile.layers:
        assert row.status == "measured"
        assert {*row.pruning.samples, *row.quantization.samples} == {6}
        assert None not in (*row.pruning.values, *row.quantization.values, *row.pruning.drops)


def test_the_values_of_a_stage_stay(path: Path, data: str) -> None:
    found = measured(path, data=data)

    for early, late in zip(first(found, "anchors").layers, found.profile.layers, strict=True):
        for at in (1, 3):
            assert early.pruning.values[at] == late.pruning.values[at]


def test_anchors_only_stops_at_the_first_complete_table(path: Path) -> None:
    found = measured(path, replace(REQUEST, anchors_only=True))

    assert {line["change"] for line in found.lines} == {"0.5", "0.9"}
    assert [profile.stage for profile in found.partials] == ["magnitude", "anchors"]
    assert found.profile.stage == "done"
    assert {row.status for row in found.profile.layers} == {"estimated"}


def test_progress_reaches_its_total_in_each_stage(path: Path) -> None:
    found = measured(path)

    ends = [
        one
        for one, after in zip(found.progress, [*found.progress[1:], None], strict=True)
        if after is None or after.item.split()[0] != one.item.split()[0]
    ]
    assert [(one.done, one.total) for one in ends] == [(16, 16), (40, 40)]
    assert all(one.done <= one.total for one in found.progress)
    assert all(one.left_s is None or one.left_s >= 0 for one in found.progress)


@pytest.mark.usefixtures("one_by_one")
def test_only_unsettled_layers_get_more_samples(tmp_path: Path) -> None:
    """y = x·w with all of w alike: what a sample loses is the same for each."""
    proto = model(
        [
            helper.make_node("MatMul", ["x", "w"], ["a"]),
            helper.make_node("MatMul", ["b", "v"], ["c"]),
        ],
        [tensor("x", "n", 4), tensor("b", "n", 4)],
        [tensor("a", "n", 4), tensor("c", "n", 4)],
        [weight("w", 4, 4), numpy_helper.from_array(np.eye(4, dtype=np.float32), "v")],
    )
    same = np.repeat(np.array([[1.0, -1, 1, -1]], np.float32), 32, axis=0)
    random = np.random.default_rng(0).normal(size=(32, 4)).astype(np.float32) ** 5
    np.savez(tmp_path / "d.npz", x=random, b=same)

    found = measured(
        saved(proto, tmp_path / "m.onnx"),
        replace(REQUEST, samples=32, schemes=(), outputs=(("c", 1.0),)),
        data=str(tmp_path / "d.npz"),
    )

    most = {row.weight: max(row.pruning.samples) for row in found.profile.layers}
    assert most["v"] == 8
    assert found.profile.layer("c").settled


@pytest.mark.usefixtures("one_by_one")
def test_layers_that_cannot_be_pruned_get_more_samples_for_their_schemes(tmp_path: Path) -> None:
    path = saved(two_layers(), tmp_path / "m.onnx")

    found = measured(path, replace(REQUEST, structure="8:16"), data=samples(tmp_path / "d.npz"))

    for row in found.profile.layers:
        assert row.status == "not measured"
        assert "fewer than the 16" in row.reason
        assert set(row.pruning.values) == {None}
        assert set(row.quantization.samples) == {6}


def test_the_largest_share_of_time_comes_first(path: Path) -> None:
    found = measured(path, shares={"m5": 0.6, "m2": 0.3})

    assert [line["layer"] for line in found.lines[:6:2]] == ["m5", "m2", "m0"]


@pytest.mark.usefixtures("one_by_one")
@pytest.mark.parametrize("share", [0, 0.2, 0.5, 0.9])
def test_an_interrupted_profile_goes_on_where_it_was(
    share: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with the same table, and measures only the rest; some layers settle early."""
    monkeypatch.setattr(loss_table, "is_settled", partial(is_settled, tolerance=1.3))
    path, data = saved(deep(4), tmp_path / "m.onnx"), samples(tmp_path / "d.npz", count=32)
    request = replace(REQUEST, samples=32, schemes=())
    whole = measured(path, request, data=data)
    assert len({max(row.pruning.samples) for row in whole.profile.layers}) > 1
    log = path.with_suffix(".jsonl")
    lines = log.read_bytes().splitlines(keepends=True)
    kept = int(share * len(whole.lines))
    log.write_bytes(b"".join(lines[: kept + 1]) + lines[kept + 1][:-9])

    again = measured(path, request, data=data)

    assert timeless(again.profile) == timeless(whole.profile)
    assert again.lines[:kept] == whole.lines[:kept]
    assert len(again.lines) == len(whole.lines)
    assert {key(line) for line in again.lines} == {key(line) for line in whole.lines}


def key(line: dict) -> tuple:
    return line["layer"], line["change"], line["start"], line["stop"]


def test_a_whole_profile_is_not_measured_again(path: Path) -> None:
    whole = measured(path)
    again = measured(path)

    assert again.lines == whole.lines
    assert timeless(again.profile) == timeless(whole.profile)
    assert again.profile.cpu_s > 0


@pytest.mark.parametrize("change", [{"metric": "cosine"}, {"samples": 5}])
def test_another_request_begins_anew(change: dict, path: Path) -> None:
    measured(path)
    log = path.with_suffix(".jsonl")
    before = log.read_text()

    again = measured(path, replace(REQUEST, **change))

    assert log.read_text() != before
    assert timeless(again.profile) == timeless(
        measured(path, replace(REQUEST, **change), log=path.with_name("new.jsonl")).profile
    )


def test_another_model_begins_anew(path: Path) -> None:
    measured(path)
    saved(two_layers(), path)

    again = measured(path)

    assert {line["layer"] for line in again.lines} == {"a", "y"}


def test_where_it_is_measured_is_no_other_request(path: Path) -> None:
    whole = measured(path)

    assert measured(path, replace(REQUEST, workers=2)).lines == whole.lines


def test_neither_threads_nor_other_sets_nor_the_place_of_the_model_are_another_request(
    path: Path, data: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    whole = measured(path, data=data, log=log)
    moved = path.rename(tmp_path / "moved.onnx")
    other = samples(tmp_path / "other.npz", count=20)
    attached = {"threads": 2, "calibration": other, "test": other}
    images = (("/photos", ImageOptions(mean=(0.5,))),)

    again = measured(moved, data=data, log=log, images=images, **attached)

    assert again.lines == whole.lines
    assert measured(moved, data=other, log=log).lines != whole.lines


def test_two_workers_give_the_table_of_one(path: Path, data: str) -> None:
    one = measured(path, data=data)
    two = measured(path, replace(REQUEST, workers=2), data=data, log=path.with_name("two.jsonl"))

    wanted = replace(one.profile, request=two.profile.request)
    assert timeless(two.profile) == timeless(wanted)


def test_without_memory_for_activations_the_table_is_the_same(path: Path, data: str) -> None:
    rich = measured(path, data=data)
    poor = measured(path, replace(REQUEST, memory_bytes=1), data=data)

    assert timeless(poor.profile) == timeless(replace(rich.profile, request=poor.profile.request))


def test_a_weight_that_is_not_finite_costs_only_its_layer(tmp_path: Path) -> None:
    proto = deep()
    tensors = {one.name: one for one in proto.graph.initializer}
    broken = numpy_helper.to_array(tensors["fc3.weight"]).copy()
    broken[:] = np.where(np.eye(4) > 0, np.inf, broken)
    tensors["fc3.weight"].CopyFrom(numpy_helper.from_array(broken, "fc3.weight"))

    found = measured(saved(proto, tmp_path / "m.onnx"))

    rows = {row.weight: row for row in found.profile.layers}
    assert rows["fc3.weight"].status == "not measured"
    assert rows["fc3.weight"].reason == "its weights hold NaN or infinity"
    assert set(rows["fc3.weight"].pruning.values) == {None}
    assert rows["fc5.weight"].status == "measured"


def test_a_branch_that_does_not_run_is_never_0(tmp_path: Path) -> None:
    found = measured(saved(two_branches(), tmp_path / "m.onnx"), data=samples(tmp_path / "d.npz"))

    rows = {row.weight: row for row in found.profile.layers}
    idle, busy = rows["p"], rows["q"]
    assert idle.status == "not measured"
    assert "does not run" in idle.reason
    assert {*idle.pruning.values, *idle.quantization.values} == {None}
    assert busy.status == "measured"


def test_a_model_without_layers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no prunable layer"):
        measured(saved(nothing_to_prune(), tmp_path / "m.onnx"))


def test_a_model_that_does_not_fit_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 1)

    with pytest.raises(JobError, match="may be used"):
        measured(path)


def test_the_head_says_what_was_asked(tmp_path: Path) -> None:
    request = LossRequest(structure="2:4", schemes=("int8",), samples=4, workers=1, metric="cosine")
    profile = measured(saved(small_cnn(), tmp_path / "m.onnx"), request).profile

    assert (profile.id, profile.name, profile.created) == ("p1", "all", "today")
    assert (profile.method, profile.metric, profile.structure) == ("one-shot", "cosine", "2:4")
    assert (profile.levels, profile.schemes) == ((0.5,), ("int8",))
    assert profile.request == replace(request, levels=(0.5,))
    assert profile.confidence == "ranking only, low confidence"
    assert profile.is_ranking


def test_levels_come_in_order_and_once(path: Path) -> None:
    profile = measured(path, replace(REQUEST, levels=(0.9, 0.3, 0.9), schemes=())).profile

    assert profile.levels == (0.3, 0.9)
    assert all(len(row.pruning.values) == 2 for row in profile.layers)


def test_cancelling_leaves_what_was_measured(path: Path) -> None:
    from sparsify_tui.codec import document_from  # noqa: PLC0415 - the only user
    from tests.analyses.fakes import options  # noqa: PLC0415 - the only user

    log = path.with_suffix(".jsonl")
    running = loss.profile_one_shot(
        options=options(path),
        request=document_from(REQUEST),
        profile_id="p",
        name="n",
        created="c",
        log=str(log),
        shares={},
    )
    next(running)
    next(running)
    running.close()

    assert 0 < len(lines_of(log)) < 56


def test_progress_names_the_first_layer_that_is_not_done(path: Path) -> None:
    shares = {f"m{at}": 1.0 + at for at in range(8)}

    found = measured(path, shares=shares, log=path.with_name("log"))

    for stage in ("anchors", "levels"):
        told = [one.item.split()[1] for one in found.progress if one.item.startswith(f"{stage} m")]
        assert told == sorted(told, reverse=True)
