"""Calls commands in process, and by a real command line."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparsify_tui import cli


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output."""
        (line,) = self.out.splitlines()
        body: dict[str, Any] = json.loads(line, parse_constant=_refuse)
        assert body.pop("schema") == 1
        return body


def _refuse(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """The commands on one home."""

    home: Path

    def __call__(self, *words: object) -> Answer:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = cli.main(["--home", str(self.home), *map(str, words)])
        return Answer(code=code, out=out.getvalue(), err=err.getvalue())

    def ok(self, *words: object) -> Answer:
        answer = self(*words)
        assert answer.code == 0, answer.err
        return answer

    def json(self, *words: object) -> dict[str, Any]:
        return self.ok(*words, "--json").json


def command_line(home: Path, *words: object) -> list[str]:
    return [sys.executable, "-m", "sparsify_tui", "--home", str(home), *map(str, words)]


def in_a_process(home: Path, *words: object) -> Answer:
    done = subprocess.run(
        command_line(home, *words),
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    return Answer(code=done.returncode, out=done.stdout, err=done.stderr)
