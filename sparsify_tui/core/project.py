"""A project: one model, what was measured of it, and what is planned for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeVar

from sparsify_tui.core.cases import BenchmarkRequest, Case
from sparsify_tui.core.estimate import Estimate
from sparsify_tui.core.images import ImageOptions
from sparsify_tui.core.loss_profile import LossProfile
from sparsify_tui.core.model import LayerId, Model
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.profile import Environment, PerfProfile
from sparsify_tui.core.repaired import CutGroup, LayerWeight, Repaired
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
    problems: tuple[str, ...] = ()
    """Why int8 ranges taken from it may not hold for other inputs, in words."""
    images: ImageOptions = field(default_factory=ImageOptions)
    """How its images are read, where it is a folder of them."""
    reading: str = ""
    """What its images are turned into, in words; empty for arrays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricChange:
    """A quality figure before and after an optimization."""

    name: str
    before: float
    """Of a metric that compares outputs with the original's: what equal outputs have."""
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One model's timing within a benchmark."""

    label: str
    optimization: str = ""
    """Name of what was applied to the model; empty for the original."""
    engine: str
    batch: int
    threads: int
    streams: int = 1
    """Sessions that ran at the same time; the timing is of each run in any of them."""
    timing: Timing
    """Its throughput counts all streams."""
    cold_ms: float | None = None
    """The first run of the session."""
    load_ms: float | None = None
    """Time to make the session from the file."""
    peak_bytes: int | None = None
    """Resident memory that loading and running added at most."""
    predicted_ms: float | None = None
    """What the search that placed int8 expected; None where it has none for this case."""
    environment: Environment | None = None
    """None in benchmarks of before it was kept for each run."""

    @property
    def prediction_error(self) -> float | None:
        """Predicted over measured, less 1."""
        return None if self.predicted_ms is None else self.predicted_ms / self.timing.median_ms - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs that were measured in turn; above 1, b is faster."""

    a: str
    b: str
    ratio: Estimate
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredModel:
    """One optimization of a benchmark, as the file that was measured."""

    optimization: str
    """Its name, as it was called then."""
    sparsity: float
    """Zeros that the model really held among its prunable weights."""
    int8_layers: int = 0
    """How many layers computed in int8."""
    file_bytes: int
    """Of the model as stored."""
    compressed_bytes: int
    """Of the same file after deflate, which is where zeros save room."""
    metrics: tuple[MetricChange, ...] = ()
    """The first is the one to judge by."""
    note: str = ""
    """Why it may not be called optimized, where it may not."""
    channels: tuple[CutGroup, ...] = ()
    """Groups of channels that lost some."""
    repaired: tuple[Repaired, ...] = ()
    """Each repair that was asked for, kept or not."""

    @property
    def metric(self) -> MetricChange | None:
        """The one to judge by."""
        return self.metrics[0] if self.metrics else None


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkRun:
    """Measured comparisons of optimizations with the model they came from."""

    id: str
    name: str
    created: str
    notes: str = ""
    model_digest: str
    environment: Environment
    inputs: str
    models: tuple[MeasuredModel, ...]
    runs: tuple[Run, ...]
    comparisons: tuple[Comparison, ...]
    problems: tuple[str, ...] = ()
    """What could not be measured, and why."""
    original_bytes: int = 0
    original_compressed_bytes: int
    request: BenchmarkRequest | None = None
    """What was asked for; None in benchmarks of before it was kept."""
    cases: tuple[Case, ...] = ()
    """All that were to be measured; none in benchmarks of before they were kept."""
    cases_done: int = 0
    """How many of them were tried, from the first on; those that failed are among `problems`."""

    @property
    def is_complete(self) -> bool:
        """Whether no case is left; else it was stopped, or still runs."""
        return self.cases_done == len(self.cases)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedModel:
    """A changed model that was written, reloaded and run."""

    file: str
    bytes: int
    """Of the file and its external data."""
    layers: tuple[LayerWeight, ...]
    """Of every changed layer, what the file holds."""
    output_error: float | None
    """MSE of the outputs ÷ their variance, on the samples used."""
    source: str
    """Of the samples, in words."""
    int8: tuple[LayerId, ...] = ()
    """Layers that compute in int8."""
    repairs: tuple[str, ...] = ()
    """What else had to be changed, in words."""
    channels: tuple[CutGroup, ...] = ()
    """Groups of channels that lost some."""
    repaired: tuple[Repaired, ...] = ()
    """Each repair that was asked for, kept or not."""
    calibration: str = ""
    """What the int8 ranges were taken from, in words."""
    comparison: Comparison | None = None
    """With the original, in turn, right after it was written."""

    @property
    def is_optimized(self) -> bool:
        """Whether it was measured to be faster; only then may it be called so."""
        return self.comparison is not None and self.comparison.verdict == "faster"


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


T = TypeVar("T", PerfProfile, LossProfile, Optimization, BenchmarkRun)


def replaced(items: tuple[T, ...], newer: T) -> tuple[T, ...]:
    """Stored things with `newer` in place of the one of its id; the same where there is none."""
    return tuple(newer if one.id == newer.id else one for one in items)


def _find(items: tuple[T, ...], reference: str | None) -> T | None:
    if reference is None:
        return items[-1] if items else None
    matches = [item for item in items if reference in (item.id, item.name)]
    return matches[-1] if matches else None
