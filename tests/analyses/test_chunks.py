from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparsify_tui.analyses import chunks
from sparsify_tui.analyses.chunks import chunk_size, joined, known_terms, trimmed_rows
from sparsify_tui.analyses.opened import open_model
from sparsify_tui.core.options import RunOptions
from tests.analyses.models import fixed_batch, saved, two_layers


def test_small_models_take_all_samples_at_once(tmp_path: Path) -> None:
    opened = open_model(RunOptions(path=str(saved(two_layers(), tmp_path / "m.onnx"))))

    assert chunk_size(opened, 10) == 10
    assert chunk_size(opened, 1000) == 32


def test_large_models_take_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_model(RunOptions(path=str(saved(two_layers(), tmp_path / "m.onnx"))))
    monkeypatch.setattr(chunks, "_FLOPS_A_RUN", 1)

    assert chunk_size(opened, 10) == 1


def test_a_fixed_batch_stays(tmp_path: Path) -> None:
    opened = open_model(RunOptions(path=str(saved(fixed_batch(), tmp_path / "m.onnx"))))

    assert chunk_size(opened, 10) == 2


def test_only_rows_of_samples_are_trimmed() -> None:
    outputs = [np.zeros((4, 2)), np.zeros((3, 4)), np.zeros(()), np.zeros(4)]

    assert [one.shape for one in trimmed_rows(outputs, 4, 1)] == [(1, 2), (3, 4), (), (1,)]


def test_chunks_are_joined_along_the_samples() -> None:
    parts = [[np.ones((2, 3)), np.array(1.0)], [np.zeros((1, 3)), np.array(2.0)]]

    first, second = joined(parts)
    assert first is not None
    assert first.shape == (3, 3)
    assert second is not None
    assert second.tolist() == [1, 2]


@pytest.mark.parametrize("other", [(1, 5, 4), (1, 3), ()])
def test_an_output_whose_size_depends_on_the_sample_cannot_be_joined(other: tuple) -> None:
    parts = [[np.zeros((1, 3, 4)), np.ones(1)], [np.zeros(other), np.ones(1)]]

    first, second = joined(parts)
    assert first is None
    assert second is not None


@given(st.lists(st.lists(st.floats(), min_size=2, max_size=2), min_size=1, max_size=4))
def test_terms_that_are_not_finite_are_none(terms: list[list[float]]) -> None:
    found = known_terms(np.array(terms))

    for row, values in zip(found, terms, strict=True):
        assert row == tuple(value if np.isfinite(value) else None for value in values)
