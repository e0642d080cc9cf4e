from __future__ import annotations

import os
import resource
from dataclasses import replace
from pathlib import Path

import pytest

from sparsify_tui.analyses import setup as module
from sparsify_tui.analyses.setup import Setup, check_memory, usable_memory
from sparsify_tui.core.model import Model
from sparsify_tui.errors import DataError, JobError, ModelError
from sparsify_tui.onnxio.load import load_model
from sparsify_tui.onnxio.read import read_model
from tests.analyses.losses import samples, setup
from tests.analyses.models import saved, two_layers


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return saved(two_layers(), tmp_path / "m.onnx")


@pytest.fixture
def model(path: Path) -> Model:
    return read_model(load_model(path))


def test_a_setup_travels_as_text(path: Path) -> None:
    one = setup(path, dims=(("n", 2),))

    assert Setup.from_text(one.to_text()) == one
    sent = replace(one, digest="ab", sizes=(3, 4))
    assert Setup.from_text(sent.to_text()) == sent
    assert one.to_text() == setup(path, dims=(("n", 2),)).to_text()
    assert one.to_text() != setup(path).to_text()


def test_stamps_tell_that_a_file_has_changed(path: Path, tmp_path: Path) -> None:
    data = samples(tmp_path / "d.npz")
    one = setup(path, data=data)
    before = one.stamps()

    assert one.stamps() == before
    os.utime(data, (1, 1))
    assert one.stamps() != before
    assert replace(one, options=replace(one.options, data=None)).stamps() == before[:1]


def test_a_file_of_another_content_is_refused(path: Path, tmp_path: Path) -> None:
    one = setup(path, data=samples(tmp_path / "d.npz"))
    sent = replace(one, digest="ab", sizes=one.data_sizes())

    one.check_files("any")
    sent.check_files("ab")
    with pytest.raises(ModelError, match="another file here"):
        sent.check_files("cd")
    with pytest.raises(DataError, match="other data here"):
        replace(sent, sizes=(1,)).check_files("ab")


def test_a_model_that_does_not_fit_is_refused_with_both_numbers(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "available_memory", lambda: 1000)

    expected = r"needs about 1\.1\d? kB, and 1\.0\d? kB may be used"
    with pytest.raises(JobError, match=expected) as caught:
        check_memory(model)  # 56 weights of 4 bytes, five times
    assert "a rule of thumb: 5 copies" in caught.value.hint
    assert "--scheduler" not in caught.value.hint
    monkeypatch.setattr(module, "available_memory", lambda: 1120)
    check_memory(model)


def test_the_limit_of_the_process_counts(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "available_memory", lambda: 1 << 40)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1000, resource.RLIM_INFINITY))

    assert usable_memory() == 1000
    with pytest.raises(JobError):
        check_memory(model)
