"""A project: one model, what was measured of it, and what is planned for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeVar

from sparsify_tui.core.estimate import Estimate
from sparsify_tui.core.model import LayerId, Model
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.profile import Environment, LossProfile, PerfProfile
from sparsify_tui.core.summary import FileStamp
from sparsify_tui.core.timing import Timing, Verdict
from sparsify_tui.core.training import TrainingSettings

DataRole = Literal["calibration", "test"]
DATA_ROLES: tuple[DataRole, ...] = ("calibration", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A data file that was attached and found to fit the model."""

    role: DataRole
    path: str
    samples: int
    labelled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricChange:
    """A quality figure before and after an optimization."""

    name: str
    before: float
    """1 for agreement and 0 for output error, which compare the model with itself."""
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One model's timing within a benchmark."""

    label: str
    engine: str
    batch: int
    threads: int
    timing: Timing


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs that were measured in turn; above 1, b is faster."""

    a: str
    b: str
    ratio: Estimate
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkRun:
    """A measured comparison of an optimization with the model it came from."""

    id: str
    name: str
    created: str
    model_digest: str
    optimization: str
    """Name of what was measured, as it was called then."""
    environment: Environment
    inputs: str
    runs: tuple[Run, ...]
    comparisons: tuple[Comparison, ...]
    metric: MetricChange | None
    sparsity: float
    """Zeros that the measured model really held among its prunable weights."""
    file_bytes: int
    """Of the changed model as stored."""
    compressed_bytes: int
    """Of the same file after deflate, which is where zeros save room."""
    original_compressed_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedModel:
    """A changed model that was written, reloaded and run."""

    file: str
    bytes: int
    """Of the file and its external data."""
    layers: tuple[tuple[LayerId, float], ...]
    """Sparsity that each changed layer really has."""
    output_error: float
    """MSE of the outputs ÷ their variance, on the samples used."""
    source: str
    """Of the samples, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Everything that one document file holds."""

    id: str
    name: str
    description: str = ""
    created: str
    modified: str
    model: Model
    stamp: FileStamp
    """Of the model file when its digest was taken."""
    training: TrainingSettings = field(default_factory=TrainingSettings)
    dims: tuple[tuple[str, int], ...] = ()
    """Sizes given for open dimensions."""
    values: tuple[tuple[str, float], ...] = ()
    """Constants fed to scalar and state inputs."""
    data: tuple[DataSet, ...] = ()
    perf_profiles: tuple[PerfProfile, ...] = ()
    loss_profiles: tuple[LossProfile, ...] = ()
    optimizations: tuple[Optimization, ...] = ()
    benchmarks: tuple[BenchmarkRun, ...] = ()

    def data_for(self, role: DataRole) -> DataSet | None:
        """The data set attached for a role."""
        return next((one for one in self.data if one.role == role), None)

    def perf_profile(self, reference: str | None = None) -> PerfProfile | None:
        """A profile by id or name; the newest without a reference."""
        return _find(self.perf_profiles, reference)

    def loss_profile(self, reference: str | None = None) -> LossProfile | None:
        """A profile by id or name; the newest without a reference."""
        return _find(self.loss_profiles, reference)

    def optimization(self, reference: str | None = None) -> Optimization | None:
        """An optimization by id or name; the newest without a reference."""
        return _find(self.optimizations, reference)

    def is_stale(self, measured: PerfProfile | LossProfile | BenchmarkRun) -> bool:
        """Whether it was measured on another content of the model file."""
        return measured.model_digest != self.model.sha256


T = TypeVar("T", PerfProfile, LossProfile, Optimization)


def _find(items: tuple[T, ...], reference: str | None) -> T | None:
    if reference is None:
        return items[-1] if items else None
    matches = [item for item in items if reference in (item.id, item.name)]
    return matches[-1] if matches else None
