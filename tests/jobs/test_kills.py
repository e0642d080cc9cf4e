from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sparsify_tui.core.protocols import Progress
from sparsify_tui.errors import JobError
from sparsify_tui.jobs import runner
from sparsify_tui.jobs.runner import run_job
from sparsify_tui.jobs.spec import JobSpec
from tests.jobs.stub_analyses import CHILD, ITEM_S

LEVELS = [0.5, 0.6, 0.7, 0.8, 0.9]
KILLS = 6


@pytest.fixture(autouse=True)
def _stubs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_CHILD", (sys.executable, "-c", CHILD))


def loss_job(log: Path) -> JobSpec:
    args: dict[str, Any] = {
        "options": {}, "request": {"levels": LEVELS}, "profile_id": "p1", "name": "net",
        "created": "", "log": str(log), "shares": {},
    }  # fmt: skip
    return JobSpec(kind="loss", args=args)


def begun(log: Path) -> list[str]:
    file = Path(f"{log}.begun")
    return file.read_text().splitlines() if file.exists() else []


class Killer:
    """Kills the child in the middle of an item that nobody chose."""

    def __init__(self, moment: random.Random) -> None:
        self._moment = moment
        self._left = moment.randint(1, 3)

    def __call__(self, progress: Progress) -> None:
        self._left -= 1
        if self._left == 0:
            child = int(progress.item.split()[0])
            wait = self._moment.uniform(0, ITEM_S)
            asyncio.get_running_loop().call_later(wait, os.kill, child, signal.SIGKILL)


async def test_a_job_killed_at_any_moment_measures_no_item_again_but_the_one_in_work(
    tmp_path: Path,
) -> None:
    whole = await run_job(loss_job(tmp_path / "whole.jsonl"))
    log, moment, kills = tmp_path / "killed.jsonl", random.Random(4), 0

    for _ in range(KILLS):
        with suppress(JobError):
            await run_job(loss_job(log), Killer(moment))
            break  # too few items were left
        kills += 1
    result = await run_job(loss_job(log))

    assert result == whole
    assert kills > 2
    again = Counter(begun(log))
    assert len(again) == len(begun(tmp_path / "whole.jsonl"))
    assert sum(again.values()) - len(again) <= kills
