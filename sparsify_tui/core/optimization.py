"""A named set of modifiers, and its pure edits: each returns a new one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from sparsify_tui.core.allocate import Candidate, global_levels, reached, uniform_levels
from sparsify_tui.core.fields import with_text
from sparsify_tui.core.model import LayerId, Model
from sparsify_tui.core.modifiers import Epochs, LayerLevel, LearningRate, Modifier, Pruning
from sparsify_tui.core.profile import LossProfile
from sparsify_tui.core.recipe import Recipe

M = TypeVar("M", Pruning, Epochs, LearningRate)

_HIGHEST_BY_HAND = 0.999
"""Recipes want a level below 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimization:
    """What shall be done to the model."""

    id: str
    name: str
    notes: str = ""
    created: str
    modified: str
    modifiers: tuple[Modifier, ...]

    def find(self, kind: type[M]) -> M | None:
        """The modifier of a kind, or None."""
        return next((one for one in self.modifiers if isinstance(one, kind)), None)

    @property
    def pruning(self) -> Pruning:
        """The pruning modifier; an empty one where there is none."""
        return self.find(Pruning) or Pruning()

    @property
    def levels(self) -> dict[LayerId, float]:
        """The sparsity that is applied to each layer."""
        return {one.id: one.effective for one in self.pruning.layers}

    def with_modifier(self, modifier: Modifier) -> Optimization:
        """The same with the modifier of that kind replaced, or added."""
        if not any(type(one) is type(modifier) for one in self.modifiers):
            return replace(self, modifiers=(*self.modifiers, modifier))
        return replace(
            self,
            modifiers=tuple(
                modifier if type(one) is type(modifier) else one for one in self.modifiers
            ),
        )

    def problems(self) -> tuple[str, ...]:
        """What would make a training with the recipe fail."""
        found = [problem for one in self.modifiers for problem in one.problems()]
        epochs, pruning = self.find(Epochs), self.find(Pruning)
        if epochs and pruning and epochs.end_epoch <= pruning.end_epoch:
            found.append("training must last longer than pruning, or the last level is not reached")
        return tuple(found)


def spread_target(
    plan: Optimization, model: Model, target: float, scope: str, loss: LossProfile | None
) -> Optimization:
    """Spreads a target sparsity over the layers that are neither locked nor switched off."""
    pruning = replace(plan.pruning, target=target, scope=scope)
    known = {one.id: one for one in pruning.layers}
    layers = tuple(
        known.get(layer.id) or LayerLevel(id=layer.id, level=0.0) for layer in model.prunable
    )
    candidates = _candidates(model, layers, loss)
    rule = global_levels if scope == "global" else uniform_levels
    chosen = rule(candidates, target)
    return plan.with_modifier(
        replace(
            pruning,
            layers=tuple(replace(one, level=chosen.get(one.id, one.level)) for one in layers),
        )
    )


def reached_sparsity(plan: Optimization, model: Model) -> float:
    """Zeros among all prunable weights once the plan is applied."""
    return reached(_candidates(model, plan.pruning.layers, None, fix_all=True), {})


def set_level(plan: Optimization, ids: Iterable[str], level: float) -> Optimization:
    """Gives layers a level of their own; they are switched on and locked, so that it stays."""
    return _change(plan, ids, lambda one: _by_hand(one, level))


def shift_level(plan: Optimization, ids: Iterable[str], step: float) -> Optimization:
    """Raises or lowers the level of layers by `step`; they are switched on and locked."""
    return _change(plan, ids, lambda one: _by_hand(one, one.level + step))


def toggle_layers(plan: Optimization, ids: Iterable[str]) -> Optimization:
    """Switches layers on or off; a layer that is off stays dense."""
    return _change(plan, ids, lambda one: replace(one, enabled=not one.enabled))


def lock_layers(plan: Optimization, ids: Iterable[str], locked: bool | None = None) -> Optimization:
    """Locks or unlocks layers; None turns each round."""
    return _change(
        plan,
        ids,
        lambda one: replace(one, locked=not one.locked if locked is None else locked),
    )


def edit_field(plan: Optimization, title: str, name: str, text: str) -> Optimization:
    """Sets one field of the modifier of that title from text. Raises UsageError."""
    for modifier in plan.modifiers:
        if modifier.title == title:
            return plan.with_modifier(with_text(modifier, name, text))
    raise KeyError(title)


def compile_recipe(plan: Optimization, model: Model) -> Recipe:
    """The recipe of an optimization, in order of the modifiers; notes name what was left out."""
    entries = tuple(entry for one in plan.modifiers for entry in one.entries(model))
    dense = sum(1 for layer in model.prunable if not plan.levels.get(layer.id))
    foreign = sum(1 for layer in model.prunable if layer.module_path is None)
    notes = list(plan.problems())
    if dense:
        notes.append(f"{dense} of {len(model.prunable)} layers stay dense and are left out")
    if foreign:
        notes.append(
            f"{foreign} weights have no PyTorch name in this file: their ONNX names are used"
        )
    return Recipe(entries=entries, notes=tuple(notes))


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The plan and its past, for undo and redo."""

    present: Optimization
    past: tuple[Optimization, ...] = ()
    future: tuple[Optimization, ...] = ()

    def then(self, plan: Optimization) -> History:
        """A new step; what had been undone is forgotten. No change makes no step."""
        if plan == self.present:
            return self
        return History(present=plan, past=(*self.past, self.present)[-_DEPTH:])

    def stored(self, plan: Optimization) -> History:
        """The same past, with the present as it was stored."""
        return History(present=plan, past=self.past, future=self.future)

    def undo(self) -> History:
        """One step back, where there is one."""
        if not self.past:
            return self
        return History(
            present=self.past[-1], past=self.past[:-1], future=(self.present, *self.future)
        )

    def redo(self) -> History:
        """One step forward again, where there is one."""
        if not self.future:
            return self
        return History(
            present=self.future[0], past=(*self.past, self.present), future=self.future[1:]
        )


_DEPTH = 200


def _change(
    plan: Optimization, ids: Iterable[str], edit: Callable[[LayerLevel], LayerLevel]
) -> Optimization:
    chosen = set(ids)
    pruning = plan.pruning
    return plan.with_modifier(
        replace(
            pruning,
            layers=tuple(edit(one) if one.id in chosen else one for one in pruning.layers),
        )
    )


def _by_hand(layer: LayerLevel, level: float) -> LayerLevel:
    bounded = min(max(round(level, 3), 0.0), _HIGHEST_BY_HAND)
    return replace(layer, level=bounded, enabled=True, locked=True)


def _candidates(
    model: Model, layers: tuple[LayerLevel, ...], loss: LossProfile | None, *, fix_all: bool = False
) -> list[Candidate]:
    sizes = {layer.id: layer.weight_params for layer in model.prunable}
    return [
        Candidate(
            id=one.id,
            params=sizes.get(one.id, 0),
            fixed=one.effective if fix_all or one.locked or not one.enabled else None,
            magnitudes=loss.magnitude_curve(one.id) if loss else None,
        )
        for one in layers
    ]
