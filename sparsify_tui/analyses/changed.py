"""Builds the changed model that is measured or written: pruned, rewritten, in int8."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from sparsify_tui.analyses.channels.model import ChannelModel, Narrowed
from sparsify_tui.analyses.mask_repair import MaskRepair, PrunedModel
from sparsify_tui.analyses.opened import Opened
from sparsify_tui.analyses.samples import Samples
from sparsify_tui.core.changes import Changes
from sparsify_tui.core.channels.groups import ChannelGroup
from sparsify_tui.core.model import LayerId, Model
from sparsify_tui.core.modifiers.channels import REPAIRS
from sparsify_tui.core.repaired import CutGroup, LayerWeight, Repaired
from sparsify_tui.core.text import clean_text
from sparsify_tui.engines import engine_of
from sparsify_tui.errors import ModelError, UsageError
from sparsify_tui.onnxio.channels.slices import Proto
from sparsify_tui.onnxio.load import LoadedModel
from sparsify_tui.onnxio.quantize import (
    Prepared,
    QuantLayer,
    Ranges,
    as_stored,
    exposed,
    observed_tensors,
    prepare,
    quantizable_layers,
    quantize,
    stored_weights,
)
from sparsify_tui.onnxio.rewrite import prune_layers, through_files, write_model
from sparsify_tui.onnxio.weights import Constants

MOST_CALIBRATION_SAMPLES = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What the changed file really holds."""

    levels: Mapping[LayerId, float] = field(default_factory=dict)
    """Sparsity of each layer that was pruned."""
    weights: tuple[LayerWeight, ...] = ()
    """Of every layer that was changed, in graph order."""
    int8: tuple[LayerId, ...] = ()
    channels: tuple[CutGroup, ...] = ()
    """Groups of channels that lost some."""
    repaired: tuple[Repaired, ...] = ()
    """Each repair that was asked for, kept or not."""
    repairs: tuple[str, ...] = ()
    """What else had to be changed, in words."""
    calibration: str = ""
    """What the int8 ranges were taken from, in words."""


def build_changed(opened: Opened, changes: Changes, target: Path) -> Reached:
    """Writes the changed model.

    Raises:
        ModelError: A layer that is to be int8 cannot be, or the model cannot be prepared.
        UsageError: A layer or a group is unknown, a level is out of range, or a unit must stay.
    """
    if changes.repair not in REPAIRS:
        raise UsageError(
            f"There is no repair {clean_text(changes.repair)}.",
            f"Choose one of {', '.join(REPAIRS)}.",
        )
    changes = _by_id(changes, opened.model)
    if changes.channels:
        return _build_narrowed(opened, changes, target)
    pruned = _pruned(opened, changes)
    if not changes.needs_preparation:
        write_model(pruned.proto, target)
        return Reached(
            levels=pruned.levels,
            weights=_weights(opened.model, pruned.levels, {}),
            repaired=_reports(pruned),
        )
    form = FloatForm(
        opened,
        replace(opened.loaded, proto=pruned.proto, constants=Constants(pruned.proto.graph)),
        respell=changes.respelled,
        folder=target.parent,
    )
    return replace(_written(form, changes, target, pruned), repaired=_reports(pruned))


def _by_id(changes: Changes, model: Model) -> Changes:
    """With ids where layers go by the names of their weights."""
    levels = ((model.layer(name), name, level) for name, level in changes.levels)
    return replace(
        changes,
        levels=tuple((layer.id if layer else name, level) for layer, name, level in levels),
    )


def _pruned(opened: Opened, changes: Changes) -> PrunedModel:
    """The model as it is stored, with zeros."""
    levels = dict(changes.levels)
    if not levels or changes.repair == "none":
        proto, reached = prune_layers(opened.loaded, opened.model, levels)
        return PrunedModel(proto=proto, levels=reached)
    model = ChannelModel(opened, as_stored(opened.loaded))
    return MaskRepair(model, model.prepared.proto, levels).repaired()


def _build_narrowed(opened: Opened, changes: Changes, target: Path) -> Reached:
    """Fewer channels first, so that levels are those of the weights that are left."""
    form = FloatForm(opened, opened.loaded, respell=changes.respelled, folder=target.parent)
    model = ChannelModel(opened, form.prepared)
    removed = {cut.id: cut.removed for cut in changes.channels if cut.removed}
    narrowed = model.narrowed(removed, repair=changes.repair)
    masks = MaskRepair(model, narrowed.proto, dict(changes.levels))
    wants_repair = bool(changes.levels) and changes.repair != "none"
    pruned = masks.repaired() if wants_repair else masks.plain()
    form.take(pruned.proto)
    groups = [group for group in model.map.groups if group.id in removed]
    touched = {layer for group in groups for layer in (*group.producers, *group.consumers)}
    reports = () if changes.repair == "none" else (_report(narrowed, model.calibration.words),)
    return replace(
        _written(form, changes, target, pruned, touched),
        channels=tuple(_cut_group(group, removed[group.id]) for group in groups),
        repaired=(*reports, *_reports(pruned)),
    )


def _written(
    form: FloatForm,
    changes: Changes,
    target: Path,
    pruned: PrunedModel,
    cut: Collection[LayerId] = (),
) -> Reached:
    """Writes a prepared form, or int8 of it, with all that can be told of the file."""
    if changes.int8:
        form.write_int8(changes.int8, target, between=changes.between)
    else:
        write_model(form.prepared.proto, target)
    changed = {*cut, *changes.int8, *pruned.levels}
    held = {one.id: one for one in form.weights() if one.id in changed}
    return Reached(
        levels=pruned.levels,
        weights=_weights(form.model, pruned.levels, held),
        int8=changes.int8,
        repairs=form.prepared.repairs,
        calibration=form.calibration if changes.int8 else "",
    )


def _weights(
    model: Model, levels: Mapping[LayerId, float], held: Mapping[LayerId, LayerWeight]
) -> tuple[LayerWeight, ...]:
    """Of all changed layers; those that are not held in another form are as they were stored."""
    stored = {
        layer.id: LayerWeight(id=layer.id, shape=layer.shape, sparsity=levels[layer.id])
        for layer in model.layers
        if layer.id in levels
    }
    found = {**stored, **held}
    return tuple(found[layer.id] for layer in model.layers if layer.id in found)


def _cut_group(group: ChannelGroup, removed: Collection[int]) -> CutGroup:
    kept = group.size - len(set(removed))
    return CutGroup(id=group.id, kind=group.kind, size=group.size, kept=kept)


def _report(narrowed: Narrowed, samples: str) -> Repaired:
    return Repaired(
        what="channels",
        before=narrowed.plain_error,
        after=narrowed.repaired_error,
        layers=narrowed.layers_repaired,
        cause="" if narrowed.repaired else narrowed.words,
        samples=samples,
    )


def _reports(pruned: PrunedModel) -> tuple[Repaired, ...]:
    return () if pruned.report is None else (pruned.report,)


class FloatForm:
    """A model's prepared float form, and every mix of int8 layers that can be made of it.

    Args:
        opened: The model and its samples.
        loaded: The same model, or a pruned copy of it.
        respell: Whether spellings that run slowly are rewritten, which is lossless.
        folder: For files that are needed for a moment.
    """

    def __init__(self, opened: Opened, loaded: LoadedModel, *, respell: bool, folder: Path) -> None:
        self._opened = opened
        self.model = opened.model
        self._folder = folder
        self._engine = engine_of()
        simplify = through_files(self._engine.simplify)
        self.prepared: Prepared = prepare(loaded, simplify, respell=respell)

    def take(self, proto: Proto) -> None:
        """Goes on with the same model after a change of its weights, before anything is asked."""
        self.prepared = replace(self.prepared, proto=proto)

    def weights(self) -> Iterator[LayerWeight]:
        """The weights of all layers that are there, in graph order; int8 keeps their shapes."""
        for layer, values in stored_weights(self.prepared, self.model).items():
            sparsity = 1 - float(np.count_nonzero(values)) / max(values.size, 1)
            yield LayerWeight(id=layer, shape=values.shape, sparsity=sparsity)

    @cached_property
    def samples(self) -> Samples:
        """What the int8 ranges are taken from."""
        file = self._opened.options.calibration
        if file is None:
            return self._opened.samples
        return self._opened.samples_of(file, self._opened.batch)

    @property
    def calibration(self) -> str:
        """What the int8 ranges were taken from, in words."""
        used = min(self.samples.count, MOST_CALIBRATION_SAMPLES)
        said = f"{used} of {self.samples.count} samples of {self.samples.source}"
        return "; ".join((said, *self.samples.problems()))

    @cached_property
    def ranges(self) -> Ranges:
        """Extremes and shapes of the tensors that may be quantised, over the samples."""
        layers = quantizable_layers(self.prepared, self._opened.model, {})
        names = observed_tensors(self.prepared, layers)
        file = self._folder / "observed.onnx"
        write_model(exposed(self.prepared, names), file)
        session = self._engine.open(file, threads=self._opened.options.threads)
        ranges = Ranges.empty()
        batch = min(
            self._opened.batch, self._opened.scoring_batch
        )  # shapes are to be the timed ones
        for feeds, rows in self.samples.batches(batch):
            outputs = session.run(feeds)
            ranges = ranges.merged({**dict(zip(session.outputs, outputs, strict=True)), **feeds})
            if rows[-1] + 1 >= MOST_CALIBRATION_SAMPLES:
                break
        file.unlink()
        return ranges

    @cached_property
    def layers(self) -> tuple[QuantLayer, ...]:
        """The layers that can be int8, in graph order."""
        return quantizable_layers(self.prepared, self._opened.model, self.ranges.shapes)

    def write_int8(
        self, chosen: Collection[LayerId], target: Path, *, between: bool = True
    ) -> None:
        """Writes the mix with the chosen layers in int8. Raises ModelError."""
        possible = {layer.id for layer in self.layers}
        if missing := [layer for layer in chosen if layer not in possible]:
            raise ModelError(
                f"The layer {missing[0]} cannot be int8 in this model.",
                "Take it out of the quantisation.",
            )
        proto = quantize(self.prepared, self.layers, self.ranges, chosen, between=between)
        write_model(proto, target)
