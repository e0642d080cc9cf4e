from __future__ import annotations

from pathlib import Path

import pytest

from sparsify_tui.tui.dialogs.path_completion import complete_path


@pytest.fixture
def folder(tmp_path: Path) -> str:
    for name in ("resnet18.onnx", "resnet50.ONNX", "notes.txt", ".hidden.onnx", "bad\x1bname.onnx"):
        (tmp_path / name).touch()
    (tmp_path / "data").mkdir()
    return f"{tmp_path}/"


def test_it_goes_as_far_as_the_names_agree(folder):
    path, names = complete_path(f"{folder}re", [".onnx"])
    assert path == f"{folder}resnet"
    assert names == ("resnet18.onnx", "resnet50.ONNX")
    assert complete_path(f"{folder}resnet1", [".onnx"]) == (f"{folder}resnet18.onnx", ())


def test_folders_fit_always_and_files_by_their_end(folder):
    assert complete_path(folder, [".npz"]) == (f"{folder}data/", ())
    assert complete_path(f"{folder}no", [".onnx"]) == (f"{folder}no", ())
    assert complete_path(f"{folder}no") == (f"{folder}notes.txt", ())


def test_hidden_names_wait_for_their_dot_and_unsafe_ones_are_never_offered(folder):
    assert ".hidden.onnx" not in complete_path(folder)[1]
    assert complete_path(f"{folder}.h")[0] == f"{folder}.hidden.onnx"
    assert complete_path(f"{folder}bad") == (f"{folder}bad", ())


@pytest.mark.parametrize("typed", ["/no/such/folder/x", "a\0b/c", ""])
def test_what_cannot_be_read_completes_to_itself(typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert complete_path(typed) == (typed, ())


def test_the_home_sign_is_understood_and_kept(folder, monkeypatch):
    monkeypatch.setenv("HOME", folder)
    assert complete_path("~/da")[0] == "~/data/"
