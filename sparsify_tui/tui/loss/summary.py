"""The lines above the table: what follows, what was measured how, and how far it is."""

from __future__ import annotations

from sparsify_tui.core.diagnosis import diagnose
from sparsify_tui.core.loss_profile import LayerLoss, LossProfile
from sparsify_tui.core.structures import CHANNEL
from sparsify_tui.core.units import (
    format_count,
    format_number,
    format_percent,
    format_seconds,
    format_when,
)
from sparsify_tui.tui.jobs import JobState
from sparsify_tui.tui.loss.entries import LossView
from sparsify_tui.tui.loss.figures import metric_words
from sparsify_tui.tui.widgets.headline import Part

Line = list[Part]
NO_RANKING = "each layer's own curve, not a ranking across layers"
_NOT_YET = "Not a ranking yet: until layers are measured, values follow from the weights."
_NO_GROUP_YET = "Not a ranking yet: no group of channels is measured."
_STRONG, _QUIET, _WARN = "bold $text-accent", "$text-muted", "bold $text-warning"
_NOW_MEASURED = {
    "magnitude": "anchors",
    "anchors": "all levels",
    "levels": "settling",
    "settling": "settling",
}
"""What is being measured while a profile is at a stage, which is the last one that ended."""


def summary_lines(view: LossView, *, job: JobState | None, is_stale: bool) -> list[Line]:
    """Diagnosis, method and data, progress, warnings; `job` is that of one that works on it."""
    profile = view.profile
    return [
        diagnosis_line(view),
        _method_line(profile, is_stale=is_stale),
        _state_line(profile, job=job, is_stale=is_stale),
        [(profile.notes, "")],
        _warning_line(profile),
    ]


def diagnosis_line(view: LossView) -> Line:
    """Where the loss sits and what follows, one sentence that wraps; or what cannot be said."""
    profile, aspect = view.profile, view.aspect
    if is_of_runs(profile) and not profile.is_ranking:
        return [(no_ranking_yet(profile), "bold")]
    if not profile.is_ranking:
        return [
            (metric_words(profile.metric), _STRONG),
            (NO_RANKING, "bold"),
            ("r measures one", _QUIET),
        ]
    if aspect is None:
        return []
    labels = {entry.key: entry.label for entry in view.entries}
    found = diagnose(profile, aspect.key if aspect.level is None else aspect.level, labels)
    style = _WARN if found.kind == "concentrated" else "bold"
    return [(f"{found.sentence} {found.advice}".strip(), style)]


def no_ranking_yet(profile: LossProfile) -> str:
    """Why a profile that is being measured ranks nothing yet."""
    return _NO_GROUP_YET if profile.structure == CHANNEL else _NOT_YET


def _method_line(profile: LossProfile, *, is_stale: bool) -> Line:
    score = ""
    if profile.score and profile.score_before is not None:
        score = f"{profile.score} {_score_text(profile.score_before)} unchanged"
    structure = "" if profile.structure == "unstructured" else f" {profile.structure}"
    repaired = " after repair" if profile.groups else ""
    method = f"one-shot{structure}: {metric_words(profile.metric)}{repaired}"
    return [
        *([(method, _STRONG)] if is_of_runs(profile) else []),
        ("STALE: the model file has changed" if is_stale else "", _WARN),
        (data_text(profile), ""),
        (score, ""),
        (f"outputs {outputs_text(profile)}" if profile.outputs else "", _QUIET),
        (f"{format_seconds(profile.wall_s)}", _QUIET),
        (format_when(profile.created), _QUIET),
    ]


def _warning_line(profile: LossProfile) -> Line:
    """What the data allows, the first warning, and how many more there are."""
    said = [*filter(None, (profile.confidence,)), *profile.warnings]
    if not said:
        return []
    shown = said[: 1 + bool(profile.confidence)]
    more = f" (+{len(said) - len(shown)} more: i)" if len(said) > len(shown) else ""
    return [(f"! {'; '.join(shown)}{more}", "$text-warning")]


def data_text(profile: LossProfile) -> str:
    """What it was measured with, and how many samples at most."""
    if not profile.samples:
        return profile.source
    plural = "" if profile.samples == 1 else "s"
    return f"{format_count(profile.samples)} sample{plural} of {profile.source}"


def outputs_text(profile: LossProfile) -> str:
    """The outputs that count, with their weights."""
    return ", ".join(f"{name} ×{format_number(weight)}" for name, weight in profile.outputs)


def _state_line(profile: LossProfile, *, job: JobState | None, is_stale: bool) -> Line:
    """How far it is, what is not measured, and the key that goes on."""
    unknown = sum(row.status == "not measured" for row in profile.layers)
    gaps: Part = (f"{unknown} not measured: Enter says why" if unknown else "", "$text-warning")
    if not is_of_runs(profile):
        return [gaps]
    if profile.is_complete:
        open_ones = sum(not row.settled and row.status == "measured" for row in profile.layers)
        estimated = sum(row.status == "estimated" for row in profile.layers)
        return [
            (f"{estimated} estimated (~)" if estimated else "", "$text-warning"),
            gaps,
            (f"{open_ones} not settled: more samples may move them" if open_ones else "", _QUIET),
        ]
    progress = progress_text(profile)
    what = _NOW_MEASURED[profile.stage]
    if job is not None:
        return [
            (f"{job}: {what}, {progress}", "bold $text-success"),
            ("J stops and keeps it", _QUIET),
            ("~ estimated so far", _QUIET),
        ]
    follows = "the model has changed: r makes another" if is_stale else "C continues"
    return [(f"not complete: {what}, {progress} measured, {follows}", _WARN)]


def is_of_runs(profile: LossProfile) -> bool:
    """Whether it rests on runs of the model, or will."""
    return profile.method == "one-shot"


def progress_text(profile: LossProfile) -> str:
    """Layers, or groups, that are through with what is being measured, and all of them."""
    if profile.groups:
        found = [one.pruning.samples for one in profile.groups if one.kept]
        is_through = any if profile.stage == "magnitude" else all
        return f"{sum(map(is_through, found))} of {len(found)} groups"
    done = sum(_is_through(profile, row) for row in profile.layers)
    return f"{done} of {len(profile.layers)} layers"


def _is_through(profile: LossProfile, row: LayerLoss) -> bool:
    if profile.stage == "magnitude":
        return any(row.pruning.samples) or any(row.quantization.samples)
    if profile.stage == "anchors":
        return row.status == "measured"
    return row.settled


def _score_text(score: float) -> str:
    return format_percent(score) if 0 <= score <= 1 else format_number(score)
