"""A loss profile by the workers of a cluster is the one that this machine makes alone."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from distributed import LocalCluster
from onnx import ModelProto, helper

from sparsify_tui.analyses.loss import profile_one_shot
from sparsify_tui.codec import document_from
from sparsify_tui.core.loss_profile import LossProfile, LossRequest
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.protocols import Partial, Progress
from sparsify_tui.errors import SparsifyError
from tests.analyses.fakes import finished
from tests.analyses.models import model, tensor, weight

LAYERS, WIDTH, SAMPLES = 8, 128, 8
REQUEST = LossRequest(levels=(0.4, 0.6, 0.95), schemes=("int8",), workers=1)


def deep() -> ModelProto:
    """x [n, 128] through layers of Gemm and Tanh, each with a weight of its own."""
    names = [f"fc{at}.weight" for at in range(LAYERS)]
    nodes = []
    for at, name in enumerate(names):
        before = "x" if at == 0 else f"t{at - 1}"
        nodes.append(helper.make_node("Gemm", [before, name], [f"g{at}"], transB=1))
        nodes.append(helper.make_node("Tanh", [f"g{at}"], [f"t{at}"]))
    output = f"t{LAYERS - 1}"
    weights = [weight(name, WIDTH, WIDTH) for name in names]
    return model(nodes, [tensor("x", "n", WIDTH)], [tensor(output, "n", WIDTH)], weights)


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> RunOptions:
    folder = tmp_path_factory.mktemp("model")
    onnx.save(deep(), folder / "deep.onnx")
    samples = np.random.default_rng(0).standard_normal((SAMPLES, WIDTH)).astype(np.float32)
    np.savez(folder / "data.npz", x=samples)
    return RunOptions(path=str(folder / "deep.onnx"), data=str(folder / "data.npz"))


@pytest.fixture(scope="module")
def alone(options: RunOptions, tmp_path_factory: pytest.TempPathFactory) -> LossProfile:
    profile: LossProfile = finished(running(options, tmp_path_factory.mktemp("alone") / "log"))
    return profile


def running(
    options: RunOptions, log: Path, scheduler: str = ""
) -> Generator[Progress | Partial, None, LossProfile]:
    return profile_one_shot(
        options=document_from(options),
        request=document_from(replace(REQUEST, scheduler=scheduler)),
        profile_id="p",
        name="loss",
        created="now",
        log=str(log),
        shares={},
    )


def table(profile: LossProfile) -> LossProfile:
    """What must be equal: all but times, and where it was measured."""
    return replace(profile, cpu_s=0.0, wall_s=0.0, request=None)


def keys(log: Path) -> list[Any]:
    items = map(json.loads, log.read_text().splitlines()[1:])
    return [[one[name] for name in ("layer", "change", "start", "stop")] for one in items]


def test_a_cluster_makes_the_same_table(
    cluster: LocalCluster, options: RunOptions, alone: LossProfile, tmp_path: Path
) -> None:
    there = finished(running(options, tmp_path / "log", cluster.scheduler_address))
    assert table(there) == table(alone)
    assert all(row.status == "measured" for row in there.layers)


def test_a_worker_that_is_killed_leaves_no_mark(
    cluster: LocalCluster, options: RunOptions, alone: LossProfile, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    profile = running(options, log, cluster.scheduler_address)
    for news in profile:
        if isinstance(news, Progress) and news.done > 0:
            os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
            break
    known = len(keys(log))
    assert table(finished(profile)) == table(alone)
    assert len(keys(log)) > known, "it was killed in the middle"
    assert len(set(map(str, keys(log)))) == len(keys(log)), "nothing was measured twice"


def test_a_worker_without_the_model_says_so(
    cluster: LocalCluster,
    options: RunOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(Path(options.path).parent)
    here_alone = replace(options, path="deep.onnx", data="data.npz")
    with pytest.raises(SparsifyError, match=r"^On .*deep\.onnx") as raised:
        finished(running(here_alone, tmp_path / "log", cluster.scheduler_address))
    assert "same paths" in raised.value.hint
