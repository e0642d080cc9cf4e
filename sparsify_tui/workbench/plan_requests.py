"""What an optimization is to be like, and what of it can be refused at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sparsify_tui.core.channels.front import ChannelAnalysis, ChannelSearch
from sparsify_tui.core.modifiers.pruning import SCOPES
from sparsify_tui.core.placement import Placement
from sparsify_tui.core.project import Project
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import ModelError, UsageError

DEFAULT_SPARSITY = 0.5
UNSTRUCTURED, CHANNEL = STRUCTURES = ("unstructured", "channel")
"""What pruning removes: single weights, or whole channels, hidden units and heads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What an optimization is to be like."""

    sparsity: float | None = DEFAULT_SPARSITY
    """None prunes nothing; of channels, it is the share of the units that go."""
    structure: str = UNSTRUCTURED
    """One of STRUCTURES."""
    channels: ChannelAnalysis | ChannelSearch | None = None
    """Of the structure `channel`: what a sparsity is spread over, or a search that chose."""
    repair: str = "auto"
    """Of the structure `channel`: one of REPAIRS."""
    placement: Placement | None = None
    """Where int8 goes; searched on the dense weights, since zeros change no int8 speed."""
    scope: str = "uniform"
    name: str = ""
    levels: Mapping[str, float] = field(default_factory=dict)
    """Levels of single layers or groups, which are locked to them.

    Of a group, what is above 1 is the number of units that stay, whether it runs well or not.
    """
    locks: Sequence[str] = ()
    """Layers that stay dense, or groups that stay whole."""
    epochs: float | None = None
    """Length of the training in place of the derived one."""
    rates: tuple[float, float | None] | None = None
    """Initial and final learning rate in place of the training settings'."""


def check_request(project: Project, request: PlanRequest) -> None:
    """Refuses what makes no sense whatever a search will find.

    Raises:
        UsageError: A level, or what it is for, makes no sense.
        ModelError: The model has nothing to prune.
    """
    if request.structure == CHANNEL:
        _check_channels(request)
        return
    if request.sparsity is None:
        _check_unpruned(request)
        return
    if not project.model.prunable:
        raise ModelError(
            "The model has no prunable layer.",
            "Pruning needs Conv, ConvTranspose, Gemm or MatMul with constant weights.",
        )
    _check_sparsity(request.sparsity)
    if request.scope not in SCOPES:
        raise UsageError(f"The spread is one of {', '.join(SCOPES)}, not {request.scope!r}.")
    for reference, level in request.levels.items():
        if not 0 <= level < 1:
            raise UsageError(f"The level of {clean_text(reference)} must lie in 0 to 1.")


def _check_sparsity(sparsity: float) -> None:
    if not 0 < sparsity < 1:
        raise UsageError(f"The sparsity must lie between 0 and 1, not {sparsity:g}.")


def _check_channels(request: PlanRequest) -> None:
    if request.scope != SCOPES[0]:
        raise UsageError(
            f"The spread {clean_text(request.scope)} ranks single weights, not channels.",
            "Leave --spread away; without --sparsity a search weighs the groups by what they cost.",
        )
    if request.sparsity is not None:
        _check_sparsity(request.sparsity)
    for reference, level in request.levels.items():
        if level < 0 or (level > 1 and level != round(level)):
            raise UsageError(
                f"The level of {clean_text(reference)} must lie in 0 to 1, or be a whole number "
                "of units that stay."
            )


def _check_unpruned(request: PlanRequest) -> None:
    if request.levels or request.locks:
        raise UsageError(
            "A layer's own level or lock shapes a pruning, and none is asked for.",
            "Add --sparsity S.",
        )
