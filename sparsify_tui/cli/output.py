"""How commands speak: one JSON object, or plain tables; progress as plain lines."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import click

from sparsify_tui.core.protocols import Progress
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_done, format_seconds

SCHEMA = 1
INTERRUPTED = 130
"""Exit code of what the user stopped."""
_REPORT_EVERY_S = 1.0


def print_json(body: Mapping[str, Any]) -> None:
    """One object on standard output."""
    click.echo(json.dumps({"schema": SCHEMA, **body}, allow_nan=False))


def report_error(message: str, hint: str, *, as_json: bool) -> None:
    """One sentence with the cause, and the cure."""
    message, hint = " ".join(message.split()), " ".join(hint.split())
    if as_json:
        print_json({"error": {"message": message, "hint": hint}})
    click.echo(f"error: {clean_text(message, 600)}", err=True)
    if hint:
        click.echo(f"  {clean_text(hint, 600)}", err=True)


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Left-aligned first column, right-aligned others; every cell is cleaned."""
    cells = [[clean_text(cell) if cell else "" for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(titles), *cells]) for i in range(len(titles))]
    for row in [list(titles), *cells]:
        first, *others = [
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join([first, *others]).rstrip())


class Narrator:
    """Writes a job's progress to standard error: one line kept up to date, or a line a second."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._live = sys.stderr.isatty()
        self._last = 0.0
        self._width = 0

    def __call__(self, progress: Progress) -> None:
        """Reports, at most once a second."""
        now = time.monotonic()
        if now - self._last < _REPORT_EVERY_S:
            return
        self._last = now
        left = "" if progress.left_s is None else f", {format_seconds(progress.left_s)} left"
        far = format_done(progress.done, progress.total)
        line = f"{self._what}: {far} {clean_text(progress.item, 60)}{left}"
        if self._live:
            click.echo(f"\r{line.ljust(self._width)}", nl=False, err=True)
            self._width = len(line)
        else:
            click.echo(line, err=True)

    def done(self) -> None:
        """Ends the live line."""
        if self._live and self._width:
            click.echo(f"\r{' ' * self._width}\r", nl=False, err=True)
