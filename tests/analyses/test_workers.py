from __future__ import annotations

import time
from threading import Lock, Semaphore
from types import SimpleNamespace
from typing import cast

import pytest

from sparsify_tui.analyses import workers
from sparsify_tui.analyses.evaluate import Evaluator
from sparsify_tui.analyses.workers import fastest_workers

RUN_S = 0.02
MANY = 10_000


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_TRIED_S", 0.1)


def machine(lanes: int) -> Evaluator:
    """One on which so many runs are done at a time."""
    free = Semaphore(lanes)

    def rerun(_: int) -> None:
        with free:
            time.sleep(RUN_S)

    return cast("Evaluator", SimpleNamespace(suffix=SimpleNamespace(rerun=rerun)))


@pytest.fixture(params=[1, 2, 8])
def cores(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(workers, "allowed_cores", lambda: request.param)
    return cast("int", request.param)


def test_where_all_runs_go_side_by_side_every_core_gets_a_worker(cores: int) -> None:
    assert fastest_workers(machine(lanes=8), MANY) == cores


def test_where_runs_hinder_each_other_there_is_one_worker(cores: int) -> None:
    assert fastest_workers(machine(lanes=1), MANY) == 1


def test_workers_are_doubled_only_as_long_as_that_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "allowed_cores", lambda: 8)

    assert fastest_workers(machine(lanes=2), MANY) == 2


def test_more_cores_than_allowed_are_never_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "allowed_cores", lambda: 3)
    most, running, lock = [0], [0], Lock()

    def rerun(_: int) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(RUN_S)
        with lock:
            running[0] -= 1

    evaluator = cast("Evaluator", SimpleNamespace(suffix=SimpleNamespace(rerun=rerun)))
    assert fastest_workers(evaluator, MANY) == 2
    assert most[0] == 2


def test_trying_costs_a_small_part_of_what_is_to_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "allowed_cores", lambda: 2)
    runs = []

    def rerun(chunk: int) -> None:
        runs.append(chunk)
        time.sleep(RUN_S)

    evaluator = cast("Evaluator", SimpleNamespace(suffix=SimpleNamespace(rerun=rerun)))
    fastest_workers(evaluator, evaluations=20)

    assert len(runs) == 4


def test_with_one_core_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "allowed_cores", lambda: 1)

    assert fastest_workers(cast("Evaluator", None), MANY) == 1
