from __future__ import annotations

import pytest

from tests.core.examples import layer, model_of

MODEL = model_of(
    layer("conv1"),
    layer("norm", prunable=False),
    layer("/fc/Gemm", weight="onnx::Gemm_12", module_path=None),
)


def test_weight_params_are_those_of_the_shape() -> None:
    assert layer("a", shape=(16, 3, 5, 5)).weight_params == 1200
    assert layer("a", shape=()).weight_params == 1


def test_a_layer_is_called_by_its_module_where_it_has_one() -> None:
    assert [one.label for one in MODEL.layers] == ["conv1", "norm", "fc/Gemm"]
    assert layer("/conv1/Conv", module_path="conv1").label == "conv1"


def test_prunable_layers_keep_the_order_of_the_graph() -> None:
    assert [one.id for one in MODEL.prunable] == ["conv1", "/fc/Gemm"]


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("conv1", "conv1"),
        ("conv1.weight", "conv1"),
        ("/fc/Gemm", "/fc/Gemm"),
        ("onnx::Gemm_12", "/fc/Gemm"),
    ],
)
def test_a_layer_is_found_by_id_weight_or_module(reference: str, found: str) -> None:
    layer = MODEL.layer(reference)

    assert layer is not None
    assert layer.id == found


def test_an_unknown_layer_is_none() -> None:
    assert MODEL.layer("conv9") is None


def test_an_exporters_scope_is_shown_without_slash_and_operator() -> None:
    scoped = layer("/layers.0/q/MatMul", op_type="MatMul", module_path=None)
    assert scoped.label == "layers.0/q"
