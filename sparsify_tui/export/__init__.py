"""What leaves the house: recipe and code. A new target is one pure function and one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TypeAlias, cast

from sparsify_tui.core.model import Model
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A form in which an optimization can leave."""

    name: str
    title: str
    filename: str
    """What the file is called when only a folder is given."""
    language: str
    """For colours: Pygments' name of the lexer."""
    function: str
    """Where the pure function lives: `module:name`."""


Exporter: TypeAlias = Callable[[Model, Optimization], str]

EXPORTERS: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target(
            name="sparseml",
            title="Recipe (SparseML)",
            filename="recipe.yml",
            language="yaml",
            function="sparsify_tui.export.recipe_yml:recipe_text",
        ),
        Target(
            name="pytorch",
            title="PyTorch training code",
            filename="train_with_recipe.py",
            language="python",
            function="sparsify_tui.export.pytorch_code:integration_code",
        ),
    )
}

NOT_BUILT_YET = ("onnxruntime", "report", "olive", "nncf", "torchao", "llm-compressor")
"""Targets of the command contract that are refused, not ignored."""


def target_of(name: str) -> Target:
    """The target of that name. Raises UsageError for one that is unknown or not built."""
    if name in EXPORTERS:
        return EXPORTERS[name]
    built = ", ".join(EXPORTERS)
    reason = "is not built yet" if name in NOT_BUILT_YET else "is unknown"
    raise UsageError(f"The export target {name!r} {reason}.", f"Built: {built}.")


def export_text(name: str, model: Model, optimization: Optimization) -> str:
    """The text of a target."""
    module, _, attribute = target_of(name).function.partition(":")
    return cast("Exporter", getattr(import_module(module), attribute))(model, optimization)
