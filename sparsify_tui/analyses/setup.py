"""What another process needs to measure layers of a model."""

from __future__ import annotations

import json
import resource
from dataclasses import dataclass
from pathlib import Path

from sparsify_tui.codec import document_from, value_from
from sparsify_tui.core.loss_profile import LossRequest
from sparsify_tui.core.model import Model
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.units import format_bytes
from sparsify_tui.engines.machine import available_memory
from sparsify_tui.errors import JobError

_COPIES = 5
"""Of the weights, at most at a time: the file, its parts, sessions, and their packed form."""
_WEIGHT_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Which model, on which data, by which distance."""

    options: RunOptions
    request: LossRequest
    digest: str = ""
    """Of the model file; a worker that finds another one refuses it. Empty: any will do."""

    def to_text(self) -> str:
        """One that is equal for equal setups, and can be sent anywhere."""
        return json.dumps([*map(document_from, (self.options, self.request)), self.digest])

    @classmethod
    def from_text(cls, text: str) -> Setup:
        """What `to_text` wrote."""
        options, request, digest = json.loads(text)
        return cls(
            options=value_from(options, RunOptions),
            request=value_from(request, LossRequest),
            digest=digest,
        )

    def stamps(self) -> tuple[tuple[int, int], ...]:
        """Time and size of its files as they are here now: what tells that one has changed."""
        return (*_stamps(Path(self.options.path)), *self.data_stamps())

    def data_stamps(self) -> tuple[tuple[int, int], ...]:
        """Those of the data alone, file by file; empty without any."""
        return _stamps(Path(self.options.data)) if self.options.data else ()


def _stamps(path: Path) -> tuple[tuple[int, int], ...]:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    found = [file.stat() for file in files if file.is_file()]
    return tuple((one.st_mtime_ns, one.st_size) for one in found)


def check_memory(model: Model) -> None:
    """Raises JobError where the model's layers do not fit into the memory that may be used."""
    needed = sum(layer.weight_params for layer in model.layers) * _WEIGHT_BYTES * _COPIES
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    free = available_memory() if soft == resource.RLIM_INFINITY else soft
    if needed > free:
        raise JobError(
            f"Measuring this model's layers needs about {format_bytes(needed)}, and "
            f"{format_bytes(free)} may be used.",
            "Use --method magnitude, or a machine with more memory through --scheduler.",
        )
