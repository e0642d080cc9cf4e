"""Asks one thing in a dialog, and hands on the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from textual.app import App

from sparsify_tui.tui.dialogs.field import Field
from sparsify_tui.tui.dialogs.form import Form

Use = Callable[[str], object]
"""What is done with an answer; its result does not matter."""


def ask_field(app: App[int], field: Field, use: Use) -> None:
    """Asks for one field; nothing happens when the user leaves."""

    def answered(answers: dict[str, str] | None) -> None:
        if answers is not None:
            use(answers[field.name])

    app.push_screen(Form(field.label, (replace(field, label=""),)), answered)


def ask_text(app: App[int], title: str, value: str, use: Use) -> None:
    """Asks for a text."""
    ask_field(app, Field(name="text", label=title, value=value), use)


def ask_path(app: App[int], title: str, value: str, suffixes: tuple[str, ...], use: Use) -> None:
    """Asks for a path; Tab completes to folders and to files with one of the suffixes."""
    field = Field(name="path", label=title, value=value, kind="path", suffixes=suffixes)
    ask_field(app, field, use)
