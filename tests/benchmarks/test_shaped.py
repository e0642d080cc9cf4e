"""The built models have the size and the structure of those they are named after."""

from __future__ import annotations

import math
from collections import Counter

import onnx
import pytest
from onnx import ModelProto

from tests.benchmarks.shaped import bert_base, bert_encoder, mobilenet_v2, resnet50


def params(proto: ModelProto) -> float:
    return sum(math.prod(t.dims) for t in proto.graph.initializer if t.data_type == 1) / 1e6


def operators(proto: ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in proto.graph.node)


@pytest.fixture(scope="module")
def resnet() -> ModelProto:
    return resnet50(batch_open=False)


@pytest.fixture(scope="module")
def mobilenet() -> ModelProto:
    return mobilenet_v2()


def test_resnet50_is_of_its_size(resnet: ModelProto) -> None:
    assert params(resnet) == pytest.approx(25.5, abs=0.1)
    assert [operators(resnet)[name] for name in ("Conv", "Gemm", "Add")] == [53, 1, 16]
    assert resnet.graph.input[0].type.tensor_type.shape.dim[0].dim_value == 1


def test_mobilenet_v2_has_its_batch_norm(mobilenet: ModelProto) -> None:
    assert params(mobilenet) == pytest.approx(3.5, abs=0.1)
    assert operators(mobilenet)["Conv"] == operators(mobilenet)["BatchNormalization"] == 52


@pytest.mark.parametrize(
    ("hidden", "output"), [(True, "last_hidden_state"), (False, "pooler_output")]
)
def test_bert_grows_by_whole_layers(hidden: bool, output: str) -> None:
    net = bert_base(hidden_states=hidden, layers=2)
    assert operators(net)["MatMul"] == 2 * 8 + (0 if hidden else 1)
    assert operators(net)["Erf"] == 2
    assert [value.name for value in net.graph.output] == [output]


def test_the_encoder_alone_is_bert_without_its_tables() -> None:
    net = bert_encoder(layers=2)
    assert operators(net)["MatMul"] == 2 * 8
    assert params(net) == pytest.approx(84.9 / 6, rel=0.01)
    assert [value.name for value in net.graph.input] == ["hidden_states"]


def test_each_is_valid(resnet: ModelProto, mobilenet: ModelProto) -> None:
    for net in (resnet, mobilenet, bert_base(layers=1), bert_encoder(layers=1)):
        onnx.checker.check_model(net, full_check=True)
        names = [node.name for node in net.graph.node]
        assert len(names) == len(set(names))


def test_it_is_the_same_each_time(mobilenet: ModelProto) -> None:
    assert mobilenet == mobilenet_v2()
