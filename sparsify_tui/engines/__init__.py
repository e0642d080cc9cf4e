"""The runtimes. A new engine is one file with an `Engine` in it, and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from sparsify_tui.core.protocols import Engine
from sparsify_tui.errors import MissingEngineError, UsageError

ENGINES: Mapping[str, str] = {
    "onnxruntime": "sparsify_tui.engines.ort:OnnxRuntime",
}
"""Name → where its class lives; listing them imports nothing."""

DEFAULT_ENGINE = "onnxruntime"


def engine_of(name: str = DEFAULT_ENGINE) -> Engine:
    """The engine of that name.

    Raises:
        UsageError: No such engine is known.
        MissingEngineError: Its runtime is not installed.
    """
    if name not in ENGINES:
        raise UsageError(f"There is no engine {name!r}.", f"Known: {', '.join(ENGINES)}.")
    module, _, attribute = ENGINES[name].partition(":")
    try:
        return cast("Engine", getattr(import_module(module), attribute)())
    except ImportError as error:
        raise MissingEngineError(
            f"The engine {name} cannot be loaded: {error}.", f"pip install {name}"
        ) from error
