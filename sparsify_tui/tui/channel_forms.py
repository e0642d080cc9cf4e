"""What the editor asks before it searches or narrows channels, and what the answers mean."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from sparsify_tui.core.channels.groups import ChannelGroup
from sparsify_tui.core.modifiers import ChannelPruning
from sparsify_tui.core.modifiers.channels import REPAIRS, SELECTIONS
from sparsify_tui.errors import UsageError
from sparsify_tui.tui.dialogs.field import Field
from sparsify_tui.tui.plan_forms import search_fields

AIMS = ("default", "speed-up", "max loss")
"""What the search is to reach: what is good enough by its own rule, a speed, or a loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """What a search for narrower channels is asked for."""

    batch: int = 1
    threads: int
    speed_up: float | None = None
    max_loss: float | None = None
    selection: str = SELECTIONS[0]
    repair: str = REPAIRS[0]


def channel_search_fields(cores: int) -> tuple[Field, ...]:
    """For what setup narrower channels have to pay, and how far to go."""
    return (
        *search_fields(cores),
        Field(
            name="aim",
            label="Target",
            kind="choice",
            choices=AIMS,
            value=AIMS[0],
            help="default: the fastest whose loss is small; else the limit below.",
        ),
        Field(
            name="limit",
            label="Limit",
            help="speed-up such as 1.8; max loss such as 0.02 (MSE ÷ variance).",
            check=_check_limit,
        ),
        selection_field(),
        Field(
            name="repair",
            label="Repair",
            kind="choice",
            choices=REPAIRS,
            value=REPAIRS[0],
            help="auto: fits what is left to the old outputs where held-out samples gain.",
        ),
    )


def selection_field(selection: str = SELECTIONS[0]) -> Field:
    """How the units that go are chosen."""
    return Field(
        name="selection",
        label="Which go",
        kind="choice",
        choices=SELECTIONS,
        value=selection,
        help="obs and activation look at calibration data, l2 at the weights alone.",
    )


def uniform_fields(channels: ChannelPruning | None, default: float) -> tuple[Field, ...]:
    """One level for all groups; which units go is asked only where that is not known yet."""
    target = channels.target if channels else default
    level = Field(
        name="level",
        label="Units that go %",
        kind="float",
        value=f"{target * 100:g}",
        help="Of each group that is not locked, to the nearest width that runs well.",
        check=_check_percent,
    )
    return (level,) if channels else (level, selection_field())


def search_request(answers: Mapping[str, str]) -> SearchRequest:
    """The request of a form's answers.

    Raises:
        UsageError: A target without its limit.
    """
    aim, limit = answers["aim"], answers["limit"].strip()
    if aim != AIMS[0] and not limit:
        raise UsageError(f"The target {aim} needs its limit.", "Fill in Limit, or take default.")
    return SearchRequest(
        batch=int(answers["batch"]),
        threads=int(answers["threads"]),
        speed_up=float(limit) if aim == AIMS[1] else None,
        max_loss=float(limit) if aim == AIMS[2] else None,
        selection=answers["selection"],
        repair=answers["repair"],
    )


def level_of(answers: Mapping[str, str]) -> float:
    """The share of the units that go."""
    return float(answers["level"]) / 100


def width_from_text(text: str, group: ChannelGroup, present: int) -> int:
    """`48`, `+8`, `-8`, `50%` or `all` as units that stay. Raises UsageError on anything else."""
    wanted = text.strip()
    if wanted in ("all", "dense", "off"):
        return group.size
    try:
        if wanted.endswith("%"):
            kept = round(group.size * float(wanted.removesuffix("%")) / 100)
        else:
            kept = int(wanted) + (present if wanted[:1] in "+-" else 0)
    except (ValueError, OverflowError):
        raise UsageError(f"A width is like 48, +8, 50% or all, not {text!r}.") from None
    if kept < 1:
        raise UsageError(f"At least one unit stays, so {text!r} cannot be.")
    return min(kept, group.size)


def _check_percent(text: str) -> str | None:
    return None if 0 < float(text) < 100 else "Between 0 and 100."


def _check_limit(text: str) -> str | None:
    try:
        return None if not text or 0 < float(text) < math.inf else "Above 0."
    except ValueError:
        return "A number is needed, or nothing."
