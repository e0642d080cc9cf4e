"""Builds the changed model that is measured or written: pruned, rewritten, in int8."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from sparsify_tui.analyses.opened import Opened
from sparsify_tui.analyses.samples import Samples
from sparsify_tui.core.changes import Changes
from sparsify_tui.core.model import LayerId
from sparsify_tui.engines import engine_of
from sparsify_tui.errors import ModelError
from sparsify_tui.onnxio.load import LoadedModel
from sparsify_tui.onnxio.quantize import (
    Prepared,
    QuantLayer,
    Ranges,
    exposed,
    observed_tensors,
    prepare,
    quantizable_layers,
    quantize,
)
from sparsify_tui.onnxio.rewrite import prune_layers, through_files, write_model
from sparsify_tui.onnxio.weights import Constants

MOST_CALIBRATION_SAMPLES = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What the changed file really holds."""

    levels: Mapping[LayerId, float] = field(default_factory=dict)
    """Sparsity of each layer that was pruned."""
    int8: tuple[LayerId, ...] = ()
    repairs: tuple[str, ...] = ()
    """What else had to be changed, in words."""
    calibration: str = ""
    """What the int8 ranges were taken from, in words."""


def build_changed(opened: Opened, changes: Changes, target: Path) -> Reached:
    """Writes the changed model.

    Raises:
        ModelError: A layer that is to be int8 cannot be, or the model cannot be prepared.
        UsageError: A layer is unknown, or a level is out of range.
    """
    loaded = opened.loaded
    proto, levels = prune_layers(loaded, opened.model, dict(changes.levels))
    if not changes.needs_preparation:
        write_model(proto, target)
        return Reached(levels=levels)
    pruned = replace(loaded, proto=proto, constants=Constants(proto.graph))
    forms = FloatForm(opened, pruned, respell=changes.respelled, folder=target.parent)
    if not changes.int8:
        write_model(forms.prepared.proto, target)
        return Reached(levels=levels, repairs=forms.prepared.repairs)
    forms.write_int8(changes.int8, target, between=changes.between)
    return Reached(
        levels=levels,
        int8=changes.int8,
        repairs=forms.prepared.repairs,
        calibration=forms.calibration,
    )


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
        self._folder = folder
        self._engine = engine_of()
        simplify = through_files(self._engine.simplify)
        self.prepared: Prepared = prepare(loaded, simplify, respell=respell)

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
