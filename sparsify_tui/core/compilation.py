"""An optimization as a recipe, with what a recipe cannot say."""

from __future__ import annotations

from collections.abc import Iterator

from sparsify_tui.core.model import Model
from sparsify_tui.core.modifiers import Pruning
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.recipe import Recipe
from sparsify_tui.core.text import clean_text

_MOST_NAMED = 10


def compile_recipe(plan: Optimization, model: Model) -> Recipe:
    """The recipe of an optimization, in order of the modifiers; notes name what was left out."""
    entries = tuple(entry for one in plan.modifiers for entry in one.entries(model))
    notes = (*plan.problems(), *_pruning_notes(plan, model), *_int8_notes(plan, model))
    return Recipe(entries=entries, notes=notes)


def _pruning_notes(plan: Optimization, model: Model) -> Iterator[str]:
    if plan.find(Pruning) is None:
        return
    dense = sum(1 for layer in model.prunable if not plan.levels.get(layer.id))
    foreign = sum(1 for layer in model.prunable if layer.module_path is None)
    if dense:
        yield f"{dense} of {len(model.prunable)} layers stay dense and are left out"
    if foreign:
        yield f"{foreign} weights have no PyTorch name in this file: their ONNX names are used"


def _int8_notes(plan: Optimization, model: Model) -> Iterator[str]:
    chosen = plan.quantized
    foreign = [one.label for one in model.layers if one.id in chosen and one.module_path is None]
    if foreign:
        named = ", ".join(map(clean_text, foreign[:_MOST_NAMED]))
        more = f" and {len(foreign) - _MOST_NAMED} more" if len(foreign) > _MOST_NAMED else ""
        yield (
            f"{len(foreign)} int8 layers have no PyTorch name in this file and are left out: "
            f"{named}{more}"
        )
    if plan.placement is not None and plan.changes.respelled:
        yield "slow spellings of operators are rewritten in the saved .onnx only"
