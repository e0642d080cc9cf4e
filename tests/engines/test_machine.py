from __future__ import annotations

import os
import platform
from collections.abc import Callable
from pathlib import Path

import pytest

from sparsify_tui.engines import machine

Container = Callable[..., None]


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Container:
    """Gives the machine the control group files that are named, and no others."""

    def make(**files: str) -> None:
        for name, text in files.items():
            (tmp_path / name.replace("_", ".", 1)).write_text(text)
        (tmp_path / "groups").write_text("0::/\n1:cpu:/\n")
        monkeypatch.setattr(machine, "_OWN_GROUPS", tmp_path / "groups")
        monkeypatch.setattr(machine, "_CGROUP", tmp_path)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)

    return make


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("max 100000\n", 8),
        ("200000 100000\n", 2),
        ("250000 100000\n", 2),
        ("10000 100000\n", 1),
        ("6400000 100000\n", 8),
        ("", 8),
    ],
)
def test_cores_are_those_of_affinity_and_quota(
    container: Container, quota: str, cores: int
) -> None:
    container(cpu_max=quota)

    assert machine.allowed_cores() == cores


def test_the_smallest_quota_on_the_way_to_the_root_counts(
    tmp_path: Path, container: Container
) -> None:
    container(cpu_max="300000 100000\n")
    (tmp_path / "box/app").mkdir(parents=True)
    (tmp_path / "box/cpu.max").write_text("200000 100000\n")
    (tmp_path / "box/app/cpu.max").write_text("max 100000\n")
    (tmp_path / "groups").write_text("0::/box/app\n")

    assert machine.allowed_cores() == 2


@pytest.mark.parametrize(("quota", "cores"), [("-1\n", 8), ("350000\n", 4)])
def test_the_first_version_of_control_groups_is_understood(
    tmp_path: Path, container: Container, quota: str, cores: int
) -> None:
    container()
    folder = tmp_path / "cpu"
    folder.mkdir()
    (folder / "cpu.cfs_quota_us").write_text(quota)
    (folder / "cpu.cfs_period_us").write_text("100000\n")

    assert machine.allowed_cores() == cores


def test_a_group_that_is_not_to_be_seen_from_here_is_looked_for_above(
    tmp_path: Path, container: Container
) -> None:
    """A container of the first version names its folder of the host."""
    container(cpu_max="200000 100000\n")
    (tmp_path / "groups").write_text("0::/docker/0123\n")

    assert machine.allowed_cores() == 2


def test_without_control_groups_the_affinity_counts(container: Container) -> None:
    container()

    assert machine.allowed_cores() == 8


def test_memory_is_the_smaller_of_machine_and_container(container: Container) -> None:
    container(memory_max="1048576\n")
    assert machine.available_memory() == 1 << 20

    container(memory_max="max\n")
    whole = machine.available_memory()
    assert whole > 1 << 20

    container(memory_max=f"{whole * 2}\n")
    assert machine.available_memory() == whole


@pytest.fixture
def cpu_info(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def make(text: str) -> None:
        (tmp_path / "cpuinfo").write_text(text)
        monkeypatch.setattr(machine, "_CPU_INFO", tmp_path / "cpuinfo")

    return make


@pytest.mark.parametrize(
    ("flags", "isa"),
    [
        ("flags\t: sse2 avx2 avx512f avx512_vnni", "avx512_vnni"),
        ("flags\t: sse2 avx2 amx_int8 avx512_vnni", "amx_int8"),
        ("flags\t: sse2 avx2", "avx2"),
        ("Features\t: fp asimd asimddp", "asimddp"),
        ("flags\t: sse2", platform.machine()),
        ("", platform.machine()),
    ],
)
def test_the_widest_instructions_that_matter_are_named(
    cpu_info: Callable[[str], None], flags: str, isa: str
) -> None:
    cpu_info(f"processor\t: 0\n{flags}\n")

    assert machine.widest_isa.__wrapped__() == isa


def test_the_processor_is_called_as_it_calls_itself(cpu_info: Callable[[str], None]) -> None:
    cpu_info("model name\t: AMD EPYC: 9R14\n")
    assert machine.cpu_name.__wrapped__() == "AMD EPYC: 9R14"

    cpu_info("")
    assert machine.cpu_name.__wrapped__()
