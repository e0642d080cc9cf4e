"""onnxruntime on the CPU."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state

from sparsify_tui.core.protocols import Array, Feeds, KernelTime
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import InputError, ModelError

_CODES = re.compile(
    r"\[ONNXRuntimeError\] : \d+ : \w+ : |Load model from \S+ failed: ?|Fatal error: "
    r"|Exception during initialization: |Non-zero status code returned while |Name:'' "
    r"|Status Message: |\S+\.(cc|h):\d+ (?:[^()]*::[^()]*\([^()]*\) )?"
)
"""What onnxruntime puts around the reason: codes, our temporary path, its own source lines."""
_KERNEL = "_kernel_time"
_FATAL_ONLY = 4
_RUNTIME_ERRORS: tuple[type[Exception], ...] = (
    *(
        kind
        for kind in vars(onnxruntime_pybind11_state).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    ),
    RuntimeError,
    ValueError,
    TypeError,
)
"""What onnxruntime raises: its own kinds share no base but Exception, bad feeds give the others."""


class OnnxRuntime:
    """The engine; sessions run on the CPU provider with all graph optimizations."""

    name = "onnxruntime"
    version = onnxruntime.__version__
    provider = "CPUExecutionProvider"

    def open(
        self, path: Path, *, threads: int, profiled: bool = False, in_turn: bool = False
    ) -> OrtSession:
        """Loads a model file. Raises ModelError when onnxruntime refuses it."""
        return OrtSession(
            str(path), self.provider, threads=threads, profiled=profiled, in_turn=in_turn
        )

    def trace_shapes(self, model: bytes, feeds: Feeds) -> Mapping[str, tuple[int, ...]]:
        """Real shapes of all outputs of a model, from one unoptimized run."""
        session = OrtSession(model, self.provider, threads=1, profiled=False, optimized=False)
        return {
            name: value.shape
            for name, value in zip(session.outputs, session.run(feeds), strict=True)
            if hasattr(value, "shape")  # a sequence or map has none
        }


class OrtSession:
    """A loaded model."""

    def __init__(
        self,
        model: str | bytes,
        provider: str,
        *,
        threads: int,
        profiled: bool,
        optimized: bool = True,
        in_turn: bool = False,
    ) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _FATAL_ONLY
        if in_turn:  # else its threads spin on after a run, and slow the other session by half
            options.add_session_config_entry("session.force_spinning_stop", "1")
        if not optimized:
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        self._folder = tempfile.TemporaryDirectory() if profiled else None
        if self._folder is not None:
            options.enable_profiling = True
            options.profile_file_prefix = str(Path(self._folder.name) / "profile")
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=[provider])
        except _RUNTIME_ERRORS as error:
            raise ModelError(
                f"onnxruntime {onnxruntime.__version__} does not load this model: {_reason(error)}",
                "Export it again, with an opset and operators that this version knows.",
            ) from error
        self._runs = 0
        self.outputs = tuple(output.name for output in self._session.get_outputs())

    def run(self, feeds: Feeds) -> Sequence[Array]:
        """Runs once; outputs in the model's order. Raises InputError when the runtime refuses."""
        self._runs += 1
        try:
            return self._session.run(None, dict(feeds))  # type: ignore[no-any-return]
        except _RUNTIME_ERRORS as error:
            shapes = ", ".join(f"{clean_text(k)}={list(v.shape)}" for k, v in feeds.items())
            raise InputError(
                f"The model does not run on {shapes}: {_reason(error)}",
                "Give sizes it accepts with --dim name=N, or real samples with --data FILE.",
            ) from error

    def kernel_times(self, counted: Collection[int]) -> tuple[KernelTime, ...]:
        """The minimum of each kernel over the counted ones of all runs so far."""
        events = json.loads(Path(self._session.end_profiling()).read_text(encoding="utf-8"))
        return _fastest(events, self._runs, counted)


def _fastest(
    events: Sequence[Mapping[str, Any]], runs: int, counted: Collection[int]
) -> tuple[KernelTime, ...]:
    """The minimum of each kernel; one that a run calls several times, in a loop, is summed."""
    durations: dict[tuple[str, str], list[int]] = {}
    for event in events:
        name = str(event.get("name", ""))
        if event.get("cat") == "Node" and name.endswith(_KERNEL):
            key = (name.removesuffix(_KERNEL), str(event["args"].get("op_name", "")))
            durations.setdefault(key, []).append(event["dur"])
    return tuple(
        KernelTime(name=name, op_type=op_type, ms=_minimum(values, runs, counted) / 1e3)
        for (name, op_type), values in durations.items()
    )


def _minimum(values: Sequence[int], runs: int, counted: Collection[int]) -> int:
    """Of the counted runs; of all calls where these are not the same in each run."""
    calls, rest = divmod(len(values), runs)
    if rest or not calls:
        return min(values)
    return min(sum(values[run * calls : (run + 1) * calls]) for run in counted)


def _reason(error: Exception) -> str:
    """The runtime's own words as one sentence, without its error codes and our own paths."""
    text = _CODES.sub("", " ".join(str(error).split()))
    return f"{clean_text(text, limit=300).rstrip('.')}."
