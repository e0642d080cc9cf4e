"""Mends a narrowed model without training: one pass of least squares in graph order.

Each product behind a cut is fitted anew, from what it is given now to what it put out in the
original, with a pull towards the weights that it has. So later products also make up for what
earlier ones still miss.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from sparsify_tui.analyses.channels.calibration import Calibration
from sparsify_tui.analyses.channels.missing import Missing
from sparsify_tui.analyses.channels.rows import row_form
from sparsify_tui.core.channels.ridge import Correction, best_of, bias_of, fitted
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.protocols import Array, Engine
from sparsify_tui.onnxio.channels import ChannelGraph, Product, Removed
from sparsify_tui.onnxio.channels.slices import Proto
from sparsify_tui.onnxio.channels.weights import ProductWeights


class Repair:
    """Of one narrowed model, whose weights `run` changes in place.

    Args:
        graph: Of the original.
        removed: Units that are gone, by group.
        narrowed: What the graph was cut to.
        calibration: With samples that are held out.
        engine: That runs both models.
        threads: That work on one operation.
    """

    def __init__(
        self,
        graph: ChannelGraph,
        removed: Removed,
        narrowed: Proto,
        *,
        calibration: Calibration,
        engine: Engine,
        threads: int,
    ) -> None:
        self._graph = graph
        self._removed = removed
        self._weights = ProductWeights(narrowed)
        self._missing = Missing(graph.proto, narrowed, calibration, engine, threads)

    def run(self, *, only_next: bool = False, on_all: bool = False) -> tuple[LayerId, ...]:
        """Mends product after product; the layers that were changed.

        Args:
            only_next: Whether those are left alone that take no cut channels themselves: much
                quicker, and enough to tell what one group matters.
            on_all: Whether weights that proved good on held-out samples are fitted on these, too.

        Raises:
            ModelError: The model cannot be run in pieces.
        """
        changed: dict[LayerId, None] = {}
        for product in self._behind_cuts(only_next=only_next):
            found = self._correction(product, on_all=on_all)
            if found is None or found.is_empty:
                continue
            self._weights.change(product, found.weights, found.bias.ravel())
            if product.layer is not None:
                changed[product.layer] = None
        return tuple(changed)

    def _behind_cuts(self, *, only_next: bool) -> Iterator[Product]:
        """Products whose input has lost channels, or depends on what such ones put out."""
        cut = {
            product.node
            for product in self._graph.products
            if product.weight_input_axis is not None
            and not self._kept(product.data, product.data_axis).all()
        }
        reached = frozenset() if only_next else self._missing.slices.reached(cut)
        for product in self._graph.products:
            if product.node in cut or product.data in reached:
                yield product

    def _kept(self, tensor: str, axis: int) -> Array:
        return self._graph.kept(tensor, axis, self._removed)

    def _correction(self, product: Product, *, on_all: bool) -> Correction | None:
        """The best change on held-out rows; None where nothing can be changed."""
        form = row_form(product, self._weights)
        is_solvable = form.is_solvable and self._weights.is_own(product)
        has_bias = self._weights.has_bias(product)
        if not is_solvable and not has_bias:
            return None
        folds, held_out = self._missing.sums(
            product,
            form if is_solvable else form.for_bias,
            kept=self._kept(product.output, product.output_axis),
            with_inputs=is_solvable,
        )
        if not is_solvable:
            return best_of([bias_of(folds)], held_out)
        fits = [fitted(folds, has_bias=has_bias)]
        if on_all:
            fits.append(fitted([*folds, held_out], has_bias=has_bias))
        others = [bias_of(folds)] if has_bias else []
        if form.is_transposed:
            outputs = self._outputs(product)
            fits = [_with_one_bias(one, outputs) for one in fits]
            others = [_with_one_bias(one, outputs) for one in others]
        best = _in_place_of(fits[0], fits[-1], best_of([fits[0], *others], held_out))
        if not form.is_transposed:
            return best
        return replace(best, bias=best.bias.reshape(self._outputs(product), -1)[:, 0])

    def _outputs(self, product: Product) -> int:
        return int(self._kept(product.output, product.output_axis).sum())


def _with_one_bias(change: Correction, outputs: int) -> Correction:
    """With the mean of the bias over the places of a kernel, which share theirs."""
    bias = change.bias.reshape(outputs, -1)
    same = np.broadcast_to(bias.mean(axis=1, keepdims=True), bias.shape)
    return replace(change, bias=same.reshape(change.bias.shape))


def _in_place_of(judged: Correction, final: Correction, chosen: Correction) -> Correction:
    """What was chosen, with the final one for each product that chose the judged one's weights."""
    is_same = (judged.weights == chosen.weights).all(axis=(1, 2))
    is_fitted = is_same & judged.weights.any(axis=(1, 2))
    return Correction(
        weights=np.where(is_fitted[:, None, None], final.weights, chosen.weights),
        bias=np.where(is_fitted[:, None], final.bias, chosen.bias),
    )
