"""Models of well-known shapes with random weights, for speed: they mean nothing.

`python -m tests.benchmarks.shaped FOLDER` writes them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, helper

from tests.benchmarks.sketch import Sketch

_CLASSES = 1000
_SIDE = 224


def resnet50(*, batch_open: bool = True) -> ModelProto:
    """He et al. 2015: 53 convolutions with folded BatchNorm and a classifier, 25.6 M params."""
    net = Sketch(seed=1)
    x = net.add("/relu", "Relu", _conv(net, "conv1", "input", 3, 64, 7, stride=2))
    window = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}
    x = net.add("/maxpool", "MaxPool", x, **window)
    channels = 64
    for stage, (blocks, width) in enumerate([(3, 64), (4, 128), (6, 256), (3, 512)], 1):
        for block in range(blocks):
            stride = 2 if block == 0 and stage > 1 else 1
            path = f"layer{stage}.{block}"
            x = _bottleneck(net, path, x, channels, width, stride, first=block == 0)
            channels = 4 * width
    return _classified(net, x, "fc", channels, "batch" if batch_open else 1)


def mobilenet_v2(*, batch_open: bool = True) -> ModelProto:
    """Sandler et al. 2018: 52 convolutions, BatchNorm not folded, a classifier, 3.5 M params."""
    net = Sketch(seed=2)
    x = _conv_bn_relu6(net, "features.0", "input", 3, 32, 3, stride=2)
    channels, index = 32, 1
    for expansion, width, blocks, first_stride in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
        (6, 160, 3, 2), (6, 320, 1, 1),
    ):  # fmt: skip
        for block in range(blocks):
            stride = first_stride if block == 0 else 1
            x = _inverted(net, f"features.{index}", x, channels, width, expansion, stride)
            channels, index = width, index + 1
    x = _conv_bn_relu6(net, f"features.{index}", x, channels, 1280, 1)
    return _classified(net, x, "classifier.1", 1280, "batch" if batch_open else 1)


def bert_base(*, hidden_states: bool = True, layers: int = 12) -> ModelProto:
    """Devlin et al. 2018: 768 wide, 12 heads, erf GELU in five steps, 108.9 M params.

    Args:
        hidden_states: Gives out the last ones; else the first token's after the pooler.
        layers: Number of encoder layers.
    """
    net = Sketch(seed=3)
    x = _embedded(net)
    mask = _attention_bias(net)
    for layer in range(layers):
        x = _encoder_layer(net, f"encoder.layer.{layer}", x, mask)
    shape: list[int | str] = ["batch", "sequence", _WIDTH]
    if not hidden_states:
        first = net.add("/pooler", "Gather", x, net.constant("first", np.array(0)), axis=1)
        x = net.add("/pooler/activation", "Tanh", _linear(net, "pooler.dense", first, _WIDTH))
        shape = ["batch", _WIDTH]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    name = "last_hidden_state" if hidden_states else "pooler_output"
    return net.model(inputs, x, helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))


def bert_encoder(*, batch_open: bool = True, layers: int = 12) -> ModelProto:
    """The encoder of BERT-base, fed with 128 hidden states and no mask: 84.9 M params."""
    net = Sketch(seed=4)
    x = _layer_norm(net, "embeddings.LayerNorm", "hidden_states")
    for layer in range(layers):
        x = _encoder_layer(net, f"encoder.layer.{layer}", x)
    shape: list[int | str] = ["batch" if batch_open else 1, _SEQUENCE, _WIDTH]
    states = helper.make_tensor_value_info("hidden_states", TensorProto.FLOAT, shape)
    return net.model(
        [states], x, helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, shape)
    )


_SEQUENCE = 128
_WIDTH = 768
_INNER = 3072
_HEADS = 12
_VOCABULARY = 30522
_POSITIONS = 512


def _scope(path: str) -> str:
    """`/layer1/layer1.0/conv1` of `layer1.0.conv1`, as PyTorch's exporter writes scopes."""
    parts = path.split(".")
    modules = [
        ".".join(parts[: at + 1]) if part.isdigit() else part for at, part in enumerate(parts)
    ]
    return "/" + "/".join(modules)


def _conv(
    net: Sketch, path: str, x: str, inputs: int, outputs: int, kernel: int, *,
    stride: int = 1, groups: int = 1, gain: float = 2.0, bias: bool = True,
) -> str:  # fmt: skip
    shape = (outputs, inputs // groups, kernel, kernel)
    operands = [x, net.constant(f"{path}.weight", net.weights(*shape, gain=gain))]
    if bias:
        operands.append(net.constant(f"{path}.bias", net.vector(outputs, 0.05)))
    return net.add(
        _scope(path), "Conv", *operands, kernel_shape=[kernel, kernel], group=groups,
        strides=[stride, stride], pads=[kernel // 2] * 4, dilations=[1, 1],
    )  # fmt: skip


def _bottleneck(
    net: Sketch, path: str, x: str, inputs: int, width: int, stride: int, *, first: bool
) -> str:
    scope = _scope(path)
    y = net.add(f"{scope}/relu", "Relu", _conv(net, f"{path}.conv1", x, inputs, width, 1))
    y = _conv(net, f"{path}.conv2", y, width, width, 3, stride=stride)
    y = net.add(f"{scope}/relu_1", "Relu", y)
    y = _conv(net, f"{path}.conv3", y, width, 4 * width, 1, gain=0.5)
    if first:
        x = _conv(net, f"{path}.downsample.0", x, inputs, 4 * width, 1, stride=stride, gain=1.0)
    return net.add(f"{scope}/relu_2", "Relu", net.add(scope, "Add", y, x))


def _batch_norm(net: Sketch, path: str, x: str, size: int) -> str:
    statistics = {
        "weight": np.exp(net.vector(size, 0.2)),
        "bias": net.vector(size, 0.2),
        "running_mean": net.vector(size, 0.1),
        "running_var": np.exp(net.vector(size, 0.2)),
    }
    names = [net.constant(f"{path}.{name}", values) for name, values in statistics.items()]
    return net.add(_scope(path), "BatchNormalization", x, *names, epsilon=1e-5)


def _conv_bn_relu6(
    net: Sketch, path: str, x: str, inputs: int, outputs: int, kernel: int, *,
    stride: int = 1, groups: int = 1,
) -> str:  # fmt: skip
    y = _conv(
        net, f"{path}.0", x, inputs, outputs, kernel, stride=stride, groups=groups, bias=False
    )
    y = _batch_norm(net, f"{path}.1", y, outputs)
    return net.add(_scope(f"{path}.2"), "Clip", y, net.number(0), net.number(6))


def _inverted(
    net: Sketch, path: str, x: str, inputs: int, outputs: int, expansion: int, stride: int
) -> str:
    width, y, step = inputs * expansion, x, 0
    if expansion > 1:
        y, step = _conv_bn_relu6(net, f"{path}.conv.0", y, inputs, width, 1), 1
    y = _conv_bn_relu6(net, f"{path}.conv.{step}", y, width, width, 3, stride=stride, groups=width)
    y = _conv(net, f"{path}.conv.{step + 1}", y, width, outputs, 1, gain=1.0, bias=False)
    y = _batch_norm(net, f"{path}.conv.{step + 2}", y, outputs)
    return net.add(_scope(path), "Add", x, y) if stride == 1 and inputs == outputs else y


def _classified(net: Sketch, x: str, path: str, width: int, batch: int | str) -> ModelProto:
    x = net.add("/Flatten", "Flatten", net.add("/avgpool", "GlobalAveragePool", x), axis=1)
    weight = net.constant(f"{path}.weight", net.weights(_CLASSES, width, gain=1.0))
    bias = net.constant(f"{path}.bias", net.vector(_CLASSES, 0.05))
    logits = net.add(_scope(path), "Gemm", x, weight, bias, transB=1)
    image = helper.make_tensor_value_info("input", TensorProto.FLOAT, [batch, 3, _SIDE, _SIDE])
    value = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, _CLASSES])
    return net.model([image], logits, value)


def _linear(net: Sketch, path: str, x: str, outputs: int, inputs: int = _WIDTH) -> str:
    """A Linear of PyTorch on a tensor of three dimensions: its weight comes transposed."""
    weight = net.constant(f"{path}.weight.T", net.weights(outputs, inputs, gain=0.6).T)
    product = net.add(_scope(path), "MatMul", x, weight)
    return net.add(
        _scope(path), "Add", net.constant(f"{path}.bias", net.vector(outputs, 0.02)), product
    )


def _layer_norm(net: Sketch, path: str, x: str) -> str:
    weight = net.constant(f"{path}.weight", net.vector(_WIDTH, 0.05, center=1.0))
    bias = net.constant(f"{path}.bias", net.vector(_WIDTH, 0.02))
    return net.add(_scope(path), "LayerNormalization", x, weight, bias, axis=-1, epsilon=1e-12)


def _embedded(net: Sketch) -> str:
    def table(name: str, rows: int, spread: float) -> str:
        values = net.vector(rows * _WIDTH, spread).reshape(rows, _WIDTH)
        return net.constant(f"embeddings.{name}.weight", values)

    scope = "/embeddings"
    words = net.add(
        f"{scope}/words", "Gather", table("word_embeddings", _VOCABULARY, 0.04), "input_ids"
    )
    types = net.add(
        f"{scope}/types", "Gather", table("token_type_embeddings", 2, 0.01), "token_type_ids"
    )
    length = net.add(scope, "Shape", "input_ids", start=1, end=2)
    rows = table("position_embeddings", _POSITIONS, 0.02)
    positions = net.add(scope, "Slice", rows, net.integers(0), length, net.integers(0))
    x = net.add(f"{scope}/sum", "Add", net.add(scope, "Add", words, types), positions)
    return _layer_norm(net, "embeddings.LayerNorm", x)


def _attention_bias(net: Sketch) -> str:
    mask = net.add("/mask", "Unsqueeze", "attention_mask", net.integers(1, 2))
    kept = net.add("/mask", "Cast", mask, to=TensorProto.FLOAT)
    left_out = net.add("/mask", "Sub", net.number(1), kept)
    return net.add("/mask", "Mul", left_out, net.number(-10000))


def _encoder_layer(net: Sketch, path: str, x: str, mask: str | None = None) -> str:
    scope = _scope(f"{path}.attention.self")

    def head(name: str, order: tuple[int, ...]) -> str:
        y = _linear(net, f"{path}.attention.self.{name}", x, _WIDTH)
        y = net.add(f"{scope}/{name}", "Reshape", y, net.integers(0, 0, _HEADS, _WIDTH // _HEADS))
        return net.add(f"{scope}/{name}", "Transpose", y, perm=order)

    query, key = head("query", (0, 2, 1, 3)), head("key", (0, 2, 3, 1))
    value = head("value", (0, 2, 1, 3))
    scores = net.add(scope, "Div", net.add(scope, "MatMul", query, key), net.number(8))
    if mask is not None:
        scores = net.add(scope, "Add", scores, mask)
    weights = net.add(scope, "Softmax", scores, axis=-1)
    y = net.add(f"{scope}/context", "MatMul", weights, value)
    y = net.add(scope, "Transpose", y, perm=[0, 2, 1, 3])
    y = net.add(scope, "Reshape", y, net.integers(0, 0, _WIDTH))
    y = _linear(net, f"{path}.attention.output.dense", y, _WIDTH)
    y = net.add(_scope(f"{path}.attention.output"), "Add", y, x)
    y = _layer_norm(net, f"{path}.attention.output.LayerNorm", y)
    inner = _gelu(
        net, f"{path}.intermediate", _linear(net, f"{path}.intermediate.dense", y, _INNER)
    )
    z = _linear(net, f"{path}.output.dense", inner, _WIDTH, _INNER)
    z = net.add(_scope(f"{path}.output"), "Add", z, y)
    return _layer_norm(net, f"{path}.output.LayerNorm", z)


def _gelu(net: Sketch, path: str, x: str) -> str:
    scope = f"{_scope(path)}/intermediate_act_fn"
    erf = net.add(scope, "Erf", net.add(scope, "Div", x, net.number(np.sqrt(2))))
    product = net.add(scope, "Mul", x, net.add(scope, "Add", erf, net.number(1)))
    return net.add(f"{scope}/half", "Mul", product, net.number(0.5))


def main(folder: Path) -> None:
    """Writes resnet50.onnx, mobilenet_v2.onnx and bert_base.onnx."""
    folder.mkdir(parents=True, exist_ok=True)
    for build in (resnet50, mobilenet_v2, bert_base):
        path = folder / f"{build.__name__}.onnx"
        path.write_bytes(build().SerializeToString())
        print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
