"""`perf-profiles` and `show performance`: compared, copied, noted, as tables, modelled sparse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sparsify_tui.core.channels.lanes import ChannelLanes
from sparsify_tui.core.lane import Int8Lane, Mix
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.profile import LayerTime, OtherTime, Peak, PerfProfile
from sparsify_tui.store.projects import ProjectStore
from tests.cli.driver import Commands
from tests.core import examples
from tests.core.narrowed import channel_lanes

NAMES = ("layer1.0.conv", "layer1.1.conv", "head")


def profile(**changes: Any) -> PerfProfile:
    times = tuple(
        LayerTime(
            id=LayerId(name), ms=2.0, share=0.2, flops=100_000_000, bytes=500_000,
            kernel="Conv", int8_ms=1.0, int8_note="" if at else "boundary conversion",
            channel_ms=(1.5, 1.0, None),
        )
        for at, name in enumerate(NAMES)
    )  # fmt: skip
    mix = Mix(name="x", layers=(), predicted_ms=9.8, measured_ms=10.0, low_ms=9.9, high_ms=10.1)
    fields: dict[str, Any] = {
        "layers": times,
        "others": (OtherTime(name="relu", op_type="Relu", ms=1.0),),
        "peak": Peak(gflops=100.0, gbytes_per_s=10.0),
        "int8": Int8Lane(
            total=examples.timing(median_ms=5.0), float_ms=10.0,
            calibration="made-up samples", mixes=(mix,),
        ),
        "channels": channel_lanes(*NAMES),
    }  # fmt: skip
    return examples.perf_profile(**fields | changes)


@pytest.fixture
def stored(tmp_path: Path) -> Commands:
    """A project with two profiles."""
    home = tmp_path / "home"
    other = profile(
        id="p2", name="other", environment=examples.environment(threads=2),
        layers=profile().layers[:2],
    )  # fmt: skip
    project = replace(
        examples.full_project(),
        model=examples.model_of(*(examples.layer(name) for name in NAMES)),
        perf_profiles=(profile(), other),
    )
    ProjectStore(home).create(project)
    return Commands(home=home)


def test_two_profiles_are_compared_layer_by_layer_with_what_differs(stored: Commands) -> None:
    answer = stored.json("perf-profiles", "compare", "net", "perf", "other")

    assert answer["differences"] == ["threads 1 and 2"]
    assert answer["ratio"] == 1.0
    assert [(row["id"], row["delta_ms"], row["only_in"]) for row in answer["layers"]] == [
        (NAMES[0], 0.0, None),
        (NAMES[1], 0.0, None),
        (NAMES[2], None, "a"),
    ]
    out = stored.ok("perf-profiles", "compare", "net", "perf", "other").out
    assert "warning: not comparable: threads 1 and 2" in out
    assert "only in A" in out
    assert "measured apart" in out


def test_a_copy_has_the_same_measurements_under_another_name(stored: Commands) -> None:
    copy = stored.json("perf-profiles", "copy", "net", "perf", "--name", "twin")

    twin = stored.json("perf-profiles", "show", "net", "twin")
    assert copy == {"profile": twin["profile"], "name": "twin"}
    assert twin["layers"] == stored.json("perf-profiles", "show", "net", "perf")["layers"]
    assert "perf-copy" in stored.ok("perf-profiles", "copy", "net", "perf").out


def test_notes_are_kept(stored: Commands) -> None:
    stored.ok("perf-profiles", "notes", "net", "perf", " on a calm machine ")

    (project,) = ProjectStore(stored.home).summaries()
    found = ProjectStore(stored.home).load(project.id)
    assert found.perf_profiles[0].notes == "on a calm machine"


@pytest.mark.parametrize(
    ("by", "name"),
    [
        ("layers", "layer1.0.conv"),
        ("stages", "2 × layer1"),
        ("operators", "3 × Conv"),
        ("kernels", "relu"),
    ],
)
def test_a_profile_is_broken_down_as_asked(stored: Commands, by: str, name: str) -> None:
    out = stored.ok("perf-profiles", "table", "net", "perf", "--by", by).out

    assert name in out
    assert "not attributed" in out
    for title in ("GFLOP/s", "FLOPs/byte", "int8 ms", "gain"):
        assert title in out


def test_the_section_as_text_has_roofline_and_int8(stored: Commands) -> None:
    out = stored.ok("show", "net", "performance").out

    for words in ("GFLOP/s", "int8 ms", "boundary conversion", "made-up samples", "predicts mixes"):
        assert words in out


def test_a_profile_without_lane_and_peak_has_no_columns_for_them(stored: Commands) -> None:
    bare = profile(id="p3", name="bare", int8=None, channels=None, peak=None, layers=())
    (project,) = ProjectStore(stored.home).summaries()
    ProjectStore(stored.home).update(
        project.id, lambda found: replace(found, perf_profiles=(bare,)), examples.MOMENT
    )

    out = stored.ok("show", "net", "performance").out
    assert "int8" not in out
    assert "channels" not in out
    assert "GFLOP/s" not in out


def test_channel_widths_come_with_intervals_the_models_error_and_what_is_locked(
    stored: Commands,
) -> None:
    answer = stored.json("perf-profiles", "show", "net", "perf")

    assert answer["layers"][0]["channel_ms"] == {"0.75": 1.5, "0.5": 1.0, "0.25": None}
    channels = answer["channels"]
    assert (channels["step"], channels["refused"]) == (16, None)
    assert channels["totals"]["0.5"]["ratio"] == {"value": 1.6, "low": 1.58, "high": 1.62}
    assert channels["median_error"] == pytest.approx(0.02)
    assert channels["mixes"][0]["error"] == pytest.approx(0.01)
    assert channels["locked"] == [{"layers": ["head", "y"], "reason": "an output ends it"}]
    assert [group["size"] for group in channels["groups"]] == [64, 32]

    out = stored.ok("perf-profiles", "table", "net", "perf").out
    for words in ("channels kept: 75% 1.20× [1.18×, 1.22×]", "worst 4.0%", "locked: an output"):
        assert words in out
    assert "75% ms" in out


def test_refused_channel_lanes_say_why_and_leave_layers_without(stored: Commands) -> None:
    refused = profile(
        id="p3", name="bare", layers=(), channels=ChannelLanes(refused="Nothing to cut.")
    )
    (project,) = ProjectStore(stored.home).summaries()
    ProjectStore(stored.home).update(
        project.id, lambda found: replace(found, perf_profiles=(refused,)), examples.MOMENT
    )

    answer = stored.json("show", "net", "performance")
    assert (answer["channels"]["refused"], answer["channels"]["totals"]) == (
        "Nothing to cut.",
        None,
    )
    assert "channels: Nothing to cut." in stored.ok("perf-profiles", "table", "net").out


@pytest.mark.parametrize(
    ("name", "head"), [("t.csv", "layer,op,params"), ("t.md", "| layer | op | params")]
)
def test_a_table_is_written_as_its_suffix_says(
    stored: Commands, tmp_path: Path, name: str, head: str
) -> None:
    file = tmp_path / name

    assert stored.json("perf-profiles", "table", "net", "-o", file) == {"file": str(file)}
    assert file.read_text().startswith(head)
    assert len(file.read_text().splitlines()) >= 6


def test_the_flops_need_no_measurement(stored: Commands) -> None:
    assert "FLOPs" in stored.ok("perf-profiles", "table", "net", "flops").out
    answer = stored.json("perf-profiles", "table", "net", "flops")
    assert answer["total"] is None
    assert answer["layers"][0]["ms"] is None


@pytest.mark.parametrize("engine", ["csr", "specialised", "deepsparse"])
def test_a_sparse_engine_is_modelled_and_says_so(stored: Commands, engine: str) -> None:
    answer = stored.json("perf-profiles", "sparse", "net", "perf", "--engine", engine)

    assert answer["basis"] == "modelled"
    assert answer["calibration"]
    assert "no speed" in answer["note"]
    assert answer["totals"]["0.9"]["basis"] == "modelled"
    assert len(answer["layers"]) == 3
    out = stored.ok("perf-profiles", "sparse", "net", "perf", "--engine", engine).out
    assert out.startswith("MODELLED, not measured")


@pytest.mark.parametrize("section", ["model", "performance", "loss", "benchmarks"])
def test_each_section_is_one_object_when_asked_for(stored: Commands, section: str) -> None:
    assert stored.json("show", "net", section)


def test_the_performance_section_as_json_is_the_newest_profile(stored: Commands) -> None:
    shown = stored.json("show", "net", "performance")

    assert shown == stored.json("perf-profiles", "show", "net", "other")


@pytest.mark.parametrize("words", [("compare", "net", "perf", "none"), ("copy", "net", "none")])
def test_an_unknown_profile_is_refused_with_the_known_ones(
    stored: Commands, words: tuple[str, ...]
) -> None:
    answer = stored("perf-profiles", *words)

    assert answer.code == 2
    assert "Known: perf, other" in answer.err
