"""`doctor`: the machine, and what works on it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from sparsify_tui import __version__
from sparsify_tui.cli.options import json_option, pass_bench
from sparsify_tui.cli.output import print_json
from sparsify_tui.core.units import format_bytes
from sparsify_tui.engines.machine import (
    allowed_cores,
    available_memory,
    cpu_name,
    widest_isa,
)
from sparsify_tui.workbench import Workbench

Check = tuple[str, bool, str, str]
"""Name, whether it is well, detail, and what to do when it is not."""

_NARROWEST, _LOWEST = 80, 24


@click.command("doctor")
@json_option
@pass_bench
def doctor_command(bench: Workbench, *, as_json: bool) -> int:
    """Says what works here, and what to do about the rest."""
    checks = [_without_idle_cure(check(bench)) for check in CHECKS]
    if as_json:
        names = ("name", "ok", "detail", "hint")
        print_json({"checks": [dict(zip(names, one, strict=True)) for one in checks]})
    else:
        for name, is_well, detail, hint in checks:
            click.echo(f"{'ok ' if is_well else 'NO '} {name:<12} {detail}")
            if not is_well and hint:
                click.echo(f"                 {hint}")
    return 0 if all(one[1] for one in checks) else 1


def _without_idle_cure(check: Check) -> Check:
    name, is_well, detail, hint = check
    return name, is_well, detail, "" if is_well else hint


def _program(_bench: Workbench) -> Check:
    python = platform.python_version()
    return (
        "program",
        True,
        f"sparsify-tui {__version__}, Python {python}, {platform.platform()}",
        "",
    )


def _processor(_bench: Workbench) -> Check:
    cores = allowed_cores()
    return "processor", True, f"{cpu_name()}, {widest_isa()}, {cores} cores allowed", ""


def _memory(_bench: Workbench) -> Check:
    return "memory", True, format_bytes(available_memory()), ""


def _package(name: str) -> Callable[[Workbench], Check]:
    def check(_bench: Workbench) -> Check:
        try:
            return name, True, version(name), ""
        except PackageNotFoundError:
            return name, False, "not installed", f"pip install {name}"

    return check


def _terminal(_bench: Workbench) -> Check:
    if not sys.stdout.isatty():
        return "terminal", True, "none; the commands need none", ""
    columns, rows = shutil.get_terminal_size()
    detail = f"{os.environ.get('TERM', 'no TERM')}, {columns}x{rows}, {sys.stdout.encoding}"
    fits = columns >= _NARROWEST and rows >= _LOWEST
    return "terminal", fits, detail, f"{_NARROWEST}x{_LOWEST} or more shows every column."


def _store(bench: Workbench) -> Check:
    folder = _existing(bench.home)
    is_writable = _is_writable(folder)
    detail = f"{bench.home}, {len(bench.projects.list())} projects, {_free(folder)} free"
    return "projects", is_writable, detail, "Make it writable, or choose another with --home DIR."


def _damaged(bench: Workbench) -> Check:
    damaged = [one for one in bench.projects.list() if one.problem]
    detail = "; ".join(f"{one.name}: {one.problem}" for one in damaged) or "all projects read well"
    return "documents", not damaged, detail, "Move the named files away."


def _is_writable(folder: Path) -> bool:
    """By trying: permission bits say little about a read-only or special file system."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _existing(folder: Path) -> Path:
    return next(one for one in (folder, *folder.parents) if one.exists())


def _free(folder: Path) -> str:
    return format_bytes(shutil.disk_usage(folder).free)


CHECKS: tuple[Callable[[Workbench], Check], ...] = (
    _program,
    _processor,
    _memory,
    _package("onnxruntime"),
    _package("onnx"),
    _package("textual"),
    _terminal,
    _store,
    _damaged,
)
