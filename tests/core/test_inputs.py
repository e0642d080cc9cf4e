from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.inputs import assume_shapes, free_axes, open_dims
from sparsify_tui.core.model import TensorSpec
from sparsify_tui.errors import UsageError


def spec(*shape, name="x", dtype="float32"):
    return TensorSpec(name=name, dtype=dtype, shape=shape)


def shapes(*inputs, dims=None, batch=1):
    return tuple(found.shape for found in assume_shapes(inputs, dims or {}, batch))


@pytest.mark.parametrize(
    ("declared", "dtype", "assumed"),
    [
        (("N", 3, "H", "W"), "float32", (1, 3, 224, 224)),
        (("?", 3, "?", "?"), "float16", (1, 3, 224, 224)),
        (("N", "?", "?", 3), "float32", (1, 224, 224, 3)),
        (("N", 3, 512, "W"), "float32", (1, 3, 512, 512)),
        (("N", 3, "H", 640), "float32", (1, 3, 640, 640)),
        (("N", 3, 48, "W"), "float32", (1, 3, 48, 320)),
        (("N", "H", 64, 3), "float32", (1, 64, 64, 3)),
        (("N", 12, "s53", 64), "int64", (1, 12, 1, 64)),
        (("s43", "s53"), "int64", (1, 128)),
        (("s43", 2048), "int32", (1, 2048)),
        (("N", "T", 4), "int64", (1, 128, 4)),
        (("N", "T"), "float32", (1, 1)),
        (("N",), "int64", (1,)),
        ((), "int64", ()),
        ((2, 3), "float32", (2, 3)),
    ],
)
def test_an_open_dimension_is_guessed_from_rank_type_and_neighbours(declared, dtype, assumed):
    assert shapes(spec(*declared, dtype=dtype)) == (assumed,)


def test_only_an_open_first_axis_is_the_batch():
    assert shapes(spec("N", 4), spec(2, "T", 8, name="y"), batch=32) == ((32, 4), (2, 1, 8))


def test_equal_names_get_equal_sizes_even_where_another_input_decides():
    state = spec(2, "N", 128, name="state")
    mask = spec("N", "T", name="mask")
    tokens = spec("N", "T", name="tokens", dtype="int64")
    assert shapes(state, mask, tokens, batch=4) == ((2, 4, 128), (4, 128), (4, 128))


def test_unnamed_dimensions_are_not_equal_to_each_other():
    assert shapes(spec("?", "?", dtype="int64"), spec(2, "?", name="y")) == ((1, 128), (2, 1))


def test_a_size_may_be_given_by_name_or_by_input_and_axis():
    image = spec("N", 3, "H", "W")
    assert shapes(image, dims={"H": 48, "x:3": 192}) == ((1, 3, 48, 192),)


def test_a_size_given_by_axis_holds_for_every_dimension_of_that_name():
    assert shapes(spec("N", 2), spec("N", 3, name="y"), dims={"y:0": 7}) == ((7, 2), (7, 3))


@pytest.mark.parametrize(("height", "width"), [(48, 320), (640, 640)])
def test_a_given_height_decides_the_width_like_a_declared_one(height, width):
    image = spec("N", 3, "H", "W")
    assert shapes(image, dims={"H": height}) == ((1, 3, height, width),)


@pytest.mark.parametrize("key", ["Q", "x:1", "x:9", "y:0", ""])
def test_an_unknown_dimension_is_refused_with_the_names_that_exist(key):
    with pytest.raises(UsageError) as caught:
        assume_shapes((spec("N", 3, "?", "W"),), {key: 5})
    assert "N, x:2, W" in caught.value.hint


def test_two_sizes_for_one_name_are_refused():
    with pytest.raises(UsageError, match="two sizes, 2 and 3"):
        assume_shapes((spec("N", 1), spec("N", 1, name="y")), {"x:0": 2, "y:0": 3})


@pytest.mark.parametrize("size", [0, -1])
def test_a_size_below_one_is_refused(size):
    with pytest.raises(UsageError, match="must be 1 or more"):
        assume_shapes((spec("N"),), {"N": size})


def test_open_dimensions_are_listed_once_each():
    inputs = (spec("N", "?", 3), spec("N", "T", name="y"))
    assert open_dims(inputs) == ("N", "x:1", "T")


def test_free_dimensions_are_those_without_a_size_each_at_its_first_axis():
    inputs = (spec("N", "?", "W"), spec("T", "N", name="y"))
    free = free_axes(inputs, {"x:2": 5})
    assert [(key, one.name, axis) for key, one, axis in free] == [
        ("N", "x", 0),
        ("x:1", "x", 1),
        ("T", "y", 0),
    ]


dimensions = st.one_of(st.integers(1, 9), st.sampled_from(["N", "s43", "batch", "height", "?"]))
inputs_of_any_kind = st.lists(
    st.tuples(st.lists(dimensions, max_size=5), st.sampled_from(["float32", "int64", "bool"])),
    max_size=3,
)


def renamed(shape):
    return tuple(f"s{ord(d[0])}" if isinstance(d, str) and d != "?" else d for d in shape)


@settings(max_examples=100, deadline=None)
@given(inputs_of_any_kind)
def test_every_shape_is_fixed_and_the_names_of_dimensions_do_not_matter(kinds):
    inputs = [spec(*shape, name=str(i), dtype=kind) for i, (shape, kind) in enumerate(kinds)]
    others = [replace(found, shape=renamed(found.shape)) for found in inputs]
    assert shapes(*inputs) == shapes(*others)
    assert all(isinstance(size, int) and size > 0 for shape in shapes(*inputs) for size in shape)
