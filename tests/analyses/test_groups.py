from __future__ import annotations

from pathlib import Path

import pytest

from sparsify_tui import demo
from sparsify_tui.analyses.groups import find_groups
from sparsify_tui.errors import UsageError
from tests.analyses.fakes import finished, options
from tests.analyses.models import nothing_to_prune, saved, two_layers


def test_the_groups_of_a_model_and_what_is_locked_are_found(tmp_path: Path) -> None:
    found = finished(find_groups(options=options(saved(two_layers(), tmp_path / "m.onnx"))))

    assert [(one.kind, one.size, one.free) for one in found.groups] == [("hidden unit", 8, 7)]
    assert any("output" in one.reason for one in found.locked)


def test_both_sides_of_nearly_all_work_of_the_demo_are_reached() -> None:
    found = finished(find_groups(options=options(demo.MODEL)))

    assert len(found.groups) == 6
    assert found.reach_both > 0.9


def test_a_model_without_layers_has_no_groups(tmp_path: Path) -> None:
    path = saved(nothing_to_prune(), tmp_path / "m.onnx")

    assert finished(find_groups(options=options(path))).groups == ()


def test_a_value_for_no_input_is_refused(tmp_path: Path) -> None:
    path = saved(two_layers(), tmp_path / "m.onnx")

    with pytest.raises(UsageError, match="no input"):
        finished(find_groups(options=options(path, values=(("other", 2.0),))))
