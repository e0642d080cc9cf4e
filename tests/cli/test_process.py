"""What only a real process shows: exit codes, progress, interruption, and no orphans."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparsify_tui import __version__, demo
from tests.cli.driver import Answer, Commands, command_line, in_a_process


def test_the_version_and_the_help_name_the_program(tmp_path: Path) -> None:
    version = in_a_process(tmp_path, "--version")

    assert (version.code, version.err) == (0, "")
    assert version.out.split()[-1] == __version__
    helped = Commands(home=tmp_path).ok("--help").out
    assert all(verb in helped for verb in ("demo", "profile", "optimize", "benchmark", "export"))


def test_standard_output_is_one_object_and_progress_is_plain_lines(tmp_path: Path) -> None:
    answer = in_a_process(
        tmp_path, "profile", "perf", demo.MODEL, "--threads", 1, "--seconds", 1.6, "--json"
    )

    assert answer.code == 0
    assert answer.json["coverage"] == 1.0
    lines = answer.err.splitlines()
    assert all(line.startswith(("reading: ", "performance: ")) for line in lines)
    assert any("timing and profiling" in line and line.endswith("left") for line in lines)
    assert "\r" not in answer.err
    assert "\x1b" not in answer.err


def test_without_a_home_the_environment_names_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sparsify_tui", "doctor"],
        capture_output=True,
        text=True,
        env=_environment() | {"SPARSIFY_TUI_HOME": str(tmp_path / "chosen")},
        check=False,
    )

    assert str(tmp_path / "chosen") in done.stdout


@pytest.fixture
def benchmark(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A long benchmark that has begun to measure."""
    yield from _benchmark(tmp_path / "home", "--seconds", 120)


@pytest.fixture
def benchmark_of_many_cases(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A benchmark of fifty short cases."""
    batches = ",".join(map(str, range(1, 51)))
    yield from _benchmark(tmp_path / "home", "--seconds", 0.3, "--batch", batches)


def _benchmark(home: Path, *more: object) -> Iterator[subprocess.Popen[str]]:
    run = Commands(home=home)
    run.ok("optimize", demo.MODEL)
    words = ("benchmark", "digits", "--threads", 1, *more, "--json")
    process = subprocess.Popen(
        command_line(run.home, *words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_environment(),
        start_new_session=True,
    )
    assert process.stderr is not None
    assert "benchmark" in process.stderr.readline()
    yield process
    process.kill()
    process.communicate()


def test_an_interrupt_ends_the_command_and_its_child(benchmark: subprocess.Popen[str]) -> None:
    children = _children(benchmark.pid)
    assert children

    benchmark.send_signal(signal.SIGINT)
    out, err = benchmark.communicate(timeout=30)
    answer = Answer(code=benchmark.returncode, out=out, err=err)

    assert answer.code == 130
    assert answer.json == {"error": {"message": "Stopped.", "hint": ""}}
    assert "Traceback" not in err
    assert not [child for child in children if _is_alive(child)]


def test_an_interrupt_keeps_the_cases_that_are_over(
    benchmark_of_many_cases: subprocess.Popen[str], tmp_path: Path
) -> None:
    _wait_for_two_cases(benchmark_of_many_cases)
    benchmark_of_many_cases.send_signal(signal.SIGINT)
    out, err = benchmark_of_many_cases.communicate(timeout=30)
    answer = Answer(code=benchmark_of_many_cases.returncode, out=out, err=err)

    done = answer.json["cases"]["done"]
    assert answer.code == 130
    assert answer.json["cases"] == {"done": done, "total": 50, "complete": False}
    assert 2 <= done < 50
    assert len(answer.json["runs"]) == 2 * done
    shown = Commands(home=tmp_path / "home").ok("show", "digits", "benchmarks").out
    assert f"stopped after {done} of 50 cases" in shown


def test_a_killed_command_keeps_the_cases_that_are_over(
    benchmark_of_many_cases: subprocess.Popen[str], tmp_path: Path
) -> None:
    _wait_for_two_cases(benchmark_of_many_cases)
    benchmark_of_many_cases.kill()
    benchmark_of_many_cases.communicate(timeout=10)

    shown = Commands(home=tmp_path / "home").ok("show", "digits", "benchmarks").out
    assert re.search(r"stopped after \d+ of 50 cases", shown)
    assert "original b2 t1" in shown


def _wait_for_two_cases(benchmark: subprocess.Popen[str]) -> None:
    assert benchmark.stderr is not None
    while "benchmark: 2/50" not in benchmark.stderr.readline():
        assert benchmark.poll() is None


def test_a_killed_command_leaves_no_child(benchmark: subprocess.Popen[str]) -> None:
    children = _children(benchmark.pid)

    benchmark.kill()
    benchmark.communicate(timeout=10)

    end = time.monotonic() + 5
    while any(map(_is_alive, children)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not [child for child in children if _is_alive(child)]


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
