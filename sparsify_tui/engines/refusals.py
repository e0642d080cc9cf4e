"""What a runtime says when it refuses a model or its feeds, in one shape for all runtimes."""

from __future__ import annotations

import re

from sparsify_tui.core.protocols import Feeds
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import InputError, ModelError

_LONGEST = 300


def refused_model(runtime: str, error: Exception, noise: re.Pattern[str]) -> ModelError:
    """The error for a model that does not load.

    Args:
        runtime: Name and version.
        error: Of the runtime.
        noise: What surrounds the reason in its text.
    """
    return ModelError(
        f"{runtime} does not load this model: {_reason(str(error), noise)}",
        "Export it again, with an opset and operators that this version knows.",
    )


def refused_feeds(feeds: Feeds, text: str, noise: re.Pattern[str]) -> InputError:
    """The error for feeds that a model does not run on."""
    shapes = ", ".join(f"{clean_text(name)}={list(value.shape)}" for name, value in feeds.items())
    return InputError(
        f"The model does not run on {shapes}: {_reason(text, noise)}",
        "Give sizes it accepts with --dim name=N, or real samples with --data FILE.",
    )


def _reason(text: str, noise: re.Pattern[str]) -> str:
    words = noise.sub("", " ".join(text.split()))
    return f"{clean_text(words, limit=_LONGEST).strip().rstrip('.')}."
