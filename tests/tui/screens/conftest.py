from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.screens.house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def empty_house(tmp_path: Path) -> House:
    return House(tmp_path, is_filled=False)
