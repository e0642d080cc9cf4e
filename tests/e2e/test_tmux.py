"""The real program in a real terminal, by keys, on a real model, with the real runtime."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from sparsify_tui import demo

LONGEST_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """A tmux server of its own with one window."""

    socket: Path

    def tmux(self, *words: str) -> str:
        command = ["tmux", "-S", str(self.socket), "-f", "/dev/null", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    def write(self, text: str) -> None:
        self.tmux("send-keys", "-l", text)

    def wait_while(self, text: str, seconds: float = LONGEST_S) -> None:
        end = time.monotonic() + seconds
        while text in self.screen():
            assert time.monotonic() < end, f"{text!r} never went"
            time.sleep(0.1)

    def wait_for(self, text: str, seconds: float = LONGEST_S) -> str:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            shown = self.screen()
            if text in shown:
                return shown
            time.sleep(0.1)
        raise AssertionError(f"{text!r} never came; the screen shows:\n{self.screen()}")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    assert shutil.which("tmux"), "install tmux: this test must not be left out"
    window = Terminal(socket=tmp_path / "tmux")
    program = f"exec {sys.executable} -m sparsify_tui --home {tmp_path / 'home'}"
    window.tmux("new-session", "-d", "-x", "80", "-y", "24", program)
    try:
        yield window
    finally:
        subprocess.run(["tmux", "-S", str(window.socket), "kill-server"], check=False)


def test_from_an_onnx_file_to_a_saved_recipe_by_keys_alone(terminal: Terminal, tmp_path: Path):
    model, recipe = tmp_path / "digits.onnx", tmp_path / "recipe.yml"
    shutil.copy(demo.MODEL, model)

    terminal.wait_for("No projects yet")
    terminal.press("n")
    terminal.wait_for("New project")
    terminal.write(str(model))
    terminal.press("F2")
    shown = terminal.wait_for("all int8", 2 * LONGEST_S)
    assert "[1 Perf]" in shown

    terminal.press("2")
    terminal.wait_for("not a ranking across layers")

    terminal.press("3")
    terminal.wait_for("No optimization yet")
    terminal.press("n")
    terminal.wait_for("Target sparsity")
    terminal.press("F2")
    terminal.wait_for("target 50.0% reached")
    terminal.press("]")
    terminal.wait_for("undo 1")

    terminal.press("4")
    terminal.wait_for("No benchmark yet")
    terminal.press("r")
    terminal.wait_for("Batch sizes")
    terminal.press("F2")
    shown = terminal.wait_for("as fast")
    assert "agreement" in shown

    terminal.press("6")
    terminal.wait_for("Recipe (SparseML)")
    terminal.press("Enter")
    terminal.wait_for("recipe.yml")
    terminal.press("C-u")
    terminal.wait_while("recipe.yml")
    terminal.write(str(recipe))
    terminal.wait_for("recipe.yml")
    terminal.press("Enter")
    terminal.wait_for("✓ saved")

    tree = yaml.compose(recipe.read_text(), Loader=yaml.SafeLoader)
    modifiers = {key.value: value for key, value in tree.value}["modifiers"]
    assert [one.tag for one in modifiers.value] == ["!EpochRangeModifier", "!GMPruningModifier"]

    terminal.press("q")
    end = time.monotonic() + 10
    while time.monotonic() < end and recipe.exists():
        try:
            terminal.screen()
        except subprocess.CalledProcessError:
            return
        time.sleep(0.1)
    raise AssertionError("q did not end the program")


def test_a_killed_program_leaves_what_it_had_stored(terminal: Terminal, tmp_path: Path):
    model = tmp_path / "digits.onnx"
    shutil.copy(demo.MODEL, model)
    terminal.wait_for("No projects yet")
    terminal.press("n")
    terminal.wait_for("New project")
    terminal.write(str(model))
    terminal.press("F2")
    terminal.wait_for("● performance")
    pid = terminal.tmux("display-message", "-p", "#{pane_pid}").strip()
    children = subprocess.run(
        ["pgrep", "-P", pid], capture_output=True, text=True, check=True
    ).stdout.split()
    assert children, "a job is running"
    subprocess.run(["kill", "-9", pid], check=True)
    time.sleep(1)
    assert not any(_is_running(child) for child in children)

    listed = subprocess.run(
        [sys.executable, "-m", "sparsify_tui", "--home", str(tmp_path / "home"), "projects"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "digits" in listed.stdout


def _is_running(pid: str) -> bool:
    """Whether a process still works; one that merely was not reaped does not."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
