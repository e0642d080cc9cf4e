from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sparsify_tui.analyses.data import check_data
from sparsify_tui.core.project import DataSet
from sparsify_tui.errors import DataError
from tests.analyses.fakes import finished, options
from tests.analyses.models import saved, two_layers


def test_a_file_that_fits_is_described(tmp_path: Path) -> None:
    path, data = saved(two_layers(), tmp_path / "m.onnx"), tmp_path / "d.npz"
    np.savez(data, x=np.zeros((7, 4), np.float32), labels=np.zeros(7, int))

    found = finished(check_data(options=options(path, data=str(data)), role="test"))

    assert found == DataSet(
        role="test", path=str(data), samples=7, labelled=True, problems=found.problems
    )
    assert any("only 7 samples" in problem for problem in found.problems)
    assert any("x is 0 everywhere" in problem for problem in found.problems)


def test_a_test_set_without_labels_is_refused(tmp_path: Path) -> None:
    path, data = saved(two_layers(), tmp_path / "m.onnx"), tmp_path / "d.npz"
    np.savez(data, x=np.zeros((7, 4), np.float32))

    with pytest.raises(DataError, match="no array called labels"):
        finished(check_data(options=options(path, data=str(data)), role="test"))
