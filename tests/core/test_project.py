from __future__ import annotations

from dataclasses import replace

from tests.core.examples import benchmark_run, full_project, perf_profile, plan_of

PROJECT = full_project()


def test_data_is_found_by_its_role() -> None:
    assert PROJECT.data_for("test") == PROJECT.data[0]
    assert PROJECT.data_for("calibration") is None


def test_an_entry_is_found_by_id_or_name_and_the_newest_without_either() -> None:
    older = perf_profile(id="p0", name="first")
    project = replace(PROJECT, perf_profiles=(older, perf_profile()))

    assert project.perf_profile("p0") == older
    assert project.perf_profile("first") == older
    assert project.perf_profile() == perf_profile()
    assert project.perf_profile("missing") is None


def test_of_one_name_the_newest_counts() -> None:
    project = replace(PROJECT, perf_profiles=(perf_profile(id="p0"), perf_profile(id="p1")))

    assert project.perf_profile("perf") == perf_profile(id="p1")


def test_an_empty_project_has_nothing_to_find() -> None:
    empty = replace(PROJECT, perf_profiles=(), loss_profiles=(), optimizations=())

    assert (empty.perf_profile(), empty.loss_profile(), empty.optimization()) == (None, None, None)
    assert PROJECT.optimization("half") is not None
    assert PROJECT.loss_profile("loss") is not None
    assert replace(PROJECT, optimizations=(plan_of(name="x"),)).optimization("half") is None


def test_what_was_measured_on_another_file_is_stale() -> None:
    assert not PROJECT.is_stale(perf_profile())
    assert PROJECT.is_stale(perf_profile(model_digest="cd" * 32))
    assert PROJECT.is_stale(replace(benchmark_run(), model_digest=""))
