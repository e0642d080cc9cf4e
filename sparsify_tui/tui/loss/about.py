"""Everything that is known of a profile as a whole, to be read at length."""

from __future__ import annotations

from sparsify_tui.core.diagnosis import diagnose
from sparsify_tui.core.loss_profile import LossProfile
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_number, format_seconds, format_when
from sparsify_tui.tui.loss.entries import LossView
from sparsify_tui.tui.loss.figures import aspects_of, metric_words
from sparsify_tui.tui.loss.summary import (
    NO_RANKING,
    data_text,
    is_of_runs,
    no_ranking_yet,
    outputs_text,
    progress_text,
)

_LONGEST = 600


def about_lines(view: LossView) -> list[str]:
    """How it was measured, what speaks against it, and what follows at each level and scheme."""
    profile = view.profile
    lines = [
        f"method      {profile.method}, {profile.structure}",
        f"loss        {metric_words(profile.metric)}",
        f"data        {data_text(profile)}",
        f"outputs     {outputs_text(profile) if profile.outputs else 'all alike'}",
        f"took        {format_seconds(profile.wall_s)}, {format_seconds(profile.cpu_s)} of CPU",
        f"made        {format_when(profile.created)}",
        *_optional_lines(profile),
        "",
        *(f"warning: {one}" for one in profile.warnings),
        *([f"notes: {profile.notes}", ""] if profile.notes else []),
        *_diagnosis_lines(view),
        "",
        "~ stands before what is estimated; a point is what was not measured.",
    ]
    return [clean_text(line, _LONGEST) if line else "" for line in lines]


def _optional_lines(profile: LossProfile) -> list[str]:
    found = []
    if profile.score:
        found.append(f"metric      {profile.score} {format_number(profile.score_before)} unchanged")
    if profile.groups:
        found.append(f"groups      {len(profile.groups)} of channels, each cut and repaired alone")
    if profile.confidence:
        found.append(f"confidence  {profile.confidence}")
    if not profile.is_complete:
        found.append(f"complete    no: stage {profile.stage}, {progress_text(profile)}")
    return found


def _diagnosis_lines(view: LossView) -> list[str]:
    profile = view.profile
    if not profile.is_ranking:
        said = f"It is {NO_RANKING}: the outputs were not looked at."
        return [no_ranking_yet(profile) if is_of_runs(profile) else said]
    labels = {entry.key: entry.label for entry in view.entries}
    found = [
        diagnose(profile, one.key if one.level is None else one.level, labels)
        for one in aspects_of(profile)
    ]
    return [f"{one.sentence} {one.advice}".strip() for one in found]
