"""What every layer can lose, measured: the model's outputs when one layer changes.

The table is complete at any moment and gets better: from weight magnitude at once; from two
measured levels, the anchors, on few samples; from all levels; from more samples until each
layer's values settle. Each measured item is on disk before the next begins.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from sparsify_tui.analyses.channels.loss import profile_group_loss
from sparsify_tui.analyses.evaluate import Evaluator, evaluate_layer, evaluator_of
from sparsify_tui.analyses.executors import open_executor
from sparsify_tui.analyses.loss_log import Item, ItemLog, log_header
from sparsify_tui.analyses.loss_table import LossTable
from sparsify_tui.analyses.setup import Setup
from sparsify_tui.analyses.spent import Spent
from sparsify_tui.analyses.workers import fastest_workers
from sparsify_tui.codec import value_from
from sparsify_tui.core.anchors import anchor_levels
from sparsify_tui.core.loss_profile import FEW_SAMPLES, LossProfile, LossRequest, LossStage
from sparsify_tui.core.model import Layer
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.protocols import Partial, Progress
from sparsify_tui.core.structures import CHANNEL, levels_of
from sparsify_tui.errors import ModelError

_WAKE_S = 0.5
_PARTIAL_S = 4.0
Work: TypeAlias = "tuple[Layer, tuple[str, ...], int, int]"
"""A layer, its changes, and a range of samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """What is measured before the table moves on."""

    name: LossStage
    work: tuple[Work, ...]


def profile_one_shot(
    *,
    options: dict[str, Any],
    request: dict[str, Any],
    profile_id: str,
    name: str,
    created: str,
    log: str,
    shares: dict[str, float],
) -> Generator[Progress | Partial, None, LossProfile]:
    """Measures each layer of a model, or group of channels, the largest share of time first.

    Args:
        options: Document of RunOptions: the model and its data.
        request: Document of LossRequest: what to measure.
        profile_id: Of the profile.
        name: Of the profile.
        created: When it was begun.
        log: Path of the items; what it holds already is not measured again.
        shares: Share of time by layer.

    Raises:
        SparsifyError: The model or its data cannot be used, or there is nothing to measure.
    """
    asked = value_from(request, LossRequest)
    asked = replace(asked, levels=levels_of(asked.structure, sorted(set(asked.levels))))
    setup = Setup(options=value_from(options, RunOptions), request=asked)
    head = replace(_head(asked), id=profile_id, name=name, created=created)
    profile = profile_group_loss if asked.structure == CHANNEL else _profile_layers
    return (yield from profile(setup, head, Path(log), shares))


def _profile_layers(
    setup: Setup, head: LossProfile, log: Path, shares: dict[str, float]
) -> Generator[Progress | Partial, None, LossProfile]:
    """Changes the weights of one layer after the other."""
    spent, asked = Spent(), setup.request
    with ExitStack() as stack:
        # a cluster is asked first: there may be none
        cluster = (
            stack.enter_context(open_executor(1, asked.scheduler)) if asked.scheduler else None
        )
        evaluator = evaluator_of(setup.to_text())
        _check_layers(evaluator)
        items = stack.enter_context(ItemLog(log, log_header(evaluator.opened, setup)))
        table = LossTable(evaluator, head, items, spent)
        if not table.count:  # what is gone on with has been shown before
            yield Partial(value=table.profile("magnitude"))
        executor = cluster or stack.enter_context(
            open_executor(asked.workers or fastest_workers(evaluator, _evaluations(evaluator)))
        )
        digest = evaluator.opened.model.sha256
        text = replace(setup, digest=digest, sizes=setup.data_sizes()).to_text()
        yield from _Run(text, table, executor, shares, is_remote=cluster is not None).everything()
        return table.profile("done")


def _evaluations(evaluator: Evaluator) -> int:
    """How many there are at least."""
    asked = evaluator.request
    levels = anchor_levels(asked.levels) if asked.anchors_only else asked.levels
    schemes = () if asked.anchors_only else asked.schemes
    return len(evaluator.layers) * (len(levels) + len(schemes))


def _check_layers(evaluator: Evaluator) -> None:
    """Raises ModelError where nothing can be measured."""
    if not evaluator.layers:
        raise ModelError(
            "The model has no prunable layer.",
            "Pruning needs Conv, ConvTranspose, Gemm or MatMul with constant weights.",
        )


def _head(asked: LossRequest) -> LossProfile:
    """The profile before the model is read."""
    return LossProfile(
        id="",
        name="",
        created="",
        model_digest="",
        method="one-shot",
        metric="",
        source="",
        samples=0,
        levels=asked.levels,
        cpu_s=0.0,
        wall_s=0.0,
        layers=(),
        structure=asked.structure,
        schemes=asked.schemes,
        outputs=asked.outputs,
        request=asked,
    )


@dataclass(slots=True)
class _Run:
    """The measuring of one profile, stage by stage."""

    setup: str
    table: LossTable
    executor: Executor
    shares: dict[str, float]
    is_remote: bool
    began: float = field(default_factory=time.perf_counter)
    told: float = field(default_factory=time.perf_counter)
    reached: LossStage = "magnitude"
    """What the table is while the next stage is being measured."""

    def everything(self) -> Generator[Progress | Partial, None, None]:
        """All stages in turn."""
        for stage in self._stages():
            yield from self._measure(stage)
            self.reached = stage.name
            yield self._partial()

    def _stages(self) -> Iterator[_Stage]:
        table, evaluator = self.table, self.table.evaluator
        request, count = evaluator.request, evaluator.count
        few = count if request.score else min(count, max(evaluator.chunk, FEW_SAMPLES))
        anchors = tuple(map(str, anchor_levels(request.levels)))
        yield self._stage("anchors", evaluator.layers, anchors, 0, few)
        if request.anchors_only:
            return
        changes = (*map(str, request.levels), *request.schemes)
        rest = tuple(change for change in changes if change not in anchors)
        yield self._stage("levels", evaluator.layers, rest, 0, few)
        done = few
        while done < count and (open_layers := table.unsettled(done)):
            stop = min(2 * done, count)
            yield self._stage("settling", open_layers, changes, done, stop)
            done = stop

    def _stage(
        self,
        name: LossStage,
        layers: Sequence[Layer],
        changes: tuple[str, ...],
        start: int,
        stop: int,
    ) -> _Stage:
        by_share = sorted(layers, key=lambda layer: -self.shares.get(layer.id, 0.0))
        work = (
            (layer, self._missing(layer, changes, start, stop), start, stop) for layer in by_share
        )
        return _Stage(name=name, work=tuple(one for one in work if one[1]))

    def _missing(
        self, layer: Layer, changes: tuple[str, ...], start: int, stop: int
    ) -> tuple[str, ...]:
        known = self.table.items.items
        return tuple(one for one in changes if (layer.id, one, start, stop) not in known)

    def _measure(self, stage: _Stage) -> Generator[Progress | Partial, None, None]:
        total = sum(len(changes) for _, changes, _, _ in stage.work)
        before = self.table.count
        futures = {self._submit(*work): work[0] for work in stage.work}
        began = time.perf_counter()
        try:
            pending = set(futures)
            while pending:
                ended, pending = wait(pending, _WAKE_S, return_when=FIRST_COMPLETED)
                for future in ended:
                    self.table.keep(future.result(), from_elsewhere=True)
                done = self.table.count - before
                label = next((layer.label for one, layer in futures.items() if one in pending), "")
                spent = time.perf_counter() - began
                left = spent / done * (total - done) if done else None
                yield Progress(done=done, total=total, item=f"{stage.name} {label}", left_s=left)
                if time.perf_counter() - self.told > _PARTIAL_S:
                    yield self._partial()
        finally:
            for future in futures:
                future.cancel()

    def _submit(
        self, layer: Layer, changes: tuple[str, ...], start: int, stop: int
    ) -> Future[list[Item]]:
        if self.is_remote:
            return self.executor.submit(evaluate_layer, self.setup, layer.id, changes, start, stop)
        return self.executor.submit(self._evaluate_here, layer.id, changes, start, stop)

    def _evaluate_here(
        self, layer: str, changes: tuple[str, ...], start: int, stop: int
    ) -> list[Item]:
        """Keeps each item at once, so that a crash costs at most the one in work."""
        for item in self.table.evaluator.items(layer, changes, start, stop):
            self.table.keep([item])
        return []

    def _partial(self) -> Partial:
        self.told = time.perf_counter()
        return Partial(value=self.table.profile(self.reached))
