"""How much faster an optimization is, from the best evidence that there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sparsify_tui.core.estimate import NO_SPEED_UP, Estimate
from sparsify_tui.core.model import Model
from sparsify_tui.core.modifiers import ChannelPruning
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.placement import Placement
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.timing import Ratio

_NO_EVIDENCE = "no performance profile with an int8 lane fits"
_NO_NARROW_EVIDENCE = "no performance profile with channel lanes fits"
_BOTH = "int8 and fewer channels were looked at apart, and their product taken"


def expected_speed_up(
    plan: Optimization, model: Model, profiles: Sequence[PerfProfile]
) -> Estimate:
    """Measured where a search chose, else predicted from the newest profile that fits.

    Zeros count for nothing: unstructured sparsity changes no figure.

    Args:
        plan: Its levels do not matter, its int8 layers and its channels do.
        model: What it is for; evidence of another content of the file is not used.
        profiles: The oldest first.
    """
    changes = plan.changes
    if not changes.channels:
        return _of_int8(plan, model, profiles)
    narrow = _of_channels(plan.channels, model, profiles)
    if not changes.int8:
        return narrow
    return _product(narrow, _of_int8(plan, model, profiles))


def _of_int8(plan: Optimization, model: Model, profiles: Sequence[PerfProfile]) -> Estimate:
    found, changes = plan.placement, plan.changes
    if found is not None and found.model_digest == model.sha256:
        return _measured(found)
    if not (changes.int8 or changes.respelled):
        return NO_SPEED_UP
    fitting = (_predicted(plan, one) for one in reversed(profiles) if _fits(plan, model, one))
    return next(fitting, Estimate(value=None, note=_NO_EVIDENCE))


def _of_channels(
    channels: ChannelPruning, model: Model, profiles: Sequence[PerfProfile]
) -> Estimate:
    if channels.model_digest != model.sha256:
        return Estimate(value=None, note="the model has changed since its channels were looked at")
    found = channels.found
    if found is not None and found.point is not None and found.point.ratio is not None:
        where = f"by the search, batch {found.batch}, threads {found.threads}"
        return _estimate(found.point.ratio, where)
    for profile in reversed(profiles):
        if profile.model_digest == model.sha256:
            estimate = _narrowed(channels, profile)
            if estimate is not None:
                return estimate
    return Estimate(value=None, note=_NO_NARROW_EVIDENCE)


def _narrowed(channels: ChannelPruning, profile: PerfProfile) -> Estimate | None:
    """As far off as the worst of the tried mixes; None where the profile tells nothing."""
    lanes = profile.channels
    if lanes is None or lanes.model is None:
        return None
    kept = channels.kept
    if not kept.keys() <= {group.id for group in lanes.map.groups}:
        return None
    return _as_far_off(lanes.model.speed_up(kept), lanes.errors, profile)


def _product(narrow: Estimate, int8: Estimate) -> Estimate:
    """Of two estimates that nobody has measured together."""
    if narrow.value is None or int8.value is None:
        return narrow if narrow.value is None else int8
    return Estimate(value=narrow.value * int8.value, basis="modelled", note=_BOTH)


def _measured(found: Placement) -> Estimate:
    ratio = found.speed_up
    if ratio is None:
        return replace(NO_SPEED_UP, note=found.cause)
    return _estimate(ratio, f"by the search, batch {found.batch}, threads {found.threads}")


def _estimate(ratio: Ratio, note: str) -> Estimate:
    return Estimate(value=ratio.value, low=ratio.low, high=ratio.high, basis="measured", note=note)


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
    return _as_far_off(profile.total.median_ms / predicted_ms, profile.int8.errors, profile)


def _as_far_off(value: float, errors: Sequence[float], profile: PerfProfile) -> Estimate:
    """A prediction, with the largest of its profile's errors as interval."""
    return Estimate(
        value=value,
        low=value * (1 - errors[-1]) if errors else None,
        high=value * (1 + errors[-1]) if errors else None,
        basis="predicted",
        note=f"from the profile {profile.name}",
    )
