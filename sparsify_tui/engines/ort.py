"""onnxruntime on the CPU."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state

from sparsify_tui.core.protocols import Array, Feeds, KernelTime
from sparsify_tui.engines.refusals import refused_feeds, refused_model
from sparsify_tui.errors import ModelError

_NOISE = re.compile(
    r"\[ONNXRuntimeError\] : \d+ : \w+ : |Load model from \S+ failed: ?|Fatal error: "
    r"|Exception during initialization: |Non-zero status code returned while |Name:'' "
    r"|Status Message: |\S+\.(cc|h):\d+ (?:[^()]*::[^()]*\([^()]*\) )?"
)
"""What onnxruntime puts around the reason: codes, our temporary path, its own source lines."""
_KERNEL = "_kernel_time"
_WITH_BODIES = frozenset({"If", "Loop", "Scan"})
_MOVED = ("activation_size", "output_size")
"""Not "parameter_size": a weight that was packed into another layout counts as 0."""
_FATAL_ONLY = 4
_CPU = "CPUExecutionProvider"
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
    """The engine; sessions run on one provider with all graph optimizations.

    Args:
        name: Among the engines.
        provider: Whose kernels do the work; onnxruntime lends those of the CPU for the rest.

    Raises:
        ImportError: This build of onnxruntime has no such provider.
    """

    version = onnxruntime.__version__

    def __init__(self, name: str = "onnxruntime", provider: str = _CPU) -> None:
        built = onnxruntime.get_available_providers()
        if provider not in built:
            raise ImportError(f"onnxruntime {self.version} has no {provider} here")
        self.name = name
        self.provider = provider

    def open(
        self,
        model: Path | bytes,
        *,
        threads: int,
        profiled: bool = False,
        in_turn: bool = False,
        exact: bool = False,
    ) -> OrtSession:
        """Loads a model. Raises ModelError when onnxruntime refuses it."""
        options = _options(threads)
        if in_turn:  # else its threads spin on after a run, and slow the other session by half
            options.add_session_config_entry("session.force_spinning_stop", "1")
        if exact:  # else data that meets a constant int8 matrix is rounded to int8, too
            options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", "1")
        content = model if isinstance(model, bytes) else str(model)
        return OrtSession(content, self.provider, options, profiled=profiled)

    def trace_shapes(self, model: bytes, feeds: Feeds) -> Mapping[str, tuple[int, ...]]:
        """Real shapes of all outputs of a model, from one unoptimized run on the CPU."""
        options = _options(threads=1)
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = OrtSession(model, _CPU, options)
        return {
            name: value.shape
            for name, value in zip(session.outputs, session.run(feeds), strict=True)
            if hasattr(value, "shape")  # a sequence or map has none
        }

    def simplify(self, source: Path, target: Path) -> None:
        """Writes the model after onnxruntime's basic graph optimizations, which are lossless.

        Weights of a megabyte and more go to `<target>.data`, so that their sum may be above
        the 2 GiB of one file.

        Raises:
            ModelError: It does not load, or cannot be written.
        """
        options = _options(threads=1)
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(target)
        for key, value in (("file_name", f"{target.name}.data"), ("min_size_in_bytes", "1048576")):
            options.add_session_config_entry(
                f"session.optimized_model_external_initializers_{key}", value
            )
        OrtSession(str(source), _CPU, options)


def _options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL_ONLY
    return options


class OrtSession:
    """A loaded model."""

    def __init__(
        self,
        model: str | bytes,
        provider: str,
        options: onnxruntime.SessionOptions,
        *,
        profiled: bool = False,
    ) -> None:
        if provider != _CPU:
            options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
        self._folder = tempfile.TemporaryDirectory() if profiled else None
        if self._folder is not None:
            options.enable_profiling = True
            options.profile_file_prefix = str(Path(self._folder.name) / "profile")
        start = time.perf_counter_ns()
        try:
            self._session = onnxruntime.InferenceSession(
                model, options, providers=[provider], enable_fallback=0
            )
        except _RUNTIME_ERRORS as error:
            raise refused_model(f"onnxruntime {OnnxRuntime.version}", error, _NOISE) from error
        self.load_ms = (time.perf_counter_ns() - start) / 1e6
        if provider != _CPU:
            self._refuse_without(provider)
        self._runs = 0
        self.outputs = tuple(output.name for output in self._session.get_outputs())

    def _refuse_without(self, provider: str) -> None:
        """Where a provider takes no node, all go to the CPU without a word."""
        parts = self._session.get_provider_graph_assignment_info()
        if parts and all(part.ep_name != provider for part in parts):
            raise ModelError(
                f"onnxruntime would run this whole model on {parts[0].ep_name}, not on {provider}.",
                "Check the driver and libraries of that provider, or choose another engine.",
            )

    def run(self, feeds: Feeds) -> Sequence[Array]:
        """Runs once; outputs in the model's order. Raises InputError when the runtime refuses."""
        self._runs += 1
        try:
            return self._session.run(None, dict(feeds))  # type: ignore[no-any-return]
        except _RUNTIME_ERRORS as error:
            raise refused_feeds(feeds, str(error), _NOISE) from error

    def kernel_times(self, counted: Collection[int]) -> tuple[KernelTime, ...]:
        """The minimum of each kernel over the counted ones of all runs so far."""
        events = json.loads(Path(self._session.end_profiling()).read_text(encoding="utf-8"))
        return _fastest(events, self._runs, counted)


def _fastest(
    events: Sequence[Mapping[str, Any]], runs: int, counted: Collection[int]
) -> tuple[KernelTime, ...]:
    """The minimum of each kernel; one that a run calls several times, in a loop, is summed."""
    durations: dict[tuple[str, str], list[int]] = {}
    moved: dict[tuple[str, str], int] = {}
    for event, own_us in _own_times(events):
        key = (event["name"].removesuffix(_KERNEL), str(event["args"].get("op_name", "")))
        durations.setdefault(key, []).append(own_us)
        moved[key] = sum(int(event["args"].get(size, 0)) for size in _MOVED)
    return tuple(
        KernelTime(
            name=name,
            op_type=op_type,
            ms=_minimum(values, runs, counted) / 1e3,
            bytes=moved[name, op_type] or None,
        )
        for (name, op_type), values in durations.items()
    )


def _own_times(
    events: Iterable[Mapping[str, Any]],
) -> Iterator[tuple[Mapping[str, Any], int]]:
    """The kernels with their microseconds, less those of the kernels inside of them.

    An If, Loop or Scan lasts as long as all that its body does.
    """
    kernels = [
        event
        for event in events
        if event.get("cat") == "Node" and str(event.get("name", "")).endswith(_KERNEL)
    ]
    kernels.sort(key=lambda event: (event["ts"], -event["dur"]))
    own = [event["dur"] for event in kernels]
    around: list[int] = []
    for at, event in enumerate(kernels):
        while around and event["ts"] >= kernels[around[-1]]["ts"] + kernels[around[-1]]["dur"]:
            around.pop()
        if around:
            own[around[-1]] -= event["dur"]
        if event["args"].get("op_name") in _WITH_BODIES:
            around.append(at)
    return zip(kernels, (max(one, 0) for one in own), strict=True)


def _minimum(values: Sequence[int], runs: int, counted: Collection[int]) -> int:
    """Of the counted runs; of all calls where these are not the same in each run."""
    calls, rest = divmod(len(values), runs)
    if rest or not calls:
        return min(values)
    return min(sum(values[run * calls : (run + 1) * calls]) for run in counted)
