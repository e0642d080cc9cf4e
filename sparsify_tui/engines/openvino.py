"""OpenVINO on the CPU, the second engine; an extra: `pip install sparsify-tui[openvino]`."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import openvino

from sparsify_tui.core.protocols import Array, Feeds, KernelTime
from sparsify_tui.engines.ort import OnnxRuntime
from sparsify_tui.engines.refusals import refused_feeds, refused_model

_NOISE = re.compile(
    r"Exception from \S+:\d+: ?|Check '.*?' failed at \S+:\d+: ?|FrontEnd API failed with \w+: ?"
    r"|Model wasn't fully converted\. ?|Failed operations detailed log: ?|Summary: ?|-- "
    r"|While validating (?:ONNX )?node '.*?'(?: with friendly_name '.*?')?: ?"
    r'|: "[^"]*[^."][^"]*\.onnx"'
)
"""What OpenVINO puts around the reason: its own source lines and checks, and our paths."""
_SPLIT_OFF = "/WithoutBiases"
"""What it adds to the name of a node whose bias it makes a node of its own."""
_ONNX_TYPES = {
    "Convolution": "Conv",
    "GroupConvolution": "Conv",
    "ConvolutionBackpropData": "ConvTranspose",
    "GroupConvolutionBackpropData": "ConvTranspose",
    "Deconvolution": "ConvTranspose",
    "FullyConnected": "MatMul",
}


class OpenVino:
    """The engine; one stream for the least latency, in float32.

    Where a processor has bfloat16, OpenVINO takes it without being asked: then two engines
    would be compared that do not compute the same.

    Args:
        name: Among the engines.
        provider: OpenVINO's name of the device.

    Raises:
        ImportError: It sees no such device.
    """

    version = openvino.__version__.partition("-")[0]

    def __init__(self, name: str = "openvino", provider: str = "CPU") -> None:
        self._core = openvino.Core()
        if provider not in self._core.available_devices:
            raise ImportError(f"OpenVINO {self.version} finds no device {provider} here")
        self._reference = OnnxRuntime()
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
    ) -> OpenVinoSession:
        """Loads a model. Raises ModelError when OpenVINO refuses it."""
        del in_turn, exact  # its threads sleep soon after a run, and it computes in float32
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": "1",
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": "f32",
            "PERF_COUNT": profiled,
        }
        start = time.perf_counter_ns()
        try:
            read = self._core.read_model(model if isinstance(model, bytes) else str(model))
            compiled = self._core.compile_model(read, self.provider, settings)
        except RuntimeError as error:
            raise refused_model(f"OpenVINO {self.version}", error, _NOISE) from error
        load_ms = (time.perf_counter_ns() - start) / 1e6
        sources = _sources(read, compiled) if profiled else None
        return OpenVinoSession(compiled, load_ms=load_ms, sources=sources)

    def trace_shapes(self, model: bytes, feeds: Feeds) -> Mapping[str, tuple[int, ...]]:
        """Real shapes of all outputs; they are the same in every engine, so onnxruntime's."""
        return self._reference.trace_shapes(model, feeds)

    def simplify(self, source: Path, target: Path) -> None:
        """Onnxruntime's: OpenVINO writes no ONNX, and does the same when it loads a model."""
        self._reference.simplify(source, target)


class OpenVinoSession:
    """A loaded model, and the one request that runs it.

    Args:
        compiled: OpenVINO's own.
        load_ms: What it took to load it.
        sources: Kernel → the node of the file that it stands for; None if it is not profiled.
    """

    def __init__(
        self,
        compiled: openvino.CompiledModel,
        *,
        load_ms: float,
        sources: Mapping[str, str] | None,
    ) -> None:
        self.load_ms = load_ms
        self._sources = sources
        self.outputs = tuple(one.get_any_name() for one in compiled.outputs)
        self._request = compiled.create_infer_request()
        self._inputs = {
            one.get_any_name(): one.get_element_type().to_dtype() for one in compiled.inputs
        }
        self._first_us: Counter[tuple[str, str]] = Counter()
        self._runs = 0

    def run(self, feeds: Feeds) -> Sequence[Array]:
        """Runs once; outputs in the model's order. Raises InputError when the runtime refuses."""
        self._check(feeds)
        try:
            outputs = self._request.infer(dict(feeds), share_inputs=True)
        except RuntimeError as error:
            raise refused_feeds(feeds, str(error), _NOISE) from error
        self._runs += 1
        if self._sources is not None and self._runs == 1:
            self._first_us = self._mean_us()
        return tuple(outputs.values())

    def _check(self, feeds: Feeds) -> None:
        """OpenVINO converts a wrong type, and takes the last run's value of a missing input."""
        found = {name: value.dtype for name, value in feeds.items()}
        if found != self._inputs:
            wanted = ", ".join(f"{name} as {dtype}" for name, dtype in self._inputs.items())
            got = ", ".join(f"{name} as {dtype}" for name, dtype in found.items()) or "nothing"
            raise refused_feeds(feeds, f"it takes {wanted}, and got {got}", _NOISE)

    def kernel_times(self, counted: Collection[int]) -> tuple[KernelTime, ...]:  # noqa: ARG002 - see below
        """The mean of each kernel over all runs but the first.

        OpenVINO keeps nothing but the mean of all runs, in whole microseconds: too coarse to
        find single runs, and thus their minimum, from the difference of two means.
        """
        mean_us, sources = self._mean_us(), self._sources or {}
        later = max(self._runs - 1, 1)
        return tuple(
            KernelTime(
                name=sources.get(name, name),
                op_type=_ONNX_TYPES.get(op_type, op_type),
                ms=max(self._runs * mean - self._first_us[name, op_type], 0) / later / 1e3,
            )
            for (name, op_type), mean in mean_us.items()
        )

    def _mean_us(self) -> Counter[tuple[str, str]]:
        means: Counter[tuple[str, str]] = Counter()
        for row in self._request.profiling_info:
            if row.status == row.Status.EXECUTED:
                means[row.node_name, row.node_type] += round(row.real_time.total_seconds() * 1e6)
        return means


def _sources(model: openvino.Model, compiled: openvino.CompiledModel) -> Mapping[str, str]:
    """Kernel → a node of the file, of those that were fused into it the first.

    A kernel has a name that OpenVINO made up where it folded something into the weights.
    """
    own = {node.get_friendly_name() for node in model.get_ops()}
    found: dict[str, str] = {}
    for kernel in compiled.get_runtime_model().get_ops():
        name = kernel.get_friendly_name()
        fused = str(kernel.get_rt_info()["originalLayersNames"].value).split(",")
        source = next((one for one in (name, *fused) if one in own), name)
        found[name] = source.removesuffix(_SPLIT_OFF)
    return found
