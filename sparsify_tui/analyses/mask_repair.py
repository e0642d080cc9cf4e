"""Prunes layers one after the other, and repairs what is left of each.

A layer is fitted from what it is given now to what it put out before, so that later layers also
make up for what earlier ones still miss. Its level stays exactly what was asked for.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from sparsify_tui.analyses.channels.guarded import Judged
from sparsify_tui.analyses.channels.missing import Missing
from sparsify_tui.analyses.channels.model import ChannelModel
from sparsify_tui.analyses.channels.rows import row_form
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.repaired import Repaired
from sparsify_tui.core.sparse_obs import pruned_weights
from sparsify_tui.errors import ModelError
from sparsify_tui.onnxio.channels import Product
from sparsify_tui.onnxio.channels.slices import Proto
from sparsify_tui.onnxio.channels.weights import ProductWeights
from sparsify_tui.onnxio.rewrite import prune_layers
from sparsify_tui.onnxio.weights import Constants

_NO_GAIN = "on held-out samples its plain mask is as good"
_NOT_BETTER = "it was not surely better"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunedModel:
    """A copy with zeros, repaired or not."""

    proto: Proto
    levels: Mapping[LayerId, float]
    """Sparsity of each layer that was pruned."""
    report: Repaired | None = None
    """What became of the repair; None where none was asked for."""


class MaskRepair:
    """Zeros in one form of a model.

    Args:
        model: With calibration samples, and the products by which layers are found.
        form: What is pruned: the form of `model`, or that without some channels.
        levels: Sparsity wanted by layer.
    """

    def __init__(self, model: ChannelModel, form: Proto, levels: Mapping[LayerId, float]) -> None:
        self._model = model
        self._form = form
        self._levels = levels
        self._products = {
            one.layer: one
            for one in model.graph.products
            if one.layer is not None and one.layer in levels
        }

    def plain(self) -> PrunedModel:
        """Without the weights of least magnitude.

        Raises:
            UsageError: A layer is unknown, cannot be pruned or is not in this form, or a level
                is out of range.
        """
        proto, reached = self._pruned(self._levels)
        return PrunedModel(proto=proto, levels=reached)

    def repaired(self) -> PrunedModel:
        """Repaired where that is surely better on held-out samples, else `plain`.

        Raises:
            UsageError: As `plain`.
        """
        plain = self.plain()
        if not self._model.calibration.held_out_batches:
            cause = "the samples are too few to keep some for judging"
            return replace(plain, report=self._report(cause=cause))
        try:
            before = self._model.judge.judged(plain.proto)
            mended, layers, left = self._mended()
            after = self._model.judge.judged(mended.proto)
        except ModelError as error:
            return replace(plain, report=self._report(cause=error.message))
        report = replace(
            self._report(left=left, cause="" if layers else "no layer gained by it"),
            before=_known(before),
            after=_known(after),
        )
        if not layers or not after.is_surely_below(before):
            return replace(plain, report=replace(report, cause=report.cause or _NOT_BETTER))
        return replace(mended, report=replace(report, layers=layers))

    def _mended(self) -> tuple[PrunedModel, tuple[LayerId, ...], dict[LayerId, str]]:
        """With each layer repaired where that helps it; those that are, and why others are not."""
        left = dict(self._unsuited())
        proto, reached = self._pruned({layer: self._levels[layer] for layer in left})
        weights, missing = ProductWeights(proto), self._missing(proto)
        repaired: list[LayerId] = []
        for layer, product in self._products.items():
            if layer in left:
                continue
            if _repair(product, self._levels[layer], weights, missing):
                repaired.append(layer)
            else:
                left[layer] = _NO_GAIN
            reached[layer] = 1 - float(np.mean(weights.matrix(product) != 0))
        return PrunedModel(proto=proto, levels=reached), tuple(repaired), left

    def _unsuited(self) -> Iterator[tuple[LayerId, str]]:
        """Layers that can only be pruned, and why."""
        weights = ProductWeights(self._form)
        counts = Counter(product.layer for product in self._model.graph.products)
        for layer in self._levels:
            product = self._products.get(layer)
            if product is None:
                yield layer, "it is no product of the main graph"
            elif counts[layer] > 1 or not weights.is_own(product):
                yield layer, "other nodes share its weight, or it is stored in another form"
            elif not row_form(product, weights).is_solvable:
                yield layer, "its windows overlap"

    def _pruned(self, levels: Mapping[LayerId, float]) -> tuple[Proto, dict[LayerId, float]]:
        opened = self._model.opened
        constants = Constants(self._form.graph)
        loaded = replace(opened.loaded, proto=self._form, constants=constants)
        places = {layer: product.weight for layer, product in self._products.items()}
        return prune_layers(loaded, opened.model, levels, places)

    def _missing(self, pruned: Proto) -> Missing:
        opened, calibration = self._model.opened, self._model.calibration
        return Missing(self._form, pruned, calibration, opened.engine, opened.options.threads)

    def _report(
        self, *, cause: str, left: Mapping[LayerId, str] = MappingProxyType({})
    ) -> Repaired:
        return Repaired(
            what="zeros",
            before=None,
            after=None,
            left=tuple(left.items()),
            cause=cause,
            samples=self._model.calibration.words,
        )


def _repair(product: Product, level: float, weights: ProductWeights, missing: Missing) -> bool:
    """Prunes the weight of a product; returns whether it was repaired, too."""
    form = row_form(product, weights)
    folds, held_out = missing.sums(product, form)
    found = pruned_weights(
        weights.matrix(product).transpose(0, 2, 1),
        level,
        folds,
        held_out,
        has_bias=weights.has_bias(product) and not form.is_transposed,
    )
    weights.change(product, found.change.weights, found.change.bias.ravel())
    return found.is_repaired


def _known(judged: Judged) -> float | None:
    return judged.error if math.isfinite(judged.error) else None
