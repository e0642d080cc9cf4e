"""Calibration sees the extent of what it is fed, whatever the order of the batches."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.onnxio.quantize import Ranges

NUMBERS = st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=6)


def array(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32)


@given(batches=st.lists(NUMBERS, min_size=1, max_size=4), order=st.randoms())
@settings(max_examples=40, deadline=None)
def test_batches_widen_the_bounds_to_those_of_all_values(batches: list[list[float]], order) -> None:
    seen = Ranges.empty()
    order.shuffle(batches)
    for batch in batches:
        seen = seen.merged({"x": array(*batch)})
    everything = [number for batch in batches for number in batch]
    assert seen.bounds == {"x": (min(everything), max(everything))}


def test_infinities_and_nan_are_left_out_and_noted() -> None:
    seen = Ranges.empty().merged({"x": array(1, np.inf, -2), "y": array(np.nan), "z": array(3)})
    assert seen.bounds == {"x": (-2, 1), "z": (3, 3)}
    assert seen.non_finite == {"x", "y"}


def test_shapes_are_those_of_the_first_batch() -> None:
    seen = Ranges.empty().merged({"x": np.zeros((4, 2), np.float32)})
    assert seen.merged({"x": np.zeros((1, 2), np.float32)}).shapes == {"x": (4, 2)}


def test_only_float32_arrays_have_bounds() -> None:
    fed = {"i": np.arange(3), "e": array(), "s": [array(1)], "d": np.ones(2)}
    seen = Ranges.empty().merged(fed)
    assert seen.bounds == {}
    assert seen.shapes == {"i": (3,), "e": (0,), "d": (2,)}


def test_merging_leaves_the_old_ranges_alone() -> None:
    first = Ranges.empty().merged({"x": array(1)})
    first.merged({"x": array(2), "y": array(np.inf)})
    assert first == Ranges.empty().merged({"x": array(1)})
