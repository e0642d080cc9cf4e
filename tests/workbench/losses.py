"""Jobs that measure loss profiles in stages, and what is left of one that is broken off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sparsify_tui.codec import value_from
from sparsify_tui.core.loss_profile import LayerLoss, Losses, LossProfile, LossRequest, LossStage
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.project import Project
from sparsify_tui.errors import JobError
from sparsify_tui.store.logs import LogStore
from sparsify_tui.workbench import Workbench
from tests.core import examples
from tests.workbench.fakes import FakeJobs, read_as

Answer = Callable[[Mapping[str, Any]], LossProfile]
ASKED = LossRequest(levels=(0.5, 0.9), schemes=("int8",), samples=8)
IDS = ("node_one", "node_two")


def as_far_as(stage: LossStage, **changes: Any) -> Answer:
    """What a job has measured by then; at each stage the first values are the stage's own."""

    def profile(args: Mapping[str, Any]) -> LossProfile:
        request = value_from(args["request"], LossRequest)
        losses = Losses(values=(len(stage) / 10, 0.9), samples=(2, 0))
        rows = (
            LayerLoss(id=LayerId(one), weight="w", status="estimated", pruning=losses)
            for one in IDS
        )
        fields: dict[str, Any] = {
            "id": args["profile_id"], "name": args["name"], "created": args["created"],
            "model_digest": "d1", "method": "one-shot", "metric": "kl", "source": "c.npz",
            "samples": 2, "levels": request.levels, "cpu_s": 1.0, "wall_s": 1.0,
            "layers": tuple(rows), "stage": stage, "request": request,
        }  # fmt: skip
        return LossProfile(**fields | changes)

    return profile


def loss_jobs() -> FakeJobs:
    """Each kind of loss profile is done at once."""
    magnitude = examples.loss_profile(examples.layer_loss("node_one"))
    return FakeJobs(
        answers={
            "inspect": read_as(),
            "magnitude": replace(magnitude, model_digest="d1"),
            "loss": as_far_as("done"),
        }
    )


def stored(bench: Workbench, net: Project) -> tuple[LossProfile, ...]:
    return bench.projects.load(net.id).loss_profiles


def log_of(bench: Workbench, profile: LossProfile) -> Path:
    return LogStore(bench.home).path(profile.id)


async def broken_off(bench: Workbench, jobs: FakeJobs, net: Project) -> LossProfile:
    """A profile whose job has crashed after its anchors, with its log."""
    jobs.partials = (as_far_as("anchors"),)
    jobs.answers["loss"] = JobError("It crashed.")
    with pytest.raises(JobError):
        await bench.loss.one_shot(net.id, request=ASKED)
    profile = stored(bench, net)[-1]
    log_of(bench, profile).write_text("items")
    jobs.partials, jobs.answers["loss"] = (), as_far_as("done")
    return profile
