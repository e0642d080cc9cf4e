from __future__ import annotations

import os
from pathlib import Path

import pytest

from sparsify_tui.errors import ModelError, UsageError
from sparsify_tui.workbench.paths import full_path, is_model_path, stamp_of


def test_a_home_folder_is_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")

    assert full_path(Path("~/m.onnx")) == "/somewhere/m.onnx"
    assert Path(full_path(Path("m.onnx"))).is_absolute()


@pytest.mark.parametrize("ask", [full_path, stamp_of])
def test_the_home_of_nobody_is_a_sentence(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(UsageError, match="does not exist"):
        ask(Path("~nobody-at-all/m.onnx"))


def test_a_stamp_changes_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "m.onnx"
    file.write_text("one")
    first = stamp_of(file)
    os.utime(file, ns=(1, 1))

    assert first.size == 3
    assert stamp_of(file) != first
    with pytest.raises(ModelError, match="no such file") as caught:
        stamp_of(tmp_path / "gone")
    assert caught.value.hint


def test_a_word_means_a_file_by_its_ending_or_because_it_is_one(tmp_path: Path) -> None:
    (tmp_path / "model").touch()

    assert is_model_path("gone.onnx")
    assert is_model_path(str(tmp_path / "model"))
    assert not is_model_path(str(tmp_path))
    assert not is_model_path("net")
    assert not is_model_path("n" * 5000)
