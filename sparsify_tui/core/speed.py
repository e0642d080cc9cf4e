"""How much faster an optimization is, from the best evidence that there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sparsify_tui.core.estimate import NO_SPEED_UP, Estimate
from sparsify_tui.core.model import Model
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.placement import Placement
from sparsify_tui.core.profile import PerfProfile

_NO_EVIDENCE = "no performance profile with an int8 lane fits"


def expected_speed_up(
    plan: Optimization, model: Model, profiles: Sequence[PerfProfile]
) -> Estimate:
    """Measured where a search placed int8, else predicted from the newest profile that fits.

    Zeros count for nothing: unstructured sparsity changes neither figure.

    Args:
        plan: Its levels do not matter, its int8 layers do.
        model: What it is for; evidence of another content of the file is not used.
        profiles: The oldest first.
    """
    found = plan.placement
    if found is not None and found.model_digest == model.sha256:
        return _measured(found)
    if not plan.changes.needs_preparation:
        return NO_SPEED_UP
    fitting = (_predicted(plan, one) for one in reversed(profiles) if _fits(plan, model, one))
    return next(fitting, Estimate(value=None, note=_NO_EVIDENCE))


def _measured(found: Placement) -> Estimate:
    ratio = found.speed_up
    if ratio is None:
        return replace(NO_SPEED_UP, note=found.cause)
    return Estimate(
        value=ratio.value,
        low=ratio.low,
        high=ratio.high,
        basis="measured",
        note=f"by the search, batch {found.batch}, threads {found.threads}",
    )


def _fits(plan: Optimization, model: Model, profile: PerfProfile) -> bool:
    known = profile.mix_model
    return (
        known is not None
        and profile.model_digest == model.sha256
        and plan.quantized <= known.gains_ms.keys()
    )


def _predicted(plan: Optimization, profile: PerfProfile) -> Estimate:
    """The original's time over the predicted one; as far off as the worst of the tried mixes."""
    assert profile.mix_model is not None
    assert profile.int8 is not None
    predicted_ms = profile.mix_model.predict(plan.quantized)
    if predicted_ms <= 0:
        return Estimate(value=None, note=f"the profile {profile.name} predicts no time at all")
    value = profile.total.median_ms / predicted_ms
    errors = profile.int8.errors
    return Estimate(
        value=value,
        low=value * (1 - errors[-1]) if errors else None,
        high=value * (1 + errors[-1]) if errors else None,
        basis="predicted",
        note=f"from the profile {profile.name}",
    )
