"""What is left of a loss profile when its job, or the whole program, is killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sparsify_tui.core.loss_profile import LossProfile, LossRequest
from sparsify_tui.core.project import Project
from sparsify_tui.core.protocols import Progress
from sparsify_tui.errors import JobError
from sparsify_tui.jobs import runner
from sparsify_tui.store.projects import ProjectStore
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.paths import stamp_of
from tests.jobs.stub_analyses import CHILD, ITEM_S, LOSS_LAYERS, ROOT
from tests.workbench.fakes import layer, model, project
from tests.workbench.losses import log_of

ASKED = LossRequest(levels=tuple(at / 20 for at in range(1, 20)), schemes=(), samples=1)
KILLS = 4
PROGRAM = f"""
import asyncio, sys
from pathlib import Path
from sparsify_tui.core.loss_profile import LossRequest
from sparsify_tui.jobs import runner
from sparsify_tui.workbench import Workbench
runner._CHILD = (sys.executable, "-c", {CHILD!r})
bench, (home, project, profile) = Workbench(Path(sys.argv[1])).loss, sys.argv[1:]
asked = LossRequest(levels={ASKED.levels}, schemes=(), samples=1)
asyncio.run(
    bench.resume(project, profile) if profile else bench.one_shot(project, request=asked)
)
"""


@pytest.fixture(autouse=True)
def _stubs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_CHILD", (sys.executable, "-c", CHILD))


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path / "home")


@pytest.fixture
def net(bench: Workbench, tmp_path: Path) -> Project:
    file = tmp_path / "net.onnx"
    file.write_text("one")
    chosen = project(file, model=model(file, *map(layer, LOSS_LAYERS)), stamp=stamp_of(file))
    return ProjectStore(bench.home).create(chosen)


class Killer:
    """Kills the job in the middle of its first, second or third item."""

    def __init__(self, moment: random.Random) -> None:
        self._moment = moment
        self._left = moment.randint(1, 3)

    def __call__(self, progress: Progress) -> None:
        self._left -= 1
        if self._left == 0:
            child = int(progress.item.split()[0])
            wait = self._moment.uniform(0, ITEM_S)
            asyncio.get_running_loop().call_later(wait, _killed, child)


def _killed(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)


def times_measured(log: Path) -> list[str]:
    return Path(f"{log}.begun").read_text().splitlines()


async def test_a_job_killed_again_and_again_ends_with_the_table_of_one_that_never_was(
    bench: Workbench, net: Project
) -> None:
    whole = await bench.loss.one_shot(net.id, request=ASKED)
    moment = random.Random(4)
    with pytest.raises(JobError, match="killed"):
        await bench.loss.one_shot(net.id, request=ASKED, on_progress=Killer(moment))
    profile = bench.projects.load(net.id).loss_profiles[-1]
    for _ in range(KILLS - 1):
        with pytest.raises(JobError, match="killed"):
            await bench.loss.resume(net.id, profile.id, on_progress=Killer(moment))
        stored = bench.projects.load(net.id).loss_profile(profile.id)
        assert stored is not None
        assert not stored.is_complete
        logged = map(json.loads, log_of(bench, profile).read_text().splitlines()[:-2])
        assert all(_value(stored, key) == value for key, value in logged), "at most one is behind"

    resumed = await bench.loss.resume(net.id, profile.id)

    assert resumed.layers == whole.layers
    assert not log_of(bench, profile).exists()
    items = times_measured(log_of(bench, profile))
    assert set(items) == set(times_measured(log_of(bench, whole)))
    assert len(items) - len(set(items)) <= KILLS


def test_a_program_that_is_killed_leaves_a_profile_that_can_be_gone_on_with(
    bench: Workbench, net: Project
) -> None:
    profile: LossProfile | None = None
    moment = random.Random(5)
    for _ in range(2):
        program = _program(bench, net, profile)
        try:
            before = 0 if profile is None else len(times_measured(log_of(bench, profile)))
            profile = _measuring(bench, net, before)
            time.sleep(moment.uniform(0, ITEM_S))
        finally:
            program.kill()
            program.wait()
        profile = bench.projects.load(net.id).loss_profile(profile.id)
        assert profile is not None
        assert not profile.is_complete

    assert profile is not None
    resumed = asyncio.run(bench.loss.resume(net.id, profile.id))

    assert resumed.is_complete
    assert bench.projects.load(net.id).loss_profiles == (resumed,)
    assert all(None not in row.pruning.values for row in resumed.layers)
    items = times_measured(log_of(bench, profile))
    assert len(set(items)) == len(LOSS_LAYERS) * len(ASKED.levels)
    assert len(items) - len(set(items)) <= 2


def _value(profile: LossProfile, key: str) -> float | None:
    name, level = key.split()
    row = profile.layer(name)
    assert row is not None
    return row.pruning.values[profile.levels.index(float(level))]


def _program(
    bench: Workbench, net: Project, profile: LossProfile | None
) -> subprocess.Popen[bytes]:
    words = (str(bench.home), net.id, "" if profile is None else profile.id)
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words], env={**os.environ, "PYTHONPATH": ROOT}
    )


def _measuring(bench: Workbench, net: Project, before: int) -> LossProfile:
    """The profile, once more than `before` of its items have begun."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        for profile in bench.projects.load(net.id).loss_profiles:
            begun = Path(f"{log_of(bench, profile)}.begun")
            if begun.exists() and len(times_measured(log_of(bench, profile))) > before + 1:
                return profile
        time.sleep(0.005)
    raise AssertionError("waited in vain")
