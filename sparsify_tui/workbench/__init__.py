"""The one façade that both front ends hold.

    bench = Workbench(home)
    project = await bench.projects.create(Path("model.onnx"))
    profile = await bench.measure.perf(project.id)

Methods that open a model are coroutines: they run a child process. All others only touch
the project's document and are quick. Parts are loaded when they are first used, so that the
list of projects is there at once.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sparsify_tui.store.logs import LogStore
from sparsify_tui.store.projects import ProjectStore
from sparsify_tui.workbench.jobs import JobDesk, RunJob
from sparsify_tui.workbench.projects import Projects

if TYPE_CHECKING:
    from sparsify_tui.workbench.benchmarks import Benchmarks
    from sparsify_tui.workbench.exports import Exports
    from sparsify_tui.workbench.inputs import Inputs
    from sparsify_tui.workbench.loss import LossProfiles
    from sparsify_tui.workbench.measure import Measure
    from sparsify_tui.workbench.plans import Plans

__all__ = ["Workbench"]


class Workbench:
    """Projects, measurements, plans and exports of one home folder.

    Args:
        home: Folder of the projects; made when the first one is saved.
        run: How a job is run; tests hand in a fake.
    """

    def __init__(self, home: Path, run: RunJob | None = None) -> None:
        self.home = home
        self._jobs = JobDesk(run)
        self._logs = LogStore(home)
        self.projects = Projects(ProjectStore(home), self._jobs, self._logs)

    @cached_property
    def inputs(self) -> Inputs:
        """Data sets, sizes and constants."""
        from sparsify_tui.workbench.inputs import Inputs  # noqa: PLC0415 - see above

        return Inputs(self.projects, self._jobs)

    @cached_property
    def measure(self) -> Measure:
        """Performance profiles, and where int8 pays."""
        from sparsify_tui.workbench.measure import Measure  # noqa: PLC0415

        return Measure(self.projects, self._jobs)

    @cached_property
    def loss(self) -> LossProfiles:
        """Loss profiles."""
        from sparsify_tui.workbench.loss import LossProfiles  # noqa: PLC0415

        return LossProfiles(self.projects, self._jobs, self._logs)

    @cached_property
    def benchmarks(self) -> Benchmarks:
        """Optimizations measured beside the original, and written as files."""
        from sparsify_tui.workbench.benchmarks import Benchmarks  # noqa: PLC0415

        return Benchmarks(self.projects, self._jobs)

    @cached_property
    def plans(self) -> Plans:
        """Optimizations."""
        from sparsify_tui.workbench.plans import Plans  # noqa: PLC0415

        return Plans(self.projects)

    @cached_property
    def exports(self) -> Exports:
        """Recipes and code."""
        from sparsify_tui.workbench.exports import Exports  # noqa: PLC0415

        return Exports()
