from __future__ import annotations

import numpy as np
import pytest

from sparsify_tui.analyses.constants import check_values, constant_feeds
from sparsify_tui.core.model import TensorSpec
from sparsify_tui.errors import DataError, UsageError

X = TensorSpec(name="x", dtype="float32", shape=("n", 4))
RATE = TensorSpec(name="rate", dtype="int64", shape=())


def test_a_value_fills_the_assumed_shape_in_the_type_of_its_input() -> None:
    assumed = (TensorSpec(name="x", dtype="float32", shape=(2, 4)), RATE)

    feeds = constant_feeds((X, RATE), {"x": 0.5, "rate": 16000}, assumed)
    assert np.array_equal(feeds["x"], np.full((2, 4), 0.5, np.float32))
    assert (feeds["rate"].shape, feeds["rate"].dtype) == ((), np.int64)


@pytest.mark.parametrize(("name", "value"), [("z", 1.0), ("rate", 0.5), ("rate", 1e30)])
def test_a_value_must_fit_an_input(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=name):
        check_values((X, RATE), {name: value})


def test_a_value_for_what_is_no_tensor_is_refused() -> None:
    with pytest.raises(DataError, match="is of type sequence_type"):
        check_values((TensorSpec(name="s", dtype="sequence_type", shape=()),), {"s": 1.0})
