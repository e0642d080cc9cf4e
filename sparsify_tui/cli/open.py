"""`open PROJECT`: the interface on one project."""

from __future__ import annotations

import click

from sparsify_tui.cli.interface import open_interface, require_terminal
from sparsify_tui.cli.options import found_project, pass_bench, prepared_project, run
from sparsify_tui.workbench import Workbench


@click.command("open")
@click.argument("project")
@pass_bench
def open_command(bench: Workbench, project: str) -> int:
    """Opens the interface on a project, or on a new one for an .onnx file."""
    found_project(bench, project)  # a misspelt command is told first, and makes nothing
    require_terminal()
    return open_interface(bench, run(prepared_project(bench, project)).id)
