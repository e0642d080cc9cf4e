"""What the products of a changed model lack, compared with the original, along one pass."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sparsify_tui.analyses.channels.calibration import Calibration
from sparsify_tui.analyses.channels.live import LiveRun
from sparsify_tui.analyses.channels.rows import RowForm
from sparsify_tui.core.channels.ridge import FOLDS, Sums, sums_of
from sparsify_tui.core.protocols import Array, Engine
from sparsify_tui.onnxio.channels import Product
from sparsify_tui.onnxio.channels.slices import Proto, Slices

Bools = NDArray[np.bool_]
_FITTED_ROWS, _JUDGED_ROWS = 8192, 4096


class Missing:
    """Runs both models side by side, as far as the product that is asked for.

    Args:
        before: The original.
        after: The changed model, whose weights may change behind the product asked for last.
        calibration: With samples that are held out.
        engine: That runs both models.
        threads: That work on one operation.
    """

    def __init__(
        self,
        before: Proto,
        after: Proto,
        calibration: Calibration,
        engine: Engine,
        threads: int,
    ) -> None:
        self._fitted = len(calibration.fit_batches)
        self._judged = len(calibration.held_out_batches)
        self.slices = Slices(before)
        batches = (*calibration.fit_batches, *calibration.held_out_batches)
        self._before = LiveRun(self.slices, engine, threads, batches)
        self._after = LiveRun(Slices(after), engine, threads, batches)

    def sums(
        self,
        product: Product,
        form: RowForm,
        *,
        kept: Bools | None = None,
        with_inputs: bool = True,
    ) -> tuple[list[Sums], Sums]:
        """Of the inputs it gets now and what its output lacks: by fold, and of held-out rows.

        Args:
            product: One behind all that were asked for.
            form: How its rows are read.
            kept: Its output channels that the changed model still has; all by default.
            with_inputs: Whether the inputs count; else there are sums of the outputs alone.

        Raises:
            ModelError: The model cannot be run in pieces.
        """
        folds: list[Sums | None] = [None] * (FOLDS + 1)
        for batch, (rows, lacking) in enumerate(self._rows(product, form, kept)):
            fold = batch % FOLDS if batch < self._fitted else FOLDS
            sums = sums_of(rows if with_inputs else rows[..., :0], lacking)
            known = folds[fold]
            folds[fold] = sums if known is None else known + sums
        *fitted, held_out = folds
        assert held_out is not None, "a repair needs held-out samples"
        return [one for one in fitted if one is not None], held_out

    def _rows(
        self, product: Product, form: RowForm, kept: Bools | None
    ) -> Iterator[tuple[Array, Array]]:
        """Of each batch: inputs now, and what the output lacks, both [groups, places, …]."""
        # the changed model may have nodes of its own, which work out its shapes
        self._after.advance(self._after.slices.place(product.node))
        self._before.advance(self.slices.place(product.node) + 1)
        batches = zip(
            self._after.tensors(product.data),
            self._after.peek(product.output),
            self._before.tensors(product.output),
            strict=True,
        )
        for at, (data, output, wanted) in enumerate(batches):
            is_judging = at >= self._fitted
            most = _JUDGED_ROWS // self._judged if is_judging else _FITTED_ROWS // self._fitted
            places = form.places(data, output, max(most, 1), at)
            found = form.outputs(wanted, places)
            rows = found if kept is None else np.compress(kept, found, axis=1)
            missing = form.grouped(rows - form.outputs(output, places))
            yield form.inputs(data, output.shape[2:], places), missing
