"""An optimization as a recipe, with what a recipe cannot say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sparsify_tui.core.model import Layer, Model
from sparsify_tui.core.modifiers import Pruning
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.recipe import Recipe
from sparsify_tui.core.text import clean_text

_MOST_NAMED = 10


def compile_recipe(plan: Optimization, model: Model) -> Recipe:
    """The recipe of an optimization, in order of the modifiers; notes name what was left out."""
    entries = tuple(entry for one in plan.modifiers for entry in one.entries(model))
    notes = (
        *plan.problems(),
        *_pruning_notes(plan, model),
        *_channel_notes(plan, model),
        *_int8_notes(plan, model),
    )
    return Recipe(entries=entries, notes=notes)


def _pruning_notes(plan: Optimization, model: Model) -> Iterator[str]:
    if plan.find(Pruning) is None:
        return
    dense = sum(1 for layer in model.prunable if not plan.levels.get(layer.id))
    if dense:
        yield f"{dense} of {len(model.prunable)} layers stay dense and are left out"
    yield from _foreign_notes(model.prunable)


def _channel_notes(plan: Optimization, model: Model) -> Iterator[str]:
    channels = plan.channels
    if not channels.kept:
        return
    found = channels.masks(model)
    for group, reason in found.left_out[:_MOST_NAMED]:
        yield f"the channels of {clean_text(group)} are left out: {reason}"
    if (more := len(found.left_out) - _MOST_NAMED) > 0:
        yield f"{more} more groups of channels are left out"
    masked = {name for mask in found.masks for name in mask.weights}
    yield from _foreign_notes([one for one in model.layers if one.weight in masked])
    if masked & {one.weight for one in model.layers if plan.levels.get(one.id)}:
        yield "some weights get both kinds of zeros, which may fall on the same places"
    yield "masks zero channels and make nothing smaller: the PyTorch code or `apply` cuts them out"


def _foreign_notes(layers: Sequence[Layer]) -> Iterator[str]:
    foreign = sum(1 for layer in layers if layer.module_path is None)
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
