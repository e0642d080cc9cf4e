from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from sparsify_tui.analyses.replacements import NOT_FINITE, Replacements
from sparsify_tui.core.loss_profile import SCHEMES
from sparsify_tui.core.structures import levels_of
from sparsify_tui.errors import UsageError
from sparsify_tui.onnxio.quantize.weights import integer_weight
from sparsify_tui.onnxio.read import read_model
from sparsify_tui.onnxio.rewrite import prune_layers
from sparsify_tui.onnxio.weights import Constants
from tests.onnxio.bodies_by_code import CHOICE, branch, choice, loop
from tests.onnxio.graphs_by_code import build, constant, load, node, random, value

BFLOAT16 = helper.tensor_dtype_to_np_dtype(TensorProto.BFLOAT16)
INT4 = helper.tensor_dtype_to_np_dtype(TensorProto.INT4)
STRUCTURES = ["unstructured", "block4", "2:4", "1:4", "4:8"]
LEVELS = [0.2, 0.5, 0.9]


def cast_weight(dtype: type, *shape: int):
    """y = x · w with w stored in `dtype`."""
    nodes = [node("Cast", "w", "c", to=TensorProto.FLOAT), node("MatMul", "x c", "y")]
    return build(nodes, {"w": random(*shape).astype(dtype)})


def quantised_weight(dtype: type):
    """y = x · (q − z) · s with a scale and a zero point for each output."""
    nodes = [node("DequantizeLinear", "q s z", "w", axis=1), node("MatMul", "x w", "y")]
    integers = (np.arange(64) % 8).reshape(8, 8).astype(dtype)
    zeros = np.array([3, 3, 1, 3, 0, 1, 2, 3]).astype(dtype)
    return build(nodes, {"q": integers, "s": random(8) ** 2 + 1, "z": zeros}, opset=21)


def only(proto, folder: Path) -> Replacements:
    """Of the one layer that can be pruned."""
    loaded = load(proto, folder)
    (layer,) = read_model(loaded).prunable
    return Replacements(loaded, layer)


@pytest.mark.parametrize(
    "proto",
    [
        *(cast_weight(dtype, 8, 24) for dtype in (np.float16, np.float32, np.float64, BFLOAT16)),
        *(quantised_weight(dtype) for dtype in (np.int8, np.uint8, INT4)),
    ],
    ids=["float16", "float32", "float64", "bfloat16", "int8", "uint8", "int4"],
)
@pytest.mark.parametrize("level", [0.0, 0.3, 0.9])
def test_a_pruned_weight_is_the_one_that_a_pruned_file_holds(tmp_path, proto, level):
    loaded = load(proto, tmp_path)
    model = read_model(loaded)
    (layer,) = model.prunable
    pruned, _ = prune_layers(loaded, model, {layer.id: level})
    found = Replacements(loaded, layer).pruned(level, "unstructured")
    held = Constants(pruned.graph).stored(layer.weight)
    assert found.dtype == held.dtype
    np.testing.assert_array_equal(found, held)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, BFLOAT16])
def test_every_structure_keeps_shape_type_and_what_it_does_not_remove(tmp_path, structure, dtype):
    proto = cast_weight(dtype, 8, 24)
    replacements = only(proto, tmp_path)
    assert replacements.problem(structure) == ""
    whole = random(8, 24).astype(dtype)
    for level in levels_of(structure, [0.25, 0.5]):
        found = replacements.pruned(level, structure)
        assert found.dtype == dtype
        assert found.shape == (8, 24)
        assert np.count_nonzero(found == 0) == pytest.approx(level * found.size, abs=4)
        np.testing.assert_array_equal(found[found != 0], whole[found != 0])


@pytest.mark.parametrize("structure", STRUCTURES)
def test_energies_are_those_that_the_pruned_weight_lacks(tmp_path, structure):
    replacements = only(build([node("MatMul", "x w", "y")], {"w": random(8, 240)}), tmp_path)
    levels = levels_of(structure, [0.0, *LEVELS, 1.0])
    found = replacements.energies(levels, structure)
    whole = np.square(random(8, 240).astype(np.float64))
    for level, energy in zip(levels, found, strict=True):
        removed = whole[replacements.pruned(level, structure) == 0].sum()
        assert energy == pytest.approx(removed / whole.sum(), abs=1e-3)
    assert np.all(np.diff(found) >= 0)


@pytest.mark.parametrize("structure", ["unstructured", "block4"])
def test_a_weight_of_zeros_has_no_energy_to_lose(tmp_path, structure):
    replacements = only(build([node("MatMul", "x w", "y")], {"w": random(8, 4) * 0}), tmp_path)
    assert replacements.energies(LEVELS, structure).tolist() == [0, 0, 0]


def test_int8_by_channel_is_what_an_int8_file_holds(tmp_path):
    weight = random(12, 8, 3, 3)
    image = [value("x", 1, 8, 6, 6)]
    replacements = only(build([node("Conv", "x w", "y")], {"w": weight}, image), tmp_path)
    shipped = integer_weight(weight, 0, None, 1.0)
    numbers = shipped.values * shipped.scale.reshape(-1, 1, 1, 1)
    np.testing.assert_array_equal(replacements.quantized("int8"), numbers)
    np.testing.assert_array_equal(replacements.quantized("int8-w8a8"), numbers)


def test_schemes_differ_in_bits_and_in_whose_scale_it_is(tmp_path):
    weight = random(8, 5)
    weight[:, 0] *= 100
    replacements = only(build([node("MatMul", "x w", "y")], {"w": weight}), tmp_path)
    off = {
        scheme: np.abs(replacements.quantized(scheme) - weight).max(axis=0) for scheme in SCHEMES
    }
    assert np.all(off["int8"][1:] < off["int8-tensor"][1:])
    assert np.all(off["int8"][1:] < off["int4"][1:])


@pytest.mark.parametrize("dtype", [np.float16, np.float64, BFLOAT16])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_rounded_weights_keep_the_stored_type(tmp_path, dtype, scheme):
    replacements = only(cast_weight(dtype, 8, 24), tmp_path)
    assert replacements.problem(scheme) == ""
    assert replacements.quantized(scheme).dtype == dtype


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_is_quantised_already_is_not_quantised_again(tmp_path, scheme):
    replacements = only(quantised_weight(np.int8), tmp_path)
    assert replacements.problem(scheme) == "its weight is stored as int8 already"
    assert replacements.problem("unstructured") == ""


@pytest.mark.parametrize("odd", [np.nan, np.inf])
@pytest.mark.parametrize("change", [*STRUCTURES, *SCHEMES])
def test_no_change_is_made_of_weights_that_are_not_finite(tmp_path, odd, change):
    weight = random(8, 24)
    weight[3, 5] = odd
    replacements = only(build([node("MatMul", "x w", "y")], {"w": weight}), tmp_path)
    assert replacements.problem(change) == NOT_FINITE


def test_groups_longer_than_the_inputs_are_refused_with_both_lengths(tmp_path):
    image = [value("x", 1, 6, 6, 6)]
    replacements = only(
        build([node("Conv", "x w", "y")], {"w": random(4, 6, 3, 3)}, image), tmp_path
    )
    assert replacements.problem("2:4") == ""
    assert replacements.problem("block4") == ""
    assert replacements.problem("4:8") == (
        "each of its outputs has 6 inputs, fewer than the 8 of 4:8"
    )
    depthwise = build([node("Conv", "x w", "y", group=6)], {"w": random(6, 1, 3, 3)}, image)
    assert "has 1 input, fewer" in only(depthwise, tmp_path).problem("1:2")
    grouped = build([node("ConvTranspose", "x w", "y", group=3)], {"w": random(6, 4, 2, 2)}, image)
    assert "has 2 inputs, fewer" in only(grouped, tmp_path).problem("2:4")


def test_what_needs_an_axis_is_refused_where_none_can_be_told(tmp_path):
    reshape = [constant("s", np.array([8, 6])), node("Reshape", "w s", "r")]
    joined = only(build([*reshape, node("MatMul", "x r", "y")], {"w": random(8, 2, 3)}), tmp_path)
    outputs = "it cannot be told which axis of its weight runs over the outputs"
    assert [c for c in (*STRUCTURES, *SCHEMES) if joined.problem(c) == outputs] == [
        "int8", "int8-w8a8", "int4",
    ]  # fmt: skip
    parted = only(build([*reshape, node("MatMul", "x r", "y")], {"w": random(4, 2, 6)}), tmp_path)
    inputs = "it cannot be told which axis of its weight runs over the inputs"
    assert [c for c in (*STRUCTURES, *SCHEMES) if parted.problem(c) == inputs] == [
        "block4", "2:4", "1:4", "4:8",
    ]  # fmt: skip


def test_a_change_that_does_not_exist_is_refused(tmp_path):
    replacements = only(build([node("MatMul", "x w", "y")], {"w": random(8, 4)}), tmp_path)
    with pytest.raises(UsageError, match="no structure int3"):
        replacements.problem("int3")


def test_weights_in_branches_loops_and_ties_are_changed_like_any_other(tmp_path):
    then = branch(node("MatMul", "x w", "r"), w=random(8, 4))
    other = branch(constant("w", random(8, 4) + 1), node("MatMul", "x w", "r"))
    branched = load(build([choice(then, other)], inputs=CHOICE), tmp_path)
    again = loop([node("MatMul", "s w", "s2")], w=random(8, 8))
    count = [value("x", 2, 8), value("n", dtype=TensorProto.INT64)]
    looped = load(build([again], inputs=count), tmp_path)
    twice = [node("MatMul", "x w", "h"), node("MatMul", "h w", "y")]
    tied = load(build(twice, {"w": random(8, 8)}), tmp_path)
    for loaded, layers in ((branched, 2), (looped, 1), (tied, 1)):
        model = read_model(loaded)
        assert len(model.prunable) == layers
        for layer in model.prunable:
            replacements = Replacements(loaded, layer)
            assert not any(replacements.problem(change) for change in (*STRUCTURES, *SCHEMES))
            assert np.mean(replacements.pruned(0.5, "unstructured") == 0) == 0.5
            assert replacements.quantized("int8").shape == layer.shape
