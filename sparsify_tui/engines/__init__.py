"""The runtimes. A new engine is one file with an `Engine` in it, and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from sparsify_tui.core.protocols import Engine
from sparsify_tui.errors import MissingEngineError, UsageError

_ORT = "sparsify_tui.engines.ort:OnnxRuntime"


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """How an engine is made: its class is called with its name and provider."""

    place: str
    """Module and class."""
    provider: str
    """What the runtime calls the kernels that do the work."""
    cure: str
    """How to get it where it is missing."""


_INSTEAD = "pip uninstall onnxruntime, then pip install "
"""Its builds share one folder: installed over one another they break."""

ENGINES: Mapping[str, EngineEntry] = {
    "onnxruntime": EngineEntry(_ORT, "CPUExecutionProvider", "pip install onnxruntime"),
    "onnxruntime-cuda": EngineEntry(_ORT, "CUDAExecutionProvider", f"{_INSTEAD}onnxruntime-gpu"),
    "onnxruntime-tensorrt": EngineEntry(
        _ORT, "TensorrtExecutionProvider", f"{_INSTEAD}onnxruntime-gpu"
    ),
    "onnxruntime-directml": EngineEntry(
        _ORT, "DmlExecutionProvider", f"{_INSTEAD}onnxruntime-directml (on Windows)"
    ),
    "onnxruntime-coreml": EngineEntry(
        _ORT, "CoreMLExecutionProvider", "pip install onnxruntime (on macOS)"
    ),
    "openvino": EngineEntry(
        "sparsify_tui.engines.openvino:OpenVino", "CPU", "pip install sparsify-tui[openvino]"
    ),
}
"""Name → how it is made; listing them imports nothing."""

DEFAULT_ENGINE = "onnxruntime"


def engine_of(name: str = DEFAULT_ENGINE) -> Engine:
    """The engine of that name.

    Raises:
        UsageError: No such engine is known.
        MissingEngineError: Its runtime, or the provider in it, is not installed.
    """
    if name not in ENGINES:
        raise UsageError(f"There is no engine {name!r}.", f"Known: {', '.join(ENGINES)}.")
    entry = ENGINES[name]
    module, _, attribute = entry.place.partition(":")
    try:
        return cast("Engine", getattr(import_module(module), attribute)(name, entry.provider))
    except ImportError as error:
        raise MissingEngineError(f"The engine {name} is missing: {error}.", entry.cure) from error
