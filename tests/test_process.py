"""The architecture as a process sees it: what an import really loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

NUMBERS = {"numpy", "onnx", "onnxruntime"}
INTERFACE = {"textual", "rich", "pygments"}


def loaded_by(module: str) -> set[str]:
    """Top-level names in `sys.modules` of a fresh process that imports the module."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize(
    "module",
    [
        "sparsify_tui.workbench",
        "sparsify_tui.workbench.loss",
        "sparsify_tui.cli",
        "sparsify_tui.cli.loss_command",
        "sparsify_tui.cli.loss_profiles",
    ],
)
def test_the_facade_and_the_commands_load_neither_numbers_nor_interface(module: str) -> None:
    assert not loaded_by(module) & (NUMBERS | INTERFACE)


def test_the_interface_loads_no_numbers() -> None:
    assert not loaded_by("sparsify_tui.tui.app") & NUMBERS


def test_a_child_loads_nothing_heavy_before_its_limits_are_set() -> None:
    assert not loaded_by("sparsify_tui.jobs.child") & (NUMBERS | INTERFACE | {"click"})
