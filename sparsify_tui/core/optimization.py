"""A named set of modifiers, and its pure edits: each returns a new one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from sparsify_tui.core.allocate import Candidate, global_levels, reached, uniform_levels
from sparsify_tui.core.changes import Changes
from sparsify_tui.core.fields import with_text
from sparsify_tui.core.loss_profile import LossProfile
from sparsify_tui.core.model import Layer, LayerId, Model
from sparsify_tui.core.modifiers import (
    ChannelPruning,
    Epochs,
    LayerLevel,
    LearningRate,
    Modifier,
    Pruning,
    Quantization,
)
from sparsify_tui.core.placement import Placement
from sparsify_tui.core.schedule import default_quantization

M = TypeVar("M", Pruning, ChannelPruning, Quantization, Epochs, LearningRate)

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
    def channels(self) -> ChannelPruning:
        """The channel pruning; an empty one where there is none."""
        return self.find(ChannelPruning) or ChannelPruning()

    @property
    def levels(self) -> dict[LayerId, float]:
        """The sparsity that is applied to each layer."""
        return {one.id: one.effective for one in self.pruning.layers}

    @property
    def quantized(self) -> frozenset[LayerId]:
        """The layers that compute in int8."""
        quantization = self.find(Quantization)
        return frozenset(quantization.layers if quantization else ())

    @property
    def placement(self) -> Placement | None:
        """What the search measured that placed int8; None without one, or after an edit."""
        quantization = self.find(Quantization)
        return quantization.found if quantization else None

    @property
    def changes(self) -> Changes:
        """All that is done to a copy of the model."""
        levels = tuple((one, level) for one, level in self.levels.items() if level > 0)
        cuts = self.channels.cuts
        quantization = self.find(Quantization)
        return Changes(
            levels=levels,
            int8=quantization.layers if quantization else (),
            between=quantization.between if quantization else True,
            respelled=quantization.respelled if quantization else False,
            channels=cuts,
            repair=self.channels.repair if cuts else "none",
        )

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
        return (*found, *_pruning_problems(self), *_quantization_problems(self))


def _pruning_problems(plan: Optimization) -> Iterator[str]:
    epochs, last = plan.find(Epochs), _pruned_until(plan)
    if epochs and last is not None and epochs.end_epoch <= last:
        yield "training must last longer than pruning, or the last level is not reached"


def _pruned_until(plan: Optimization) -> float | None:
    """Epoch of the last update of a mask; None without any pruning."""
    pruning, channels = plan.find(Pruning), plan.find(ChannelPruning)
    ends = [pruning.end_epoch] if pruning else []
    if channels and channels.kept:
        ends.append(channels.end_epoch)
    return max(ends, default=None)


def _quantization_problems(plan: Optimization) -> Iterator[str]:
    quantization, epochs, last = plan.find(Quantization), plan.find(Epochs), _pruned_until(plan)
    is_pruned = any(plan.levels.values()) or bool(plan.channels.kept)
    if quantization is None or not quantization.layers:
        if not is_pruned and not (quantization and quantization.respelled):
            yield "no layer is pruned or computes in int8"
        return
    if last is not None and is_pruned and quantization.start_epoch < last:
        yield "quantization starts before pruning ends"
    if epochs and epochs.end_epoch <= quantization.start_epoch:
        yield "training ends before quantization starts"


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


def set_quantized(plan: Optimization, ids: Iterable[str], *, on: bool) -> Optimization:
    """Puts layers in int8, or back in float; what a search had measured no longer holds then."""
    chosen = {LayerId(one) for one in ids}
    return _with_quantized(plan, plan.quantized | chosen if on else plan.quantized - chosen)


def toggle_quantized(plan: Optimization, ids: Iterable[str]) -> Optimization:
    """Turns layers round between int8 and float."""
    return _with_quantized(plan, plan.quantized ^ {LayerId(one) for one in ids})


def adopt_placement(plan: Optimization, placement: Placement) -> Optimization:
    """Puts those layers in int8 that a search has found to pay."""
    changes = placement.changes
    return plan.with_modifier(
        replace(
            _quantization(plan),
            layers=changes.int8,
            between=changes.between,
            respelled=changes.respelled,
            found=placement,
        )
    )


def changeable_layers(model: Model) -> tuple[Layer, ...]:
    """The layers that can be pruned or compute in int8, in graph order."""
    return tuple(layer for layer in model.layers if layer.prunable or layer.quantizable)


def edit_field(plan: Optimization, title: str, name: str, text: str) -> Optimization:
    """Sets one field of the modifier of that title from text. Raises UsageError."""
    for modifier in plan.modifiers:
        if modifier.title == title:
            return plan.with_modifier(with_text(modifier, name, text))
    raise KeyError(title)


def fitting_quantization(plan: Optimization) -> Quantization:
    """One that fits the plan's schedule; of no layer yet."""
    return default_quantization(
        plan.find(Epochs) or Epochs(),
        plan.find(Pruning) or plan.find(ChannelPruning),
        plan.find(LearningRate),
    )


def _quantization(plan: Optimization) -> Quantization:
    """The plan's own, else one that fits its schedule, with all that loses nothing."""
    return plan.find(Quantization) or replace(fitting_quantization(plan), respelled=True)


def _with_quantized(plan: Optimization, layers: frozenset[LayerId]) -> Optimization:
    if layers == plan.quantized:
        return plan
    if not layers:
        rest = tuple(one for one in plan.modifiers if not isinstance(one, Quantization))
        return replace(plan, modifiers=rest)
    return plan.with_modifier(
        replace(_quantization(plan), layers=tuple(sorted(layers)), found=None)
    )


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
