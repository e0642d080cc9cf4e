from __future__ import annotations

from pathlib import Path

import pytest

from sparsify_tui.errors import ExportError, UsageError
from sparsify_tui.workbench.exports import Exports
from sparsify_tui.workbench.plans import PlanRequest, draft
from tests.workbench.fakes import project


def test_every_target_has_a_title_a_language_and_a_text(tmp_path: Path) -> None:
    net = project(tmp_path / "net.onnx")
    plan = draft(net, PlanRequest())
    exports = Exports()

    for name, title in exports.targets():
        assert title
        assert exports.language(name)
        assert exports.preview(net, plan, name).endswith("\n")
        assert exports.default_path(name, tmp_path).parent == tmp_path
    assert not {name for name, _ in exports.targets()} & set(exports.later_targets())


def test_a_target_that_is_not_built_is_refused(tmp_path: Path) -> None:
    net = project(tmp_path / "net.onnx")
    plan = draft(net, PlanRequest())

    for name in (*Exports().later_targets(), "tflite"):
        with pytest.raises(UsageError):
            Exports().preview(net, plan, name)


def test_a_file_that_is_there_is_only_replaced_when_that_is_meant(tmp_path: Path) -> None:
    file = tmp_path / "recipe.yml"
    Exports().save("first\n", file)

    with pytest.raises(ExportError):
        Exports().save("second\n", file, overwrite=False)

    assert file.read_text() == "first\n"
    assert Exports().save("second\n", file) == file
    assert file.read_text() == "second\n"
