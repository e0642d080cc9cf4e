"""How long a loss profile may take, as far as earlier measurements tell."""

from __future__ import annotations

from dataclasses import dataclass

from sparsify_tui.core.anchors import anchor_levels
from sparsify_tui.core.loss_profile import FEW_SAMPLES, LossProfile, LossRequest
from sparsify_tui.core.model import Model
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.project import Project
from sparsify_tui.core.structures import CHANNEL
from sparsify_tui.core.text import clean_text

_START_S = 1.0
"""Of a child process, runtimes and model included."""
_SECONDS_A_PARAMETER = 1e-8
"""Of one histogram and its energies, with the reading of the weight."""
_SECONDS_A_LAYER = 0.05
"""Of cutting the model and loading what lies behind the layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedTime:
    """Seconds that each method would take; None where nothing tells."""

    magnitude: float
    anchors: float | None
    """Until the first complete table."""
    full: float | None
    """On all samples asked for; values that settle need fewer."""
    basis: str
    """Where the figures come from, in words."""


def expected_time(project: Project, request: LossRequest, cores: int) -> ExpectedTime:
    """The time of a request, from an earlier one-shot profile, or else from a performance profile.

    Args:
        project: With what was measured of its model.
        request: What would be measured.
        cores: That the measurement may use.
    """
    earlier, perf = _earlier_loss(project, request), _newest_perf(project)
    if request.structure == CHANNEL:
        return _time_of_channels(project.model, request, earlier)
    if earlier is not None:
        spent = max(earlier.wall_s, earlier.cpu_s / cores)  # of one that was resumed
        sweep_s = spent / (len(earlier.levels) + len(earlier.schemes)) / max(1, earlier.samples)
        basis = f"how long {clean_text(earlier.name)} took"
    elif perf is not None:
        sweep_s = _sweep_s(project.model, perf)
        basis = f"the performance profile {clean_text(perf.name)}"
    else:
        return ExpectedTime(
            magnitude=_magnitude_s(project.model),
            anchors=None,
            full=None,
            basis="unknown before a performance profile",
        )
    start_s = _START_S + _SECONDS_A_LAYER * len(project.model.prunable)
    few = request.samples if request.score else min(FEW_SAMPLES, request.samples)
    return ExpectedTime(
        magnitude=_magnitude_s(project.model),
        anchors=start_s + sweep_s * few * len(anchor_levels(request.levels)),
        full=start_s + sweep_s * request.samples * (len(request.levels) + len(request.schemes)),
        basis=basis,
    )


def _magnitude_s(model: Model) -> float:
    return _START_S + _SECONDS_A_PARAMETER * model.params


def _time_of_channels(
    model: Model, request: LossRequest, earlier: LossProfile | None
) -> ExpectedTime:
    """Of cutting and repairing, which nothing but doing it tells."""
    a_level_s = None if earlier is None else earlier.wall_s / len(earlier.levels)
    return ExpectedTime(
        magnitude=_magnitude_s(model),
        anchors=a_level_s,
        full=None if a_level_s is None else a_level_s * len(request.levels),
        basis=f"how long {clean_text(earlier.name)} took"
        if earlier
        else "unknown before a first channel profile",
    )


def _earlier_loss(project: Project, request: LossRequest) -> LossProfile | None:
    """The newest that ran to the end of the full method on the present model.

    Of channels, or else of weights: they cost nothing alike.
    """
    is_of_channels = request.structure == CHANNEL
    for profile in reversed(project.loss_profiles):
        asked = profile.request
        if (
            profile.is_complete
            and asked is not None
            and not asked.anchors_only
            and is_of_channels == (asked.structure == CHANNEL)
            and not project.is_stale(profile)
        ):
            return profile
    return None


def _newest_perf(project: Project) -> PerfProfile | None:
    found = (one for one in reversed(project.perf_profiles) if not project.is_stale(one))
    return next(found, None)


def _sweep_s(model: Model, perf: PerfProfile) -> float:
    """Of changing each layer once, for one sample, on one thread: all that lies behind it runs.

    What belongs to no layer is spread over the layers. Whether several evaluations at a time
    are faster shows only when they run.
    """
    times = {row.id: row.ms or 0.0 for row in perf.layers}
    in_order = [times.get(layer.id, 0.0) for layer in model.prunable]
    known = sum(in_order)
    if not known:
        return len(in_order) * perf.total.median_ms / 1e3
    behind = sum(at * ms for at, ms in enumerate(in_order, start=1))
    whole = perf.total.median_ms * perf.environment.threads / perf.batch
    return behind / known * whole / 1e3
