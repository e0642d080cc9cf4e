"""What several tests of loss profiles share."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparsify_tui.core.project import Project
from sparsify_tui.workbench import Workbench
from tests.workbench.fakes import FakeJobs
from tests.workbench.losses import loss_jobs


@pytest.fixture
def jobs() -> FakeJobs:
    return loss_jobs()


@pytest.fixture
def bench(tmp_path: Path, jobs: FakeJobs) -> Workbench:
    return Workbench(tmp_path / "home", run=jobs)


@pytest.fixture
async def net(bench: Workbench, tmp_path: Path) -> Project:
    (tmp_path / "net.onnx").write_text("one")
    return await bench.projects.create(tmp_path / "net.onnx")
