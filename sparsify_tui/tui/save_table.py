"""Writes what a table shows to a file that the user names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sparsify_tui.errors import SparsifyError

if TYPE_CHECKING:
    from sparsify_tui.tui.app import SparsifyApp
    from sparsify_tui.tui.widgets.column_table import ColumnTable

_SUFFIXES = (".csv", ".md")


def save_table(app: SparsifyApp, table: ColumnTable, name: str) -> None:
    """Asks for a path; a file that is there is only replaced after asking again."""
    from sparsify_tui.tui import questions  # noqa: PLC0415 - rarely needed
    from sparsify_tui.tui.dialogs.confirm import Confirm  # noqa: PLC0415

    def save(path: str) -> None:
        is_markdown = Path(path).suffix.lower() == ".md"
        text = table.markdown_text() if is_markdown else table.csv_text()
        try:
            app.confirm(f"saved {app.desk.bench.exports.save(text, Path(path))}")
        except SparsifyError as error:
            app.report(error)

    def save_or_ask(path: str) -> None:
        if not Path(path).expanduser().is_file():
            save(path)
            return
        question = Confirm(f"Replace {path}?", "It is there already.", yes="replace")
        app.push_screen(question, lambda yes: save(path) if yes else None)

    default = Path.cwd() / f"{name.replace('/', '_')}.csv"
    questions.ask_path(app, "Save the table as .csv or .md", str(default), _SUFFIXES, save_or_ask)
