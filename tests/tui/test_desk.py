from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sparsify_tui.tui.desk import Desk
from sparsify_tui.workbench import Workbench
from tests.core import examples


def desk_with_two_profiles(tmp_path: Path) -> Desk:
    project = examples.full_project()
    older = project.perf_profiles[0]
    desk = Desk(bench=Workbench(tmp_path))
    desk.lay_out(replace(project, perf_profiles=(older, replace(older, id="p2", name="newer"))))
    return desk


def test_the_newest_is_open_until_another_is_looked_at(tmp_path: Path) -> None:
    desk = desk_with_two_profiles(tmp_path)
    assert desk.perf is not None
    assert desk.perf.name == "newer"
    version = desk.version

    desk.look_at(desk.project.perf_profiles[0])

    assert desk.perf.id == "p1"
    assert desk.version > version


def test_when_the_open_one_is_gone_the_newest_takes_its_place(tmp_path: Path) -> None:
    desk = desk_with_two_profiles(tmp_path)
    desk.look_at(desk.project.perf_profiles[0])

    desk.lay_out(replace(desk.project, perf_profiles=desk.project.perf_profiles[1:]))

    assert desk.perf.id == "p2"


def test_another_project_forgets_what_was_open_in_the_last(tmp_path: Path) -> None:
    desk = desk_with_two_profiles(tmp_path)
    desk.look_at(desk.project.perf_profiles[0])

    desk.lay_out(replace(desk.project, id="ffffffffffff"))

    assert desk.perf.id == "p2"


def test_a_newer_state_of_a_loss_profile_is_taken_in_without_reading(tmp_path: Path) -> None:
    desk = desk_with_two_profiles(tmp_path)
    older = desk.project.loss_profiles[0]
    desk.take_in(replace(older, samples=7))
    assert [one.samples for one in desk.project.loss_profiles] == [7]
    desk.take_in(replace(older, id="l2"))
    assert [one.id for one in desk.project.loss_profiles] == [older.id, "l2"]
    version = desk.version
    desk.lay_out(None)
    desk.take_in(older)
    assert desk.project is None
    assert desk.version == version + 1
