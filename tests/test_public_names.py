from __future__ import annotations

import subprocess
import sys

import pytest

import sparsify_tui
from sparsify_tui.core.model import Model


@pytest.mark.parametrize("name", sparsify_tui.__all__)
def test_every_public_name_resolves(name: str) -> None:
    assert getattr(sparsify_tui, name) is not None


def test_a_public_name_is_the_type_of_its_room() -> None:
    assert sparsify_tui.Model is Model


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = sparsify_tui.Nothing


def test_importing_the_package_loads_no_room() -> None:
    code = "import sys, sparsify_tui; print([m for m in sys.modules if 'sparsify_tui.' in m])"

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.strip() == "[]"
