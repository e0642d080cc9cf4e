from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.tui import channels
from tests.tui.screens.house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def empty_house(tmp_path: Path) -> House:
    return House(tmp_path, is_filled=False)


@pytest.fixture
def narrow_house(house: House) -> House:
    """With lanes that predict the widths of its groups."""

    def measured(project):
        profile = replace(project.perf_profiles[0], channels=channels.lanes())
        return replace(project, perf_profiles=(profile,))

    house.bench.projects.update(house.project.id, measured)
    return house
