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
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_bytes
from sparsify_tui.engines.machine import available_memory
from sparsify_tui.errors import DataError, JobError, ModelError

_COPIES = 5
"""Of the weights, at most at a time: the file, its parts, sessions, and their packed form.
A rule of thumb."""
_WEIGHT_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Which model, on which data, by which distance."""

    options: RunOptions
    request: LossRequest
    digest: str = ""
    """Of the model file; a worker that finds another one refuses it. Empty: any will do."""
    sizes: tuple[int, ...] = ()
    """Of the data's files, in bytes, likewise."""

    def to_text(self) -> str:
        """One that is equal for equal setups, and can be sent anywhere."""
        documents = map(document_from, (self.options, self.request))
        return json.dumps([*documents, self.digest, self.sizes])

    @classmethod
    def from_text(cls, text: str) -> Setup:
        """What `to_text` wrote."""
        options, request, digest, sizes = json.loads(text)
        return cls(
            options=value_from(options, RunOptions),
            request=value_from(request, LossRequest),
            digest=digest,
            sizes=tuple(sizes),
        )

    def stamps(self) -> tuple[tuple[int, int], ...]:
        """Time and size of its files as they are here now: what tells that one has changed."""
        return (*_stamps(Path(self.options.path)), *self.data_stamps())

    def data_stamps(self) -> tuple[tuple[int, int], ...]:
        """Those of the data alone, file by file; empty without any."""
        return _stamps(Path(self.options.data)) if self.options.data else ()

    def data_sizes(self) -> tuple[int, ...]:
        """Sizes of the data's files as they are here now; their times differ with the machine."""
        return tuple(size for _, size in self.data_stamps())

    def check_files(self, digest: str) -> None:
        """Raises ModelError or DataError where a file is another one than where it was set up.

        Args:
            digest: Of the model file here.
        """
        if self.digest not in {"", digest}:
            raise ModelError(
                f"{clean_text(self.options.path)} is another file here than where it is profiled.",
                "Copy the same model file to each machine that takes part.",
            )
        if self.digest and self.sizes != self.data_sizes():
            raise DataError(
                f"{clean_text(self.options.data)} is other data here than where it is profiled.",
                "Copy the same data to each machine that takes part.",
            )


def _stamps(path: Path) -> tuple[tuple[int, int], ...]:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    found = [file.stat() for file in files if file.is_file()]
    return tuple((one.st_mtime_ns, one.st_size) for one in found)


def usable_memory() -> int:
    """Bytes that this process may take: its own limit, or else what the machine has."""
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return available_memory() if soft == resource.RLIM_INFINITY else soft


def check_memory(model: Model) -> None:
    """Raises JobError where the model's layers do not fit into the memory that may be used."""
    needed = sum(layer.weight_params for layer in model.layers) * _WEIGHT_BYTES * _COPIES
    free = usable_memory()
    if needed > free:
        raise JobError(
            f"Measuring this model's layers needs about {format_bytes(needed)}, and "
            f"{format_bytes(free)} may be used.",
            f"That is a rule of thumb: {_COPIES} copies of the weights. Use --method magnitude, "
            "or a machine with more memory.",
        )
