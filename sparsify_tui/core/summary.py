"""What the list of projects shows, without understanding whole documents.

Kept apart from `core.project`, and cheap to import: it is all that the first screen needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ModelState = Literal["ok", "missing", "changed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStamp:
    """Size and time of a file: what can be asked without opening it."""

    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSummary:
    """One row of the project list, and the card below it."""

    id: str
    name: str
    description: str = ""
    created: str = ""
    modified: str = ""
    problem: str = ""
    """Why the document cannot be read, where it cannot."""

    model: str = ""
    """Path of the model file."""
    stamp: FileStamp = FileStamp(size=0, mtime_ns=0)
    """Of the model file when its digest was taken."""
    bytes: int = 0
    opset: int = 0
    params: int = 0
    flops: int | None = None
    inputs: tuple[tuple[str, tuple[int | str, ...]], ...] = ()
    """Name and shape of each."""
    layer_sizes: tuple[tuple[str, int], ...] = ()
    """Label and parameters of each prunable layer, in graph order."""
    data: tuple[tuple[str, int], ...] = ()
    """Role and samples of each data set."""
    perf_profiles: int = 0
    loss_profiles: int = 0
    optimizations: int = 0
    benchmarks: int = 0

    @property
    def layers(self) -> int:
        """How many prunable layers there are."""
        return len(self.layer_sizes)

    @property
    def measurements(self) -> int:
        """How many stored measurements a deletion would lose."""
        return self.perf_profiles + self.loss_profiles + self.benchmarks
