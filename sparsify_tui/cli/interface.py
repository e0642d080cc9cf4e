"""Opens the terminal interface. Imports no command parser, so that the first screen comes fast."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sparsify_tui.errors import UsageError
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.paths import full_path

_HOME = "--home"


def home_without_verb(arguments: Sequence[str]) -> Path | None:
    """The home folder where a command line asks for nothing but the interface, else None."""
    match list(arguments):
        case []:
            return home_folder(None)
        case ["--home", folder] if not folder.startswith("-"):
            return home_folder(Path(folder))
        case [one] if one.startswith(f"{_HOME}="):
            return home_folder(Path(one.removeprefix(f"{_HOME}=")))
    return None


def home_folder(given: Path | None) -> Path:
    """`--home`, else $SPARSIFY_TUI_HOME, else the platform's folder for a user's data."""
    if given is not None:
        return Path(full_path(given))
    if chosen := os.environ.get("SPARSIFY_TUI_HOME"):
        return Path(full_path(Path(chosen)))
    from platformdirs import user_data_path  # noqa: PLC0415 - only where no home is given

    return user_data_path("sparsify-tui", appauthor=False)


def require_terminal() -> None:
    """Raises UsageError where there is no terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "The interface needs a terminal.",
            "In a script use the commands; `sparsify-tui --help` lists them.",
        )


def open_interface(bench: Workbench, project_id: str | None = None) -> int:
    """Runs the interface to its end; returns the exit code. Raises UsageError as above."""
    require_terminal()
    from sparsify_tui.tui.app import SparsifyApp  # noqa: PLC0415 - no Textual in a command

    return SparsifyApp(bench, project_id=project_id).run_to_exit_code()
