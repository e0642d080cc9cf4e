"""Which layers go together in a channel profile, and how many of their units stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sparsify_tui.core.loss_profile import GroupLoss
from sparsify_tui.core.text import clean_text, shorten
from sparsify_tui.core.units import NOT_MEASURED
from sparsify_tui.tui.loss.entries import Entry, LossView
from sparsify_tui.tui.loss.figures import aspects_of

_LONGEST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """The groups of a profile, seen at one level."""

    labels: tuple[tuple[str, str], ...]
    """What to call each layer."""
    at: int
    """Place of the level."""

    @classmethod
    def of(cls, view: LossView) -> Groups:
        """As the chosen level is."""
        return cls(
            labels=tuple((entry.key, entry.label) for entry in view.entries if entry.groups),
            at=view.aspect.at if view.aspect else 0,
        )

    def stay(self, entry: Entry) -> float | None:
        """The share of the units of a layer that stays; None where nothing is cut."""
        kept = self._kept(entry)
        return None if kept is None else kept / entry.groups[0].group.size

    def stay_text(self, entry: Entry) -> str:
        """How many of how many units stay."""
        return stay_text(entry, self.at) or NOT_MEASURED

    def partners(self, entry: Entry) -> str:
        """The other layers whose channels go when a layer's do."""
        return ", ".join(partners_of(entry, dict(self.labels)))

    def _kept(self, entry: Entry) -> int | None:
        return next((one.kept[self.at] for one in entry.groups[:1] if one.kept), None)


def partners_of(entry: Entry, labels: dict[str, str]) -> tuple[str, ...]:
    """Labels of the other layers of a layer's group."""
    producers = entry.groups[0].group.producers if entry.groups else ()
    return tuple(labels.get(one, one) for one in producers if one != entry.key)


def group_lines(view: LossView, entry: Entry) -> list[str]:
    """What goes together with a layer, how many units stay, and what else it makes."""
    if not entry.groups:
        return []
    first, *others = entry.groups
    labels = {one.key: one.label for one in view.entries}
    partners = partners_of(entry, labels)
    group = first.group
    step = f", in steps of {group.step}" if group.step > 1 else ""
    takers = ", ".join(shorten(labels.get(one, one), _LONGEST) for one in group.consumers)
    return [
        clean_text(line, 400)
        for line in (
            f"{group.size} {group.kind}s{step}",
            f"goes with {', '.join(partners)}" if partners else "goes alone",
            f"taken by {takers}" if takers else "",
            *(f"also makes {_other(view, one)}" for one in others),
        )
        if line
    ]


def stay_text(entry: Entry, at: int) -> str:
    """How many units were left for a level, of how many: not every number runs well."""
    one = entry.groups[0] if entry.groups else None
    return f"{one.kept[at]}/{one.group.size}" if one is not None and one.kept else ""


def _other(view: LossView, one: GroupLoss) -> str:
    values: Sequence[str] = [
        f"{aspect.title} {aspect.figure_of(one.pruning).text}"
        for aspect in aspects_of(view.profile)
    ]
    return f"{one.group.size} {one.group.kind}s of their own: {', '.join(values)}"
