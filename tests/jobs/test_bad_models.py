"""Models that really crash or hang onnxruntime in the child; and the job that comes after them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from onnx import ModelProto

from sparsify_tui.errors import InputError, JobError, SparsifyError
from sparsify_tui.jobs.runner import run_job
from sparsify_tui.jobs.spec import JobSpec
from tests.analyses.fakes import options
from tests.jobs.hostile import crashing, endless, greedy, saved


def timing_job(file: Path, *, batch: int = 1, **limits: Any) -> JobSpec:
    """A performance profile, which takes its turn among the timing jobs of its folder."""
    return JobSpec(
        kind="perf",
        args={
            "options": options(file, threads=1, batch=batch),
            "name": "try",
            "seconds": 0.05,
            "int8": False,
            "channels": False,
        },
        exclusive=True,
        lock=str(file.with_name("lock")),
        **limits,
    )


@pytest.mark.parametrize(
    ("proto", "batch", "limits", "kind", "says"),
    [
        (crashing(), 2, {}, JobError, "The model crashed the runtime (SIGFPE); contained."),
        (endless(), 1, {"seconds": 4}, JobError, "The job was stopped after 4 s, its limit."),
        (greedy(), 1, {"memory_bytes": 4 << 30}, InputError, "Failed to allocate memory"),
    ],
    ids=["crashing", "endless", "greedy"],
)
async def test_what_ends_a_job_is_named_and_the_next_job_runs(
    tmp_path: Path,
    proto: ModelProto,
    batch: int,
    limits: dict[str, int],
    kind: type[SparsifyError],
    says: str,
) -> None:
    bad = saved(proto, tmp_path / "bad.onnx")
    good = saved(crashing(), tmp_path / "good.onnx")
    start = time.monotonic()

    with pytest.raises(kind) as caught:
        await run_job(timing_job(bad, batch=batch, **limits))

    assert says in caught.value.message
    assert caught.value.hint
    assert time.monotonic() - start < 30
    profile = await run_job(timing_job(good, batch=1, seconds=60))
    assert profile["total"]["runs"] > 0
