"""Several loss profiles side by side, as a table with the lines above it."""

from __future__ import annotations

from functools import partial

from rich.text import Text

from sparsify_tui.core.loss_change import MOST_PROFILES, LossPair
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import NOT_MEASURED, format_count
from sparsify_tui.tui.cells import cell, name_cell
from sparsify_tui.tui.loss.compare import LETTERS, Beside, ComparedView
from sparsify_tui.tui.loss.figures import aspects_of, level_text, metric_words
from sparsify_tui.tui.loss.rows import AT, NAME
from sparsify_tui.tui.loss.summary import NO_RANKING, Line
from sparsify_tui.tui.widgets.table_model import Column, Late, Row

_STRONG, _QUIET, _WARN = "bold $text-accent", "$text-muted", "bold $text-warning"


def compared_columns(count: int) -> tuple[Column, ...]:
    """The values of each profile, the places they give, and how far these are apart."""
    letters = LETTERS[:count]
    return (
        AT,
        NAME,
        *(Column(key=one, title=one, width=7, justify="right") for one in letters),
        *(
            Column(key=f"rank {one}", title=f"rank {one}", width=6, justify="right", priority=1)
            for one in letters
        ),
        Column(key="shift", title="apart", width=6, justify="right", priority=1),
        Column(key="params", title="params", width=6, justify="right", priority=3),
    )


def compared_rows(view: ComparedView) -> list[Row]:
    """One row for each layer that a profile knows."""
    return [_row(at, row) for at, row in enumerate(view.rows)]


def compared_lines(view: ComparedView) -> list[Line]:
    """Which profiles, how alike they rank the layers, and what was done differently."""
    comparison = view.comparison
    names = "  ".join(
        f"{letter} {profile.name}"
        for letter, profile in zip(LETTERS, comparison.profiles, strict=False)
    )
    more = ", c adds another" if len(comparison.profiles) < MOST_PROFILES else ""
    pairs = list(zip(LETTERS[1:], comparison.pairs, strict=False))
    magnitude = [one.name for one in comparison.profiles if not one.is_ranking]
    return [
        [
            (names, "bold"),
            (view.aspect.words if view.aspect else "", ""),
            (f"Esc back{more}", _QUIET),
        ],
        *(_correlation_line(letter, pair) for letter, pair in pairs),
        *(
            [(f"A and {letter}: {'; '.join(pair.differences)}", _WARN)]
            for letter, pair in pairs
            if pair.differences
        ),
        [(f"{', '.join(magnitude)}: {NO_RANKING}" if magnitude else "", _WARN)],
    ]


def compared_detail(view: ComparedView, key: str) -> tuple[str, list[str]]:
    """A layer's label, and what it loses in each profile."""
    row = next((one for one in view.rows if one.entry.key == key), None)
    if row is None:
        return "", []
    lines: list[str] = []
    profiles = view.comparison.profiles
    for letter, profile, entry in zip(LETTERS, profiles, row.entries, strict=False):
        lines += [f"{letter} {clean_text(profile.name)}, {metric_words(profile.metric)}"]
        if entry is None or entry.loss is None:
            lines += ["  does not know the layer", ""]
            continue
        figures = ((one, one.figure(entry.loss)) for one in aspects_of(profile))
        lines += [
            f"{one.title:>6}  {found.text:>6}  {found.interval_text}".rstrip()
            for one, found in figures
        ]
        lines += [""]
    return row.entry.label, lines


def _correlation_line(letter: str, pair: LossPair) -> Line:
    """Spearman at every level and scheme that both have."""
    found = [
        (level_text(one.at) if isinstance(one.at, float) else one.at, one.value)
        for one in (*pair.levels, *pair.schemes)
    ]
    if not found:
        return [(f"A and {letter} have no level or scheme in common", _WARN)]
    said = ", ".join(
        f"{what} {NOT_MEASURED if value is None else f'{value:.2f}'}" for what, value in found
    )
    return [(f"rank correlation A·{letter}: {said}", _STRONG)]


def _row(at: int, row: Beside) -> Row:
    entry = row.entry
    values = {letter: one.value for letter, one in zip(LETTERS, row.figures, strict=False)}
    places = {f"rank {letter}": one for letter, one in zip(LETTERS, row.ranks, strict=False)}
    return Row(
        key=entry.key,
        cells=Late(partial(_cells, at, row)),
        sort_values={
            "at": at,
            "name": entry.label,
            "params": entry.params,
            "shift": row.shift,
            **values,
            **places,
        },
        search=f"{entry.label} {entry.op_type}",
    )


def _cells(at: int, row: Beside) -> dict[str, Text]:
    texts = {letter: one.text for letter, one in zip(LETTERS, row.figures, strict=False)}
    places = zip(LETTERS, row.ranks, strict=False)
    texts |= {f"rank {letter}": _place_text(one) for letter, one in places}
    texts |= {
        "at": str(at),
        "shift": _place_text(row.shift),
        "params": format_count(row.entry.params),
    }
    return {"name": name_cell(row.entry.label), **{key: cell(one) for key, one in texts.items()}}


def _place_text(place: float | None) -> str:
    return NOT_MEASURED if place is None else f"{place:g}"
