"""Names, limits and locks of the jobs that the façade starts."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from sparsify_tui.codec import value_from

if TYPE_CHECKING:
    from sparsify_tui.core.protocols import Progress
    from sparsify_tui.jobs.spec import JobSpec

OnProgress: TypeAlias = "Callable[[Progress], None]"
OnDocument: TypeAlias = "Callable[[dict[str, Any]], None]"


class RunJob(Protocol):
    """Runs one job: `sparsify_tui.jobs.runner.run_job`, or what stands for it in a test."""

    def __call__(
        self, spec: JobSpec, on_progress: OnProgress | None, on_partial: OnDocument | None, /
    ) -> Awaitable[Any]:
        """Gives the result as a document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """What a kind of job gives, and what it may cost."""

    result: str
    """Where the type of its result lives: `module:name`."""
    seconds: float
    """Wall time after which it is stopped."""
    is_timing: bool = False
    """Whether other work would spoil its figures."""


JOB_KINDS: Mapping[str, JobKind] = {
    "inspect": JobKind(result="sparsify_tui.core.model:Model", seconds=120),
    "fit": JobKind(result="sparsify_tui.core.model:Model", seconds=20),
    "data": JobKind(result="sparsify_tui.core.project:DataSet", seconds=300),
    "perf": JobKind(result="sparsify_tui.core.profile:PerfProfile", seconds=3600, is_timing=True),
    "place": JobKind(result="sparsify_tui.core.placement:Placement", seconds=3600, is_timing=True),
    "groups": JobKind(result="sparsify_tui.core.channels.groups:ChannelMap", seconds=600),
    "channels": JobKind(result="sparsify_tui.core.channels.front:ChannelAnalysis", seconds=3600),
    "narrow": JobKind(
        result="sparsify_tui.core.channels.front:ChannelSearch", seconds=3 * 3600, is_timing=True
    ),
    "magnitude": JobKind(result="sparsify_tui.core.loss_profile:LossProfile", seconds=3600),
    "loss": JobKind(result="sparsify_tui.core.loss_profile:LossProfile", seconds=7 * 86_400),
    "apply": JobKind(result="sparsify_tui.core.project:AppliedModel", seconds=1800, is_timing=True),
    "benchmark": JobKind(
        result="sparsify_tui.core.project:BenchmarkRun", seconds=3 * 3600, is_timing=True
    ),
}


class JobDesk:
    """Starts jobs and turns their documents into values."""

    def __init__(self, run: RunJob | None = None) -> None:
        self._run = run

    async def result(
        self,
        kind: str,
        args: Mapping[str, Any],
        on_progress: OnProgress | None = None,
        on_partial: Callable[[Any], None] | None = None,
    ) -> Any:
        """Runs a job to its end; its value, and what there is of it before, is of the kind's type.

        Raises:
            SparsifyError: As the child explained it.
        """
        from sparsify_tui.jobs.runner import run_job  # noqa: PLC0415 - most screens start no job
        from sparsify_tui.jobs.spec import JobSpec  # noqa: PLC0415

        limits = JOB_KINDS[kind]
        spec = JobSpec(
            kind=kind,
            args=args,
            exclusive=limits.is_timing,
            lock=str(timing_lock()),
            seconds=limits.seconds,
        )
        kind_of_value = resolve_name(limits.result)

        def hand_on(document: dict[str, Any]) -> None:
            if on_partial is not None:
                on_partial(value_from(document, kind_of_value))

        document = await (self._run or run_job)(spec, on_progress, hand_on)
        return value_from(document, kind_of_value)


def timing_lock() -> Path:
    """The file that all timing jobs of this user lock, whatever their home."""
    import tempfile  # noqa: PLC0415 - the first screen needs none

    return Path(tempfile.gettempdir()) / f"sparsify-tui-{os.getuid()}.lock"
