"""The recipe as SparseML 1.8.0 reads it.

SparseML refuses a path that ends in `.yml`, but takes the same text; the integration code
passes the text. It rewrites class tags by lines, so each tag stands alone on its line, and
it is strict: a key that a modifier does not know is an error.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from sparsify_tui.core.compilation import compile_recipe
from sparsify_tui.core.model import Model
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.recipe import RecipeEntry
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import ExportError

_VERSION = "1.1.0"
_ENDLESS = 1 << 30
_LONGEST_COMMENT = 600


def recipe_text(model: Model, optimization: Optimization) -> str:
    """The YAML of an optimization, read back before it is handed out.

    Raises:
        ExportError: There is nothing to write, or the text does not say what was meant.
    """
    recipe = compile_recipe(optimization, model)
    if not recipe.entries:
        raise ExportError("The optimization changes nothing.", "Prune at least one layer first.")
    file = Path(model.path).name
    lines = [
        f"# {_comment(optimization.name)}: made with sparsify-tui for {_comment(file)}",
        f"# model sha256 {model.sha256}",
        *(f"# note: {_comment(note)}" for note in recipe.notes),
        f"version: {_VERSION}",
        "",
        "modifiers:",
    ]
    for entry in recipe.entries:
        lines += _entry_lines(entry)
    text = "\n".join(lines) + "\n"
    _check(text, recipe.entries)
    return text


def _entry_lines(entry: RecipeEntry) -> list[str]:
    body = yaml.dump(
        dict(entry.args), Dumper=_Dumper, sort_keys=False, width=_ENDLESS, default_flow_style=False
    )
    return [f"  - !{entry.tag}", *(f"    {line}" for line in body.splitlines()), ""]


def _comment(text: str) -> str:
    """A user's text on one line of comment; SparseML would rewrite an exclamation mark."""
    return clean_text(text, _LONGEST_COMMENT).replace("!", "'")


class _Dumper(yaml.SafeDumper):
    """Without aliases, which SparseML's own rewriting does not keep."""

    def ignore_aliases(self, data: Any) -> bool:
        """Writes equal lists out each time."""
        del data
        return True


class _Loader(yaml.SafeLoader):
    """Reads a modifier's tag as (tag, arguments)."""


def _tagged(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> tuple[str, Any]:
    assert isinstance(node, yaml.MappingNode)
    return suffix, loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _tagged)


def _check(text: str, entries: tuple[RecipeEntry, ...]) -> None:
    found = yaml.load(text, Loader=_Loader)["modifiers"]  # noqa: S506 - a SafeLoader
    if found != [(entry.tag, dict(entry.args)) for entry in entries]:
        raise ExportError(
            "The recipe does not read back as it was meant.",
            "A weight's name may hold characters that YAML cannot carry; rename it in the model.",
        )
