"""The layers of a loss profile as rows of a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from rich.text import Text

from sparsify_tui.core.loss_profile import LayerLoss
from sparsify_tui.core.units import NOT_MEASURED, format_count, format_percent
from sparsify_tui.tui.cells import cell, name_cell
from sparsify_tui.tui.loss.entries import Entry, LossView
from sparsify_tui.tui.loss.figures import Aspect, aspects_of
from sparsify_tui.tui.loss.groups import Groups
from sparsify_tui.tui.loss.summary import is_of_runs
from sparsify_tui.tui.symbols import SymbolSet
from sparsify_tui.tui.widgets.inline_bar import sparkline_text
from sparsify_tui.tui.widgets.table_model import Column, Late, Row, SortValue

_MAIN_LEVELS = (0.5, 0.8, 0.9, 0.95)
_SPARK = 10
AT = Column(key="at", title="#", width=4, justify="right", priority=6)
NAME = Column(key="name", title="layer", width=15, grows=True)
_OP = Column(key="op", title="op", width=6, priority=5)
_PARAMS = Column(key="params", title="params", width=6, justify="right", priority=3)
_SHARE = Column(key="share", title="time", width=5, justify="right", priority=4)
_CURVE = Column(key="curve", title="sqrt curve", width=_SPARK, sortable=False, priority=2)
_SAMPLES = Column(key="samples", title="samples", width=7, justify="right", priority=9)
_SETTLED = Column(key="settled", title="settled", width=7, priority=9)
_STAY = Column(key="stay", title="stay", width=7, justify="right", priority=1)
_PARTNERS = Column(key="partners", title="goes with", width=16, priority=2)
_VALUE = Column(key="", title="", width=6, justify="right", priority=7)
_DROP = replace(_VALUE, width=9, priority=10)


def loss_columns(view: LossView) -> tuple[Column, ...]:
    """What is known of a layer; the chosen level or scheme is pointed at and always in sight."""
    profile, aspects = view.profile, aspects_of(view.profile)
    main = _main_keys(aspects)
    chosen = view.aspect.key if view.aspect else ""
    values = [
        replace(
            _VALUE,
            key=one.key,
            title=one.title,
            is_pointed=one.key == chosen,
            priority=0 if one.key == chosen else 1 if one.key in main else _VALUE.priority,
        )
        for one in aspects
    ]
    drops = [
        replace(_DROP, key=f"drop {one.key}", title=f"drop {one.title}")
        for one in aspects
        if profile.score
    ]
    measured = (_SAMPLES, _SETTLED) if is_of_runs(profile) else ()
    share = (_SHARE,) if view.has_times else ()
    grouped = (_STAY, _PARTNERS) if profile.groups else ()
    return (AT, NAME, _OP, _PARAMS, *share, *values, *grouped, _CURVE, *measured, *drops)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Maker:
    """Makes the rows of one profile; what all rows share is worked out once."""

    aspects: tuple[Aspect, ...]
    drops: tuple[Aspect, ...]
    """The same, as falls of the metric; empty without labels."""
    symbols: SymbolSet
    groups: Groups | None
    """None for a profile of layers."""

    @classmethod
    def of(cls, view: LossView, symbols: SymbolSet) -> _Maker:
        profile, aspects = view.profile, aspects_of(view.profile)
        drops = tuple(replace(one, is_drop=True) for one in aspects if profile.score)
        groups = Groups.of(view) if profile.groups else None
        return cls(aspects=aspects, drops=drops, symbols=symbols, groups=groups)

    def row(self, at: int, entry: Entry) -> Row:
        """Its cells are made when it is first in sight: there may be a thousand others."""
        status = entry.loss.status if entry.loss else "not measured"
        return Row(
            key=entry.key,
            cells=Late(partial(self._cells, at, entry)),
            sort_values=Late(partial(self._sort_values, at, entry)),
            search=f"{entry.label} {entry.op_type} {status} {self._partners(entry)}".rstrip(),
        )

    def _sort_values(self, at: int, entry: Entry) -> dict[str, SortValue]:
        values: dict[str, SortValue] = {
            "at": at,
            "name": entry.label,
            "op": entry.op_type,
            "params": entry.params,
            "share": entry.share,
            "stay": self.groups.stay(entry) if self.groups else None,
            "partners": self._partners(entry),
        }
        loss = entry.loss
        if loss is None:
            return values
        values |= {"samples": _samples(loss), "settled": float(loss.settled)}
        return values | self._by_key(loss)

    def _by_key(self, loss: LayerLoss) -> dict[str, SortValue]:
        """Values and drops, read in the order of the aspects: this is done for every layer."""
        sides = (loss.pruning, loss.quantization)
        levels = [one for one in self.aspects if one.level is not None]
        schemes = self.aspects[len(levels) :]
        found: dict[str, SortValue] = {}
        for aspects, side in zip((levels, schemes), sides, strict=True):
            found |= zip((one.key for one in aspects), side.values, strict=False)
            if self.drops:
                found |= zip(map(_drop_key, aspects), side.drops, strict=False)
        return found

    def _cells(self, at: int, entry: Entry) -> dict[str, Text]:
        loss = entry.loss
        figures = {one.key: one.figure(loss) for one in self.aspects}
        style = "" if any(one.value is not None for one in figures.values()) else "dim"
        texts = {
            "at": str(at),
            "params": format_count(entry.params),
            "share": format_percent(entry.share),
            "samples": str(_samples(loss) or NOT_MEASURED) if loss else NOT_MEASURED,
            "settled": "yes" if loss and loss.settled else "",
            "stay": self.groups.stay_text(entry) if self.groups else "",
            **{key: one.text for key, one in figures.items()},
            **{_drop_key(one): one.figure(loss).text for one in self.drops},
        }
        partners = self._partners(entry)
        shape = [figures[one.key].value for one in self.aspects if one.level is not None]
        return {
            **{key: cell(text, style) for key, text in texts.items()},
            "name": name_cell(entry.label, style),
            "op": name_cell(entry.op_type, style) if entry.op_type else cell(""),
            "partners": name_cell(partners, style) if partners else cell(""),
            "curve": self._curve(shape, style),
        }

    def _partners(self, entry: Entry) -> str:
        return self.groups.partners(entry) if self.groups else ""

    def _curve(self, values: Sequence[float | None], style: str) -> Text:
        if all(value is None for value in values):
            return cell("not meas.", style)
        shape = [None if value is None else math.sqrt(max(0.0, value)) for value in values]
        return sparkline_text(shape, _SPARK, symbols=self.symbols, style=style)


class LossRows:
    """The rows in sight: the same ones again as long as nothing of their layers changes."""

    def __init__(self) -> None:
        self._maker: _Maker | None = None
        self._kept: dict[str, tuple[int, Entry, Row]] = {}

    def rows(self, view: LossView, symbols: SymbolSet) -> list[Row]:
        """One row for each layer, in graph order."""
        maker = _Maker.of(view, symbols)
        if maker != self._maker:
            self._maker, self._kept = maker, {}
        for at, entry in enumerate(view.entries):
            kept = self._kept.get(entry.key)
            if kept is None or kept[:2] != (at, entry):
                self._kept[entry.key] = (at, entry, maker.row(at, entry))
        return [self._kept[entry.key][2] for entry in view.entries]


def _main_keys(aspects: Sequence[Aspect]) -> set[str]:
    """The levels nearest to those that matter most, and the first scheme."""
    levels = [one for one in aspects if one.level is not None]
    nearest = {
        min(levels, key=lambda one: abs((one.level or 0) - wanted)).key
        for wanted in _MAIN_LEVELS
        if levels
    }
    first = next((one.key for one in aspects if one.level is None), None)
    return nearest | ({first} if first else set())


def _drop_key(aspect: Aspect) -> str:
    return f"drop {aspect.key}"


def _samples(loss: LayerLoss) -> int | None:
    """The most that a value of the layer rests on."""
    return max((*loss.pruning.samples, *loss.quantization.samples), default=0) or None
