"""Loss profiles as plain text."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import click

from sparsify_tui.cli.loss_documents import ranks_of
from sparsify_tui.cli.loss_groups import GROUP_TITLES, group_cells
from sparsify_tui.cli.output import print_table
from sparsify_tui.cli.report import Table
from sparsify_tui.core.diagnosis import diagnose
from sparsify_tui.core.loss_change import LossComparison
from sparsify_tui.core.loss_profile import LayerLoss, Losses, LossProfile
from sparsify_tui.core.project import Project
from sparsify_tui.core.structures import CHANNEL
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_percent, format_score, format_seconds

NOT_MEASURED = "not measured"
ESTIMATED = "~"
_TYPICAL_LEVEL = 0.8
_LETTERS = ("A", "B", "C", "D")


def show_losses(project: Project, profile: LossProfile) -> None:
    """What was measured, how far it is, and what follows from it."""
    for line in loss_lines(project, profile):
        click.echo(line)
    print_table(*loss_rows(project, profile))
    for line in (*remark_lines(project, profile), *diagnosis_lines(project, profile)):
        click.echo(line)


def loss_lines(project: Project, profile: LossProfile) -> list[str]:
    """What stands above the table."""
    if profile.is_ranking:
        how = (
            "one group of channels is cut and the rest repaired"
            if profile.groups
            else f"one layer is changed ({profile.structure})"
        )
        what = (
            f"{clean_text(profile.metric)} between the outputs when {how}, "
            f"on {profile.samples} samples of {clean_text(profile.source)}"
        )
    elif profile.structure == CHANNEL:
        what = "no group of channels is measured yet"
    else:
        energy = profile.metric if profile.method == "magnitude" else "so far removed weight energy"
        what = f"{clean_text(energy)}: each layer's own curve, not a ranking across layers"
    before = f"{clean_text(profile.score)} {_points(profile, profile.score_before)}"
    return [
        f"{what}; {format_seconds(profile.wall_s)}",
        *([f"{before} before any change"] if profile.score else []),
        *([f"confidence: {clean_text(profile.confidence, 400)}"] if profile.confidence else []),
        *(f"warning: {clean_text(warning, 400)}" for warning in profile.warnings),
        *(["warning: the model file has changed since"] if project.is_stale(profile) else []),
        *(
            []
            if profile.is_complete
            else [f"not complete (stage {profile.stage}): {resume_hint(project, profile)}"]
        ),
    ]


def resume_hint(project: Project, profile: LossProfile) -> str:
    """The command that goes on with it."""
    command = f"profile loss {shlex.quote(project.name)} --resume {profile.id}"
    return f"`sparsify-tui {clean_text(command, 400)}` goes on with it."


def loss_rows(project: Project, profile: LossProfile) -> Table:
    """Each layer at each level and in each scheme; `~` marks what is estimated."""
    labels = _labels(project)
    levels = [_level(level) for level in profile.levels]
    has_drops = any(drop is not None for row in profile.layers for drop in row.pruning.drops)
    at = profile.levels.index(typical_level(profile))
    drop = [f"{profile.score} drop at {levels[at]}"] if has_drops else []
    grouped = GROUP_TITLES if profile.groups else ()
    return ("layer", *levels, *profile.schemes, *drop, *grouped), [
        (
            labels.get(row.id, row.id),
            *_cells(profile, row.pruning, len(levels)),
            *_cells(profile, row.quantization, len(profile.schemes)),
            *([_points(profile, _nth(row.pruning.drops, at))] if has_drops else []),
            *(group_cells(profile, row.id, labels) if grouped else []),
        )
        for row in profile.layers
    ]


def remark_lines(project: Project, profile: LossProfile) -> list[str]:
    """Why something is not measured, and what else to know of a layer, or of its group once."""
    labels = _labels(project)
    return [
        f"{clean_text(labels.get(row.id, row.id))}: {remark}"
        for row in profile.layers
        if all(one.first == row.id for one in profile.groups_of(row.id)[:1])
        for remark in _remarks(row)
    ]


def diagnosis_lines(project: Project, profile: LossProfile) -> list[str]:
    """Where the loss sits, and what follows from that: at one level, and in one scheme."""
    if not profile.is_ranking:
        return []
    changes: tuple[float | str, ...] = (typical_level(profile), *profile.schemes[:1])
    labels = _labels(project)
    found = [diagnose(profile, change, labels) for change in changes]
    return [clean_text(f"{one.sentence} {one.advice}".strip(), 600) for one in found]


def change_lines(comparison: LossComparison) -> list[str]:
    """Which profiles are compared, and what was done differently."""
    first, *others = _LETTERS[: len(comparison.profiles)]
    return [
        *(
            f"{letter} {clean_text(one.name)}: {clean_text(one.metric)}, {one.samples} samples"
            for letter, one in zip((first, *others), comparison.profiles, strict=True)
        ),
        *(
            f"{first} and {letter} differ: {'; '.join(pair.differences)}"
            for letter, pair in zip(others, comparison.pairs, strict=True)
            if pair.differences
        ),
    ]


def change_rows(comparison: LossComparison) -> Table:
    """How alike each ranks the layers as the first does: 1 is the same order."""
    keys = dict.fromkeys(one.at for pair in comparison.pairs for one in ranks_of(pair))
    found = [{one.at: one.value for one in ranks_of(pair)} for pair in comparison.pairs]
    titles = [f"A and {letter}" for letter, _ in zip(_LETTERS[1:], found, strict=False)]
    return ("rank correlation", *titles), [
        (
            at if isinstance(at, str) else _level(at),
            *("-" if (rank := one.get(at)) is None else f"{rank:.3f}" for one in found),
        )
        for at in keys
    ]


def typical_level(profile: LossProfile) -> float:
    """The level nearest to one at which layers differ clearly."""
    return min(profile.levels, key=lambda level: abs(level - _TYPICAL_LEVEL))


def _labels(project: Project) -> dict[str, str]:
    return {layer.id: layer.label for layer in project.model.layers}


def _level(level: float) -> str:
    return f"{level * 100:.4g}%"


def _cells(profile: LossProfile, losses: Losses, count: int) -> list[str]:
    return [_cell(profile, losses, at) for at in range(count)]


def _cell(profile: LossProfile, losses: Losses, at: int) -> str:
    value = _nth(losses.values, at)
    if value is None:
        return NOT_MEASURED
    return f"{ESTIMATED if profile.is_estimated(losses, at) else ''}{format_score(value)}"


def _points(profile: LossProfile, value: float | None) -> str:
    """A score or its fall: a share where it is one."""
    if value is None:
        return NOT_MEASURED
    return format_percent(value) if profile.score == "top-1" else f"{value:.3g}"


def _nth(values: Sequence[float | None], at: int) -> float | None:
    return values[at] if at < len(values) else None


def _remarks(row: LayerLoss) -> list[str]:
    found = [f"not measured: {clean_text(row.reason, 300)}"] if row.reason else []
    return [*found, clean_text(row.note, 300)] if row.note else found
