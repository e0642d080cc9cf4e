"""A home with one filled project, jobs that answer at once, and ways to drive the app."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from sparsify_tui.codec import document_from
from sparsify_tui.core.channels.lanes import SHARES
from sparsify_tui.core.lane import Int8Lane, Mix
from sparsify_tui.core.loss_profile import LossProfile
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.profile import LayerTime, Peak, PerfProfile
from sparsify_tui.core.project import AppliedModel, Project
from sparsify_tui.core.protocols import Progress
from sparsify_tui.errors import ModelError
from sparsify_tui.identity import new_id
from sparsify_tui.jobs.spec import JobSpec
from sparsify_tui.store.projects import ProjectStore
from sparsify_tui.tui.app import SparsifyApp
from sparsify_tui.workbench import Workbench
from tests.core import examples
from tests.core.narrowed import channel_lanes
from tests.tui import channels
from tests.tui.loss.profiles import measured, one_shot

NAMES = ("stem", "layer1.conv", "x[/a]", "\x1b[31mred", "[bold]b", "層" * 40, "head")
SIZES = ((80, 24), (160, 50), (60, 18))


def filled_project(file: Path) -> Project:
    """A project of seven layers, some with hostile names, with one of each thing in it."""
    layers = tuple(examples.layer(name) for name in NAMES)
    model = examples.model_of(*layers, path=str(file), params=8000, flops=14_000_000)
    whole = examples.full_project()
    stat = file.stat()
    levels = tuple(examples.level(name, 0.5) for name in NAMES)
    pruning = replace(whole.optimizations[0].pruning, layers=levels, target=0.5)
    return replace(
        whole,
        name="net",
        model=model,
        stamp=replace(whole.stamp, size=stat.st_size, mtime_ns=stat.st_mtime_ns),
        perf_profiles=(measured_profile(),),
        loss_profiles=(examples.loss_profile(*(examples.layer_loss(name) for name in NAMES)),),
        optimizations=(whole.optimizations[0].with_modifier(pruning),),
    )


def measured_profile(**changes: Any) -> PerfProfile:
    """A profile of the layers with all lanes and the machine's peak; the first has no time."""
    fields: dict[str, Any] = {
        "layers": tuple(_time(at, name) for at, name in enumerate(NAMES)),
        "peak": Peak(gflops=90.0, gbytes_per_s=10.0),
        "int8": Int8Lane(
            total=examples.timing(median_ms=5.0, low_ms=4.9, high_ms=5.1, min_ms=4.8),
            float_ms=10.0,
            calibration="1 of 1 samples of random values; no data is attached",
            is_made_up=True,
            layers=tuple(map(LayerId, NAMES)),
            mixes=tuple(_mix(*row) for row in ((8.16, 8.0), (6.3, 6.0), (7.1, 7.0))),
        ),
        "channels": channel_lanes(*NAMES[1:]),
    }
    return examples.perf_profile(**fields | changes)


def _time(at: int, name: str) -> LayerTime:
    return LayerTime(
        id=LayerId(name),
        ms=at or None,
        share=at / 21 or None,
        flops=at * at * 10_000_000,
        bytes=400_000 * (len(NAMES) + 1 - at),
        kernel="Conv_nchwc",
        int8_ms=at / 2 if at % 2 else at * 1.2 or None,
        int8_kernel="QLinearConv",
        int8_note="" if at % 2 else "boundary conversion",
        channel_ms=tuple(at * share or None for share in SHARES),
    )


def _mix(predicted: float, measured: float) -> Mix:
    return Mix(
        name="half",
        layers=(LayerId("stem"),),
        predicted_ms=predicted,
        measured_ms=measured,
        low_ms=measured * 0.99,
        high_ms=measured * 1.01,
    )


class FakeJobs:
    """Answers each kind of job from a filled project; `hold` keeps them running."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.hold = asyncio.Event()
        self.hold.set()
        self.specs: list[JobSpec] = []
        self.failure: Exception | None = None
        self.placement = examples.placement(*NAMES[1:])
        self.analysis = channels.analysis()
        self.search = channels.search()
        self.one_shot = one_shot(*(measured(name) for name in NAMES))
        self.partials: tuple[LossProfile, ...] = ()
        """What a loss job has on its way, before `hold` lets it end."""

    async def __call__(
        self,
        spec: JobSpec,
        on_progress: Callable[[Progress], None] | None,
        on_partial: Callable[[dict[str, Any]], None] | None = None,
    ) -> Any:
        self.specs.append(spec)
        if on_progress is not None:
            on_progress(Progress(done=1, total=4, item="stem", left_s=12.0))
        for partial in self.partials if spec.kind == "loss" and on_partial else ():
            on_partial(document_from(_as_asked(partial, spec)))
            await asyncio.sleep(0)
        await self.hold.wait()
        if self.failure is not None:
            raise self.failure
        return document_from(self._answer(spec))

    def _answer(self, spec: JobSpec) -> object:
        project = self._project
        if spec.kind == "inspect":
            return replace(project.model, path=spec.args["options"]["path"])
        if spec.kind == "data":
            return replace(project.data[0], path=spec.args["options"]["data"])
        if spec.kind == "place":
            return self.placement
        if spec.kind == "channels":
            return self.analysis
        if spec.kind == "narrow":
            return self.search
        if spec.kind == "apply":
            return AppliedModel(
                file=spec.args["output"],
                bytes=1000,
                layers=(),
                output_error=0.1,
                source="digits.npz",
                comparison=project.benchmarks[0].comparisons[0],
            )
        if spec.kind == "loss":
            return _as_asked(self.one_shot, spec)
        stored = {
            "perf": project.perf_profiles,
            "magnitude": project.loss_profiles,
            "benchmark": project.benchmarks,
        }
        if spec.kind not in stored:
            raise ModelError(f"no answer to {spec.kind}")
        return replace(stored[spec.kind][0], id=new_id(), name=spec.args["name"])


def _as_asked(profile: LossProfile, spec: JobSpec) -> LossProfile:
    """Under the id and name of the job."""
    named = {name: spec.args[name] for name in ("name", "created")}
    return replace(profile, id=spec.args["profile_id"], **named)


class House:
    """A home, its jobs, and an app on it."""

    def __init__(self, folder: Path, *, is_filled: bool = True) -> None:
        self.file = folder / "net.onnx"
        self.file.write_bytes(b"a model")
        self.project = filled_project(self.file)
        self.jobs = FakeJobs(self.project)
        home = folder / "home"
        if is_filled:
            ProjectStore(home).create(self.project)
        self.bench = Workbench(home, run=self.jobs)

    def app(self) -> SparsifyApp:
        """An app that shows the list of projects."""
        return SparsifyApp(self.bench)

    def stored(self) -> Project:
        """The project as it is on disk."""
        return self.bench.projects.load(self.project.id)


async def until(condition: Callable[[], object], pilot: Pilot[Any], seconds: float = 5.0) -> None:
    """Waits until something holds; fails when it does not within the time."""
    for _ in range(round(seconds / 0.02)):
        await pilot.pause(0.02)
        if condition():
            return
    raise AssertionError("it did not come true in time")


def write(app: SparsifyApp, text: str) -> None:
    """Puts a text where the cursor is, in place of what is there; quicker than keys."""
    assert isinstance(app.focused, Input)
    app.focused.value = text


def frame(app: SparsifyApp) -> str:
    """What is on the screen, as text."""
    width, height = app.size
    lines = app.screen._compositor.render_strips(app.size)
    assert len(lines) == height
    return "\n".join("".join(segment.text for segment in line)[:width] for line in lines)
