from __future__ import annotations

import pytest

from sparsify_tui.core.structures import check_structure, levels_of, n_of_m
from sparsify_tui.errors import UsageError


@pytest.mark.parametrize(
    ("structure", "level"), [("2:4", 0.5), ("1:4", 0.75), ("4:8", 0.5), ("3:4", 0.25)]
)
def test_n_of_m_has_its_own_level_whatever_is_asked(structure: str, level: float) -> None:
    assert levels_of(structure, [0.2, 0.9]) == (level,)
    assert levels_of(structure, []) == (level,)


@pytest.mark.parametrize("structure", ["unstructured", "channel", "block4"])
def test_other_structures_have_every_level(structure: str) -> None:
    assert levels_of(structure, [0.2, 0.9]) == (0.2, 0.9)
    assert n_of_m(structure) is None


@pytest.mark.parametrize(
    "structure",
    ["", "block", "4:4", "4:2", "0:4", "2:", ":4", "2:4 ", "-2:4", "2:100", "٢:٤", "1٢:20"],
)
def test_what_is_no_structure_is_refused(structure: str) -> None:
    assert n_of_m(structure) is None
    with pytest.raises(UsageError, match="no structure"):
        check_structure(structure)
    with pytest.raises(UsageError, match="no structure"):
        levels_of(structure, [0.5])
