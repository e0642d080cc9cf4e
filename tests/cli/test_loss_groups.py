"""Channel profiles: each group once in JSON, its layers side by side in the table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sparsify_tui.cli.loss_documents import loss_document
from sparsify_tui.cli.loss_tables import diagnosis_lines, loss_lines, loss_rows, remark_lines
from sparsify_tui.core.channels.groups import GroupId
from sparsify_tui.core.loss_profile import GroupLoss, LossProfile
from sparsify_tui.core.project import Project
from tests.analyses.models import saved, small_cnn
from tests.cli.driver import Commands
from tests.core import examples
from tests.core.channel_losses import channel_profile, group

PROFILE = channel_profile()


def project(profile: LossProfile = PROFILE) -> Project:
    layers = (examples.layer(row.id, module_path=f"net.{row.id}") for row in profile.layers)
    return replace(
        examples.full_project(), model=examples.model_of(*layers), loss_profiles=(profile,)
    )


def test_groups_are_listed_with_the_widths_that_were_measured() -> None:
    answer = loss_document(PROFILE)
    first, second = answer["groups"]

    assert (first["id"], first["kind"], first["size"], first["step"]) == ("stem", "channel", 64, 16)
    assert (first["producers"], first["consumers"]) == (["stem", "skip"], ["head"])
    assert first["kept"] == {"0.25": 48, "0.5": 32, "0.75": 16}
    assert first["sensitivity"] == {"0.25": 0.1, "0.5": 0.2, "0.75": 0.4}
    assert second["reached"] == {"0.25": 0.5, "0.5": 0.5, "0.75": 0.5}
    assert first["estimated"] == []
    assert "cut and the rest repaired" in answer["meaning"]


def test_layers_name_their_groups_and_have_their_values() -> None:
    stem, inner, skip, head = loss_document(PROFILE)["layers"]

    assert [row["groups"] for row in (stem, inner, skip, head)] == [
        ["stem"],
        ["inner"],
        ["stem"],
        [],
    ]
    assert stem["sensitivity"] == skip["sensitivity"] == {"0.25": 0.1, "0.5": 0.2, "0.75": 0.4}
    assert head["sensitivity"] == {"0.25": None, "0.5": None, "0.75": None}
    assert (head["status"], head["reason"]) == ("not measured", "y is an output of the model")


def test_a_group_of_which_nothing_was_measured_has_no_widths() -> None:
    bare = GroupLoss(group=group("inner", size=5))
    found = loss_document(replace(PROFILE, groups=(bare,)))

    (only,) = found["groups"]
    assert (only["kept"], only["reached"], only["sensitivity"]) == ({}, {}, {})


def test_a_profile_of_layers_has_no_groups() -> None:
    answer = loss_document(examples.loss_profile(examples.layer_loss("a")))

    assert answer["groups"] == []
    assert answer["layers"][0]["groups"] == []


def test_the_table_tells_who_goes_with_whom_and_what_stays() -> None:
    titles, rows = loss_rows(project(), PROFILE)

    assert titles == ("layer", "25%", "50%", "75%", "stay", "goes with")
    assert list(rows) == [
        ("net.stem", "0.100", "0.200", "0.400", "48, 32, 16 of 64", "net.skip"),
        ("net.inner", "0.010", "0.020", "0.040", "16, 16, 16 of 32", ""),
        ("net.skip", "0.100", "0.200", "0.400", "48, 32, 16 of 64", "net.stem"),
        ("net.head", *["not measured"] * 3, "", ""),
    ]


def test_a_layer_that_makes_several_groups_says_so() -> None:
    second = replace(PROFILE.groups[1], group=group("inner", name="inner:2"))
    profile = replace(PROFILE, groups=(*PROFILE.groups, second))

    _, rows = loss_rows(project(profile), profile)

    assert rows[1][-1] == "and its other groups"


def test_what_is_to_be_said_of_a_group_is_said_once() -> None:
    noted = replace(
        PROFILE, layers=tuple(replace(row, note="plain cut") for row in PROFILE.layers[:3])
    )

    assert remark_lines(project(), noted) == ["net.stem: plain cut", "net.inner: plain cut"]
    assert remark_lines(project(), PROFILE) == [
        "net.head: not measured: y is an output of the model"
    ]


def test_the_lines_around_the_table_speak_of_groups() -> None:
    begun = replace(PROFILE, stage="magnitude")

    assert loss_lines(project(), PROFILE)[0].startswith(
        "mse between the outputs when one group of channels is cut and the rest repaired, "
        "on 16 samples of calibration.npz"
    )
    assert "no group of channels is measured yet" in loss_lines(project(), begun)[0]
    assert diagnosis_lines(project(), PROFILE)[0].startswith("1 of 2 groups carries")
    assert not any("before any change" in line for line in loss_lines(project(), PROFILE))


def test_ids_of_groups_are_plain_in_json() -> None:
    assert loss_document(PROFILE)["diagnosis"]["0.75"]["layers"] == [GroupId("stem")]


def test_what_channels_cannot_be_asked_is_bad_usage(run: Commands, small: Path) -> None:
    words = ("--structure", "channel", "--quantization", "int8", "--json")

    answer = run("profile", "loss", small, *words)

    assert answer.code == 2
    assert "no quantization" in answer.json["error"]["message"]
    assert run.json("loss-profiles", "list", "small")["items"] == []


def test_the_command_measures_the_groups_of_a_model(run: Commands, tmp_path: Path) -> None:
    model = saved(small_cnn(), tmp_path / "cnn.onnx")
    words = ("--structure", "channel", "--levels", 0.5, "--quantization", "none")

    answer = run.json("profile", "loss", model, *words)

    assert [one["kept"] for one in answer["groups"]] == [{"0.5": 8}, {"0.5": 8}]
    assert all(one["sensitivity"]["0.5"] > 0 for one in answer["groups"])
    assert (answer["complete"], answer["structure"], answer["schemes"]) == (True, "channel", [])
    assert "goes with" in run.ok("show", "cnn", "loss").out
