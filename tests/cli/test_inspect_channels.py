from __future__ import annotations

from pathlib import Path

from sparsify_tui import demo
from sparsify_tui.cli.group_tables import channels_lines
from sparsify_tui.core.channels.groups import ChannelMap
from tests.analyses.models import nothing_to_prune, saved
from tests.cli.driver import Commands
from tests.core.examples import layer, model_of

GROUP = {
    "id", "kind", "size", "fixed", "width", "step", "free", "widths", "producers", "consumers",
}  # fmt: skip


def test_every_group_is_listed_with_its_widths_and_every_lock_with_its_reason(
    run: Commands,
) -> None:
    answer = run.json("inspect", demo.MODEL, "--channels")
    layers = {layer["id"] for layer in answer["layers"]}

    assert answer.keys() == {"model", "layers", "warnings", "groups", "locked", "reach"}
    assert all(group.keys() >= GROUP for group in answer["groups"])
    assert all({*one["producers"], *one["consumers"]} <= layers for one in answer["groups"])
    assert all(group["widths"][0] == group["size"] for group in answer["groups"])
    assert answer["locked"]
    assert all(one["reason"] and set(one["layers"]) <= layers for one in answer["locked"])
    assert 0.9 < answer["reach"]["both_sides"] <= answer["reach"]["one_side"] <= 1
    assert not run.home.exists(), "inspect creates nothing"


def test_channels_are_looked_for_only_when_asked(run: Commands) -> None:
    assert "groups" not in run.json("inspect", demo.MODEL)


def test_a_person_reads_groups_reach_and_reasons(run: Commands) -> None:
    out = run.ok("inspect", demo.MODEL, "--channels").out

    assert "can go; what is in one group goes together" in out
    assert "of the FLOPs of layers with weights" in out
    assert "stem" in out
    assert "fixed: head: " in out


def test_where_nothing_can_be_cut_it_is_said_with_what_is_possible(
    run: Commands, tmp_path: Path
) -> None:
    path = saved(nothing_to_prune(), tmp_path / "m.onnx")

    assert run.json("inspect", path, "--channels")["groups"] == []
    out = run.ok("inspect", path, "--channels").out
    assert "no channel can go" in out
    assert "nothing else is possible either" in out


def test_int8_and_zeros_are_named_where_channels_cannot_go() -> None:
    model = model_of(layer("a"), layer("b", prunable=False))
    lines = channels_lines(model, ChannelMap())

    assert lines[0] == "no channel can go"
    assert "int8 in 2 layers" in lines[1]
    assert "zeros in 1 layers" in lines[2]
    assert "nothing faster" in lines[2]


def test_layers_inside_branches_are_the_reason_where_there_are_no_others() -> None:
    model = model_of(layer("a", scope="If_0.then_branch"))

    assert channels_lines(model, ChannelMap())[0].endswith("all layers lie in branches or loops")
