from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from onnx import TensorProto, helper

from sparsify_tui.onnxio.owners import idle_layers, kernel_owner
from sparsify_tui.onnxio.read import read_model
from tests.onnxio.graphs_by_code import build, load, node, random, value
from tests.onnxio.profiles import ROWS, charged, kernels, norm


def test_a_product_with_its_batch_norm_folded_in_is_known_by_elimination(tmp_path):
    weights = {name: random(16, 16) for name in ("u", "v", "w")}
    nodes = [
        node("MatMul", "x u", "a"), norm("a", "b", 16, weights), node("Relu", "b", "c"),
        node("MatMul", "c v", "d"), node("Relu", "d", "e"), norm("e", "f", 16, weights),
        node("MatMul", "f w", "g"), norm("g", "y", 16, weights),
    ]  # fmt: skip
    for batch_norm in (nodes[1], nodes[5], nodes[7]):
        batch_norm.attribute.append(helper.make_attribute("epsilon", 1e-5))
    owners = charged(build(nodes, weights, ROWS), tmp_path)
    assert owners["fused MatMulBnFusion_Gemm", "FusedGemm"] == "a"
    assert sorted(owner for owner in owners.values() if owner) == ["a", "d", "g"]


def encoder():
    """Embeddings and one block of attention in the form that onnxruntime fuses."""
    lengths = {"split": np.array([0, 0, 2, 8]), "join": np.array([0, 0, 16])}
    scalars = {"root": np.float32(8**0.5), "one": np.float32(1), "far": np.float32(-1e4)}
    tables = {"word": random(50, 16), "place": random(32, 16), "kind": random(2, 16)}
    weights = lengths | scalars | tables | {"places": np.arange(8)[None]}
    weights |= {f"w_{part}": random(16, 16) / 10 for part in "qkvo"}
    weights |= {f"b_{part}": random(16) for part in "qkvo"} | {"scale": np.ones(16, np.float32)}
    nodes = [
        node("Gather", "word ids", "e1"), node("Gather", "place places", "e2"),
        node("Gather", "kind kinds", "e3"), node("Add", "e1 e2", "e4"), node("Add", "e4 e3", "e5"),
        node("LayerNormalization", "e5 scale b_q", "h", axis=-1),
        node("Unsqueeze", "mask", "m1", axes=[1]), node("Unsqueeze", "m1", "m2", axes=[2]),
        node("Cast", "m2", "m3", to=1), node("Sub", "one m3", "m4"), node("Mul", "m4 far", "m5"),
    ]  # fmt: skip
    for part, order in zip("qkv", ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]), strict=True):
        nodes += [
            node("MatMul", f"h w_{part}", part), node("Add", f"{part} b_{part}", f"{part}1"),
            node("Reshape", f"{part}1 split", f"{part}2"),
            node("Transpose", f"{part}2", f"{part}3", perm=order),
        ]  # fmt: skip
    nodes += [
        node("MatMul", "q3 k3", "s1"), node("Div", "s1 root", "s2"), node("Add", "s2 m5", "s3"),
        node("Softmax", "s3", "s4", axis=3), node("MatMul", "s4 v3", "s5"),
        node("Transpose", "s5", "s6", perm=[0, 2, 1, 3]), node("Reshape", "s6 join", "s7"),
        node("MatMul", "s7 w_o", "o"), node("Add", "o b_o", "o1"), node("Add", "o1 h", "o2"),
        node("LayerNormalization", "o2 scale b_q", "y", axis=-1),
    ]  # fmt: skip
    inputs = [value(n, 1, 8, dtype=TensorProto.INT64) for n in ("ids", "kinds", "mask")]
    arrays = {name: np.asarray(array) for name, array in weights.items()}
    return build(nodes, arrays, inputs, [value("y", 1, 8, 16)], opset=11)


def test_a_kernel_of_several_layers_is_shared_out_by_flops(tmp_path):
    loaded = load(encoder(), tmp_path)
    model = read_model(loaded)
    found = kernels(loaded.proto, model, tmp_path)
    owner = kernel_owner(loaded, model, found.items())
    shares = owner.shares("Attention", "Attention")
    assert list(shares) == ["q", "k", "v"]
    assert sum(shares.values()) == pytest.approx(1)
    dearer = tuple(
        replace(layer, flops=2000 if layer.id == "q" else 1000) for layer in model.layers
    )
    dearer_owner = kernel_owner(loaded, replace(model, layers=dearer), found.items())
    assert dearer_owner.shares("Attention", "Attention") == {"q": 0.5, "k": 0.25, "v": 0.25}
    assert owner("Attention", "Attention") is None
    embedded = owner.shares("EmbedLayerNormalization", "EmbedLayerNormalization")
    assert embedded == dict.fromkeys(["e1", "e2", "e3"], pytest.approx(1 / 3))
    assert sum(owner(*kernel) == "o" for kernel in found.items()) == 1


def test_a_nameless_kernel_is_charged_to_none_where_the_count_does_not_fit(tmp_path):
    loaded = load(encoder(), tmp_path)
    found = [("Attention", "Attention"), ("Attention_token_7", "Attention")]
    assert idle_layers(loaded, read_model(loaded), found) == set()
    assert kernel_owner(loaded, read_model(loaded), found).shares(*found[0]) == {}
    assert kernel_owner(loaded, read_model(loaded)).shares("Attention", "Attention") == {}
