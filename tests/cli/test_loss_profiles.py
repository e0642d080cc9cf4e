"""`loss-profiles`: compared, copied, noted, and as tables; what is not known is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sparsify_tui.core.loss_profile import LayerLoss, Losses, LossProfile, LossRequest
from sparsify_tui.core.model import LayerId
from sparsify_tui.store.logs import LogStore
from sparsify_tui.store.projects import ProjectStore
from tests.cli.driver import Commands
from tests.core import examples

NAMES = ("stem", "conv", "head")


def row(name: str, *values: float | None, samples: tuple[int, ...], **changes: Any) -> LayerLoss:
    """Two levels and int8."""
    lows = tuple(None if value is None else value / 2 for value in values)
    highs = tuple(None if value is None else value * 2 for value in values)
    sides = [
        Losses(
            values=values[part], lows=lows[part], highs=highs[part], samples=samples[part],
            drops=(None,) * len(values[part]),
        )
        for part in (slice(0, 2), slice(2, 3))
    ]  # fmt: skip
    fields: dict[str, Any] = {"status": "measured", "pruning": sides[0], "quantization": sides[1]}
    return LayerLoss(id=LayerId(name), weight=f"{name}.weight", **fields | changes)


def profile(**changes: Any) -> LossProfile:
    """One layer is measured, one in part, one not at all."""
    rows = (
        row("stem", 0.9, 2.5, 1e-5, samples=(8, 8, 8), note="no effect on some samples"),
        row("conv", 0.1, 0.25, None, samples=(8, 0, 0), status="estimated"),
        row("head", None, None, None, samples=(0, 0, 0), status="not measured", reason="in a loop"),
    )
    fields: dict[str, Any] = {
        "method": "one-shot", "metric": "kl", "source": "d.npz", "samples": 8,
        "levels": (0.5, 0.875), "layers": rows, "schemes": ("int8",), "stage": "levels",
        "confidence": "ranking only, low confidence", "warnings": ("few classes occur",),
        "request": LossRequest(),
    }  # fmt: skip
    return replace(examples.loss_profile(), **fields | changes)


@pytest.fixture
def stored(tmp_path: Path) -> Commands:
    """A project with two profiles, the second of which ranks its layers the other way round."""
    home = tmp_path / "home"
    turned = (
        row("stem", 0.1, 0.2, 1e-5, samples=(9, 9, 9)),
        row("conv", 0.9, 0.9, 2e-5, samples=(9, 9, 9)),
    )
    other = profile(id="l2", name="other", layers=turned, stage="done", metric="mse", samples=9)
    project = replace(
        examples.full_project(),
        model=examples.model_of(*map(examples.layer, NAMES)),
        loss_profiles=(profile(), other),
    )
    ProjectStore(home).create(project)
    return Commands(home=home)


def test_what_is_measured_estimated_and_unknown_are_told_apart(stored: Commands) -> None:
    answer = stored.json("loss-profiles", "show", "net", "loss")
    stem, conv, head = answer["layers"]

    assert stem["sensitivity"] == {"0.5": 0.9, "0.875": 2.5}
    assert (stem["quantization"], stem["estimated"]) == ({"int8": 1e-5}, [])
    assert stem["intervals"]["0.5"] == [0.45, 1.8]
    assert (conv["estimated"], conv["quantization"]) == (["0.875"], {"int8": None})
    assert (head["sensitivity"], head["estimated"]) == ({"0.5": None, "0.875": None}, [])
    assert (head["reason"], stem["note"]) == ("in a loop", "no effect on some samples")
    assert (answer["stage"], answer["complete"]) == ("levels", False)
    assert answer["confidence"] == "ranking only, low confidence"
    assert answer["warnings"] == ["few classes occur"]
    assert answer["diagnosis"]["0.5"]["kind"] == "concentrated"
    assert answer["score"] is None


def test_as_text_they_are_told_apart_too(stored: Commands) -> None:
    out = stored.ok("loss-profiles", "table", "net", "loss").out
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()}

    assert rows["layer"] == ["50%", "87.5%", "int8"]
    assert rows["stem"] == ["0.900", "2.500", "1e-05"]
    assert rows["conv"] == ["0.100", "~0.250", "not", "measured"]
    assert rows["head"] == ["not", "measured"] * 3
    assert rows["head:"] == ["not", "measured:", "in", "a", "loop"]
    assert "stem: no effect on some samples" in out
    assert "confidence: ranking only" in out
    assert "warning: few classes occur" in out
    assert "not complete (stage levels): `sparsify-tui profile loss net --resume l1`" in out
    assert "drop" not in out


def test_two_profiles_are_compared_by_how_they_rank_the_layers(stored: Commands) -> None:
    answer = stored.json("loss-profiles", "compare", "net", "loss", "other")
    out = stored.ok("loss-profiles", "compare", "net", "loss", "other").out

    (pair,) = answer["comparisons"]
    assert (pair["a"], pair["b"]) == ("l1", "l2")
    assert pair["rank_correlation"] == {"0.5": -1.0, "0.875": -1.0, "int8": None}
    assert pair["layers"] == {"0.5": 2, "0.875": 2, "int8": 1}
    assert "metric kl and mse" in pair["differences"]
    assert [one["name"] for one in answer["profiles"]] == ["loss", "other"]
    assert "A and B differ: metric kl and mse" in out
    assert [line.split() for line in out.splitlines()[-3:]] == [
        ["50%", "-1.000"], ["87.5%", "-1.000"], ["int8", "-"],
    ]  # fmt: skip


def test_up_to_four_are_compared_with_the_first(stored: Commands) -> None:
    three = stored.ok("loss-profiles", "compare", "net", "loss", "loss", "other", "loss").out

    assert "rank correlation  A and B  A and C  A and D" in three
    assert stored("loss-profiles", "compare", "net", *["loss"] * 5).code == 2
    assert stored("loss-profiles", "compare", "net", "loss").code == 2


def test_a_copy_has_the_values_and_the_log_under_another_name(stored: Commands) -> None:
    logs = LogStore(stored.home)
    with logs.claimed("l1") as log:
        log.write_text("items")

    copy = stored.json("loss-profiles", "copy", "net", "loss", "--name", "twin")

    twin, first = (stored.json("loss-profiles", "show", "net", one) for one in ("twin", "loss"))
    assert copy == {"profile": twin["profile"], "name": "twin"}
    assert twin["layers"] == first["layers"]
    assert logs.path(copy["profile"]).read_text() == "items"
    stored.ok("loss-profiles", "delete", "net", "twin", "--yes")
    assert not logs.path(copy["profile"]).exists()
    assert log.exists()
    assert "other-copy" in stored.ok("loss-profiles", "copy", "net", "other").out


def test_the_list_tells_which_can_be_gone_on_with(stored: Commands) -> None:
    items = stored.json("loss-profiles", "list", "net")["items"]

    assert [(one["id"], one["stage"], one["complete"]) for one in items] == [
        ("l1", "levels", False),
        ("l2", "done", True),
    ]


def test_notes_are_kept(stored: Commands) -> None:
    stored.ok("loss-profiles", "notes", "net", "loss", " on real data ")

    (summary,) = ProjectStore(stored.home).summaries()
    assert ProjectStore(stored.home).load(summary.id).loss_profiles[0].notes == "on real data"


@pytest.mark.parametrize(
    ("name", "head"), [("t.csv", "layer,50%,87.5%,int8"), ("t.md", "| layer | 50% | 87.5% | int8")]
)
def test_a_table_is_written_as_its_suffix_says(
    stored: Commands, tmp_path: Path, name: str, head: str
) -> None:
    file = tmp_path / name

    assert stored.json("loss-profiles", "table", "net", "loss", "-o", file) == {"file": str(file)}
    assert file.read_text().startswith(head)
    assert "~0.250" in file.read_text()


def test_the_loss_section_is_the_newest_profile(stored: Commands) -> None:
    newest = stored.json("loss-profiles", "show", "net", "other")

    assert stored.json("show", "net", "loss") == newest
    assert stored.json("loss-profiles", "table", "net") == newest
    text = stored.ok("show", "net", "loss").out
    assert text == stored.ok("loss-profiles", "table", "net").out
    assert "mse between the outputs" in text


def test_before_anything_is_measured_it_is_no_ranking(stored: Commands) -> None:
    begun = profile(stage="magnitude", metric="kl", name="begun", id="l3")
    (summary,) = ProjectStore(stored.home).summaries()
    ProjectStore(stored.home).update(
        summary.id, lambda found: replace(found, loss_profiles=(begun,)), examples.MOMENT
    )

    assert stored.json("show", "net", "loss")["diagnosis"] is None
    assert "so far removed weight energy: each layer's own" in stored.ok("show", "net", "loss").out
