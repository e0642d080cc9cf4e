"""Numbers and names as table cells; every name is cleaned, no cell is markup."""

from __future__ import annotations

import os

from rich.text import Text

from sparsify_tui.core.text import clean_text


def name_cell(name: object, style: str = "") -> Text:
    """A name that may come from a model."""
    return Text(clean_text(name), style=style, no_wrap=True, end="")


def cell(text: str, style: str = "") -> Text:
    """A formatted number or a word of ours."""
    return Text(text, style=style, no_wrap=True, end="")


def shown_path(path: str) -> str:
    """A path as people write it: the home folder is `~`."""
    home = os.path.expanduser("~")  # noqa: PTH111 - text in, text out
    return f"~{path[len(home) :]}" if path.startswith(f"{home}/") and home != "/" else path
