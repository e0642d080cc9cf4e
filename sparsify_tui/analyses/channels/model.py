"""A model whose channels can be cut: its groups, which units go first, and what is left of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from sparsify_tui.analyses.channels.calibration import Calibration, calibration_of
from sparsify_tui.analyses.channels.guarded import Judge, Judged
from sparsify_tui.analyses.channels.live import LiveRun
from sparsify_tui.analyses.channels.order import (
    Orders,
    orders_by_activation,
    orders_by_surgery,
    orders_by_weight,
)
from sparsify_tui.analyses.channels.repair import Repair
from sparsify_tui.analyses.opened import Opened
from sparsify_tui.analyses.setup import usable_memory
from sparsify_tui.core.channels.groups import ChannelMap
from sparsify_tui.core.distances import Floats
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.modifiers.channels import REPAIRS, SELECTIONS
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_score
from sparsify_tui.engines import engine_of
from sparsify_tui.errors import ModelError, UsageError
from sparsify_tui.onnxio.channels import Removed, find_channels
from sparsify_tui.onnxio.channels.slices import Proto, Slices
from sparsify_tui.onnxio.quantize import Prepared, exposed, prepare
from sparsify_tui.onnxio.rewrite import serialize, through_files

_MEMORY_SHARE = 0.25
_LIVE_TENSORS = 8
"""Of the largest, that a pass over two models holds at a time, with copies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """A smaller model, and how far it is from the original on samples that it was not fitted on."""

    proto: Proto
    error: float
    """MSE over the variance of the outputs, taken before a final Softmax or Sigmoid.

    Of weights that knew none of the samples it is taken on: the model's own may be fitted on them.
    """
    agreement: float | None
    """Share of equal top-1; None where the outputs are no class scores."""
    repaired: bool
    """Whether the weights are repaired ones; if not, this is the plain cut."""
    terms: Floats
    """Of the error, sample by sample: what an interval follows from."""
    words: str
    """What became of the repair, and why."""
    layers_repaired: tuple[LayerId, ...] = ()
    plain_error: float
    """Like `error`, of the plain cut."""
    repaired_error: float | None = None
    """Like `error`, of the repaired one, kept or not; None where none was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    proto: Proto
    judged: Judged


class ChannelModel:
    """A model's prepared float form, and all that can be cut out of it.

    Args:
        opened: The model and its samples.
        prepared: Its float form.
        step: Kept counts of channels of convolutions that run well are multiples of it.

    Raises:
        ModelError: The runtime refuses the model.
    """

    def __init__(self, opened: Opened, prepared: Prepared, *, step: int = 16) -> None:
        self.opened = opened
        self.prepared = prepared
        self._shapes = _traced_shapes(opened, prepared)
        self.graph = find_channels(prepared, opened.model, self._shapes, step=step)
        self._orders: dict[str, Orders] = {}

    @property
    def map(self) -> ChannelMap:
        """All groups."""
        return self.graph.map

    @cached_property
    def calibration(self) -> Calibration:
        """Samples to fit on, and others to judge by."""
        most = int(usable_memory() * _MEMORY_SHARE) // self._live_bytes
        return calibration_of(self.opened, most)

    def orders(self, selection: str) -> Orders:
        """Of every group: its units that may go, the one that is missed least first.

        Raises:
            UsageError: There is no such selection.
            ModelError: The model cannot be run in pieces.
        """
        if selection not in SELECTIONS:
            raise UsageError(
                f"There is no selection {clean_text(selection)}.",
                f"Choose one of {', '.join(SELECTIONS)}.",
            )
        if selection not in self._orders:
            self._orders[selection] = self._ordered(selection)
        return self._orders[selection]

    def narrowed(self, removed: Removed, *, repair: str, only_next: bool = False) -> Narrowed:
        """The model without some units.

        Args:
            removed: Units that go, by group.
            repair: `auto` fits what is left to the old outputs, and keeps that where it is surely
                better on held-out samples, fitted on those as well then; `none` leaves the cut.
            only_next: Whether only what takes cut channels is repaired, which is much quicker.

        Raises:
            UsageError: There is no such group or repair, or a unit must stay.
        """
        if repair not in REPAIRS:
            raise UsageError(
                f"There is no repair {clean_text(repair)}.", f"Choose one of {', '.join(REPAIRS)}."
            )
        plain = self._form(self.graph.cut(removed))
        words = self._why_not(removed, repair)
        if words:
            return _left_as_cut(plain, words)
        try:
            mended, layers = self._repaired(removed, only_next=only_next)
        except ModelError as error:
            return _left_as_cut(plain, f"not repaired: {error.message}")
        change = f"{format_score(plain.judged.error)} → {format_score(mended.judged.error)}"
        if not mended.judged.is_surely_below(plain.judged):
            words = f"not repaired, it was not surely better: error {change} on held-out samples"
            return _left_as_cut(plain, words, repaired_error=mended.judged.error)
        words = f"{len(layers)} layers repaired, error {change}: {self.calibration.words}"
        proto = mended.proto
        if not only_next and (whole := self._fitted_on_all(removed, mended)) is not None:
            proto, words = whole, f"{words}, then fitted on these as well"
        return Narrowed(
            proto=proto,
            error=mended.judged.error,
            agreement=mended.judged.agreement,
            terms=mended.judged.terms,
            repaired=True,
            words=words,
            layers_repaired=layers,
            plain_error=plain.judged.error,
            repaired_error=mended.judged.error,
        )

    def _repaired(
        self, removed: Removed, *, only_next: bool = False, on_all: bool = False
    ) -> tuple[_Form, tuple[LayerId, ...]]:
        proto = self.graph.cut(removed)
        repair = Repair(
            self.graph,
            removed,
            proto,
            calibration=self.calibration,
            engine=self.opened.engine,
            threads=self.opened.options.threads,
        )
        layers = repair.run(only_next=only_next, on_all=on_all)
        return self._form(proto), layers

    def _fitted_on_all(self, removed: Removed, judged: _Form) -> Proto | None:
        """The repair that was judged, fitted on the samples that judged it as well.

        Its error stays that of its twin, which knew none of them. None where it does worse than
        the twin on samples that it was even fitted on.
        """
        whole, _ = self._repaired(removed, on_all=True)
        return whole.proto if whole.judged.error < judged.judged.error else None

    def _form(self, proto: Proto) -> _Form:
        return _Form(proto=proto, judged=self.judge.judged(proto))

    def _why_not(self, removed: Removed, repair: str) -> str:
        """Why nothing is to be repaired; empty where it is to be."""
        if not any(removed.values()):
            return "nothing was cut"
        if repair == "none":
            return "repair is off"
        if not self.calibration.held_out_batches:
            return (
                "not repaired: the samples fill only one batch of the model, so that none are "
                "left to judge a repair by"
            )
        return ""

    def _ordered(self, selection: str) -> Orders:
        if selection == "l2":
            return orders_by_weight(self.graph)
        run = LiveRun(
            Slices(self.graph.proto),
            self.opened.engine,
            self.opened.options.threads,
            self.calibration.fit_batches,
        )
        ordered = orders_by_surgery if selection == "obs" else orders_by_activation
        return ordered(self.graph, run)

    @cached_property
    def judge(self) -> Judge:
        """Compares changed forms with the original on held-out samples."""
        engine, threads = self.opened.engine, self.opened.options.threads
        return Judge(self.graph.proto, engine, threads, self.calibration.judging)

    @property
    def _live_bytes(self) -> int:
        """What a pass needs for each sample, roughly."""
        made = {name for node in self.graph.proto.graph.node for name in node.output}
        sizes = [math.prod(shape) for name, shape in self._shapes.items() if name in made]
        return 4 * _LIVE_TENSORS * max(sizes, default=1) // _traced_batch(self.opened) + 1


def _left_as_cut(plain: _Form, words: str, repaired_error: float | None = None) -> Narrowed:
    return Narrowed(
        proto=plain.proto,
        error=plain.judged.error,
        agreement=plain.judged.agreement,
        terms=plain.judged.terms,
        repaired=False,
        words=words,
        plain_error=plain.judged.error,
        repaired_error=repaired_error,
    )


def channel_model(opened: Opened, *, step: int = 16) -> ChannelModel:
    """The channels of a model that is not prepared yet. Raises ModelError."""
    simplify = through_files(engine_of().simplify)
    return ChannelModel(opened, prepare(opened.loaded, simplify), step=step)


def _traced_shapes(opened: Opened, prepared: Prepared) -> dict[str, tuple[int, ...]]:
    names = [name for node in prepared.proto.graph.node for name in node.output if name]
    content = serialize(exposed(prepared, names))
    feeds = opened.feeds(_traced_batch(opened))
    with opened.named_guesses():
        return {
            **opened.engine.trace_shapes(content, feeds),
            **{name: array.shape for name, array in feeds.items()},
        }


def _traced_batch(opened: Opened) -> int:
    """Two where the model allows it, so that no batch looks like an axis of size one."""
    return opened.batch if opened.is_batch_bound else 2
