"""What the interface has open: one project, and one of each thing in it. No Textual here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from sparsify_tui.core.loss_profile import LossProfile
from sparsify_tui.core.project import BenchmarkRun, replaced

if TYPE_CHECKING:
    from sparsify_tui.core.optimization import Optimization
    from sparsify_tui.core.profile import PerfProfile
    from sparsify_tui.core.project import Project
    from sparsify_tui.workbench import Workbench

T = TypeVar("T", LossProfile, BenchmarkRun)


@dataclass(slots=True, kw_only=True)
class Desk:
    """The façade, the open project, and what of it is looked at."""

    bench: Workbench
    project: Project | None = None
    version: int = 0
    """Rises with every change, so that a hidden screen knows it is out of date."""
    _opened: dict[str, str] = field(default_factory=dict)

    def lay_out(self, project: Project | None) -> None:
        """Puts a project, or its newest state, on the desk."""
        if project is None or self.project is None or project.id != self.project.id:
            self._opened.clear()
        self.project = project
        self.version += 1

    def refresh(self) -> None:
        """Reads the open project again. Raises StoreError."""
        if self.project is not None:
            self.lay_out(self.bench.projects.load(self.project.id))

    def look_at(self, item: PerfProfile | LossProfile | Optimization | BenchmarkRun) -> None:
        """Opens one of the project's things."""
        self._opened[type(item).__name__] = item.id
        self.version += 1

    def take_in(self, item: LossProfile | BenchmarkRun) -> None:
        """Puts a newer state of what is being measured on the desk; nothing is read for it."""
        if self.project is None:
            return
        project = self.project
        if isinstance(item, BenchmarkRun):
            newer = replace(project, benchmarks=_with(project.benchmarks, item))
        else:
            newer = replace(project, loss_profiles=_with(project.loss_profiles, item))
        self.lay_out(newer)

    @property
    def perf(self) -> PerfProfile | None:
        """The open performance profile; the newest unless another was chosen."""
        if self.project is None:
            return None
        return (
            self.project.perf_profile(self._opened.get("PerfProfile"))
            or self.project.perf_profile()
        )

    @property
    def loss(self) -> LossProfile | None:
        """The open loss profile."""
        if self.project is None:
            return None
        return (
            self.project.loss_profile(self._opened.get("LossProfile"))
            or self.project.loss_profile()
        )

    @property
    def plan(self) -> Optimization | None:
        """The open optimization."""
        if self.project is None:
            return None
        return (
            self.project.optimization(self._opened.get("Optimization"))
            or self.project.optimization()
        )


def _with(items: tuple[T, ...], newer: T) -> tuple[T, ...]:
    if any(one.id == newer.id for one in items):
        return replaced(items, newer)
    return tuple(chain(items, (newer,)))
