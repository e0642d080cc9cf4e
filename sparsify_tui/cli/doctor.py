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
from typing import NamedTuple

import click

from sparsify_tui import __version__
from sparsify_tui.cli.options import json_option, pass_bench
from sparsify_tui.cli.output import print_json
from sparsify_tui.core.units import format_bytes
from sparsify_tui.engines import DEFAULT_ENGINE, ENGINES, engine_of
from sparsify_tui.engines.machine import (
    allowed_cores,
    available_memory,
    cpu_name,
    widest_isa,
)
from sparsify_tui.errors import MissingEngineError
from sparsify_tui.workbench import Workbench


class Check(NamedTuple):
    """One thing that was looked at, and what to do where it is not well."""

    name: str
    ok: bool
    detail: str
    hint: str = ""
    needed: bool = True
    """Whether the program fails its check-up without it."""


_NARROWEST, _LOWEST = 80, 24


@click.command("doctor")
@json_option
@pass_bench
def doctor_command(bench: Workbench, *, as_json: bool) -> int:
    """Says what works here, and what to do about the rest."""
    checks = [check(bench) for check in CHECKS]
    if as_json:
        print_json({"checks": [_document(check) for check in checks]})
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            click.echo(f"{_mark(check)} {check.name:<{width}} {check.detail}")
            if not check.ok and check.hint:
                click.echo(f"{'':{width + 5}}{check.hint}")
    return 0 if all(check.ok for check in checks if check.needed) else 1


def _mark(check: Check) -> str:
    if check.ok:
        return "ok "
    return "NO " if check.needed else "-  "


def _document(check: Check) -> dict[str, object]:
    hint = "" if check.ok else check.hint
    return {"name": check.name, "ok": check.ok, "detail": check.detail, "hint": hint}


def _program(_bench: Workbench) -> Check:
    python = platform.python_version()
    detail = f"sparsify-tui {__version__}, Python {python}, {platform.platform()}"
    return Check("program", ok=True, detail=detail)


def _processor(_bench: Workbench) -> Check:
    cores = allowed_cores()
    detail = f"{cpu_name()}, {widest_isa()}, {cores} cores allowed"
    return Check("processor", ok=True, detail=detail)


def _memory(_bench: Workbench) -> Check:
    return Check("memory", ok=True, detail=format_bytes(available_memory()))


def _package(name: str) -> Callable[[Workbench], Check]:
    def check(_bench: Workbench) -> Check:
        try:
            return Check(name, ok=True, detail=version(name))
        except PackageNotFoundError:
            return Check(name, ok=False, detail="not installed", hint=f"pip install {name}")

    return check


def _engine(name: str) -> Callable[[Workbench], Check]:
    def check(_bench: Workbench) -> Check:
        needed = name == DEFAULT_ENGINE
        try:
            engine = engine_of(name)
        except MissingEngineError as error:
            return Check(name, ok=False, detail=error.message, hint=error.hint, needed=needed)
        return Check(name, ok=True, detail=f"{engine.version}, {engine.provider}", needed=needed)

    return check


def _terminal(_bench: Workbench) -> Check:
    if not sys.stdout.isatty():
        return Check("terminal", ok=True, detail="none; the commands need none")
    columns, rows = shutil.get_terminal_size()
    detail = f"{os.environ.get('TERM', 'no TERM')}, {columns}x{rows}, {sys.stdout.encoding}"
    fits = columns >= _NARROWEST and rows >= _LOWEST
    hint = f"{_NARROWEST}x{_LOWEST} or more shows every column."
    return Check("terminal", ok=fits, detail=detail, hint=hint)


def _store(bench: Workbench) -> Check:
    folder = _existing(bench.home)
    is_writable = _is_writable(folder)
    detail = f"{bench.home}, {len(bench.projects.list())} projects, {_free(folder)} free"
    hint = "Make it writable, or choose another with --home DIR."
    return Check("projects", ok=is_writable, detail=detail, hint=hint)


def _damaged(bench: Workbench) -> Check:
    damaged = [one for one in bench.projects.list() if one.problem]
    detail = "; ".join(f"{one.name}: {one.problem}" for one in damaged) or "all projects read well"
    hint = "Move the named files away."
    return Check("documents", ok=not damaged, detail=detail, hint=hint)


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
    *(_engine(name) for name in ENGINES),
    _package("onnx"),
    _package("textual"),
    _terminal,
    _store,
    _damaged,
)
