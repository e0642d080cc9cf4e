"""Small networks of well-known make, built by code."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper

from tests.benchmarks.sketch import Sketch


class Net(Sketch):
    """A sketch whose nodes are named by a path, as layers are."""

    def conv(
        self, path: str, x: str, inputs: int, outputs: int, kernel: int = 3, *,
        stride: int = 1, groups: int = 1,
    ) -> str:  # fmt: skip
        shape = (outputs, inputs // groups, kernel, kernel)
        weight = self.constant(f"{path}.weight", self.weights(*shape))
        bias = self.constant(f"{path}.bias", self.vector(outputs, 0.3))
        return self.add(
            path, "Conv", x, weight, bias, kernel_shape=[kernel] * 2, group=groups,
            strides=[stride] * 2, pads=[kernel // 2] * 4,
        )  # fmt: skip

    def linear(self, path: str, x: str, inputs: int, outputs: int) -> str:
        weight = self.constant(f"{path}.weight", self.weights(outputs, inputs).T)
        bias = self.constant(f"{path}.bias", self.vector(outputs, 0.3))
        return self.add(path, "Add", self.add(path, "MatMul", x, weight), bias)

    def norm(self, path: str, x: str, size: int) -> str:
        scale = self.constant(f"{path}.weight", self.vector(size, 0.1, center=1.0))
        shift = self.constant(f"{path}.bias", self.vector(size, 0.1))
        return self.add(path, "LayerNormalization", x, scale, shift, axis=-1)

    def place(self, at: int) -> str:
        """A scalar that picks one place of an axis, which goes away."""
        self._constants[f"place{at}"] = np.array(at)
        return f"place{at}"

    @property
    def last(self) -> NodeProto:
        """The newest node."""
        return self._nodes[-1]

    def done(self, x: str, shape: tuple[int | str, ...], out: tuple[int | str, ...]) -> ModelProto:
        given = helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))
        made = helper.make_tensor_value_info("y", TensorProto.FLOAT, list(out))
        return self.model([given], x, made)


def resnet18(side: int = 32) -> ModelProto:
    """He et al. 2015, with an eighth of the channels."""
    net = Net(seed=1)
    x = net.add("stem", "Relu", net.conv("stem", "x", 3, 8, 7, stride=2))
    x = net.add("pool", "MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    inputs = 8
    for stage, width in enumerate((8, 16, 32, 64)):
        for block in range(2):
            path, stride = f"layer{stage}.{block}", 2 if stage and not block else 1
            y = net.conv(f"{path}.conv1", x, inputs, width, stride=stride)
            y = net.conv(f"{path}.conv2", net.add(f"{path}.1", "Relu", y), width, width)
            if stride == 2:
                x = net.conv(f"{path}.down", x, inputs, width, 1, stride=2)
            x = net.add(f"{path}.2", "Relu", net.add(path, "Add", y, x))
            inputs = width
    x = net.add("flat", "Flatten", net.add("mean", "GlobalAveragePool", x))
    weight = net.constant("fc.weight", net.weights(10, 64))
    x = net.add("fc", "Gemm", x, weight, net.constant("fc.bias", net.vector(10, 0.1)), transB=1)
    return net.done(x, ("n", 3, side, side), ("n", 10))


def mobilenet_v3(side: int = 32) -> ModelProto:
    """Howard et al. 2019: depthwise, squeeze-and-excite and HardSwish, three blocks of it."""
    net = Net(seed=2)
    x = net.add("stem", "HardSwish", net.conv("stem", "x", 3, 16, stride=2))
    for at, (inputs, inner, outputs, stride) in enumerate(
        ((16, 16, 16, 1), (16, 64, 24, 2), (24, 72, 24, 1))
    ):
        path = f"block{at}"
        y = net.add(f"{path}.0", "HardSwish", net.conv(f"{path}.expand", x, inputs, inner, 1))
        y = net.conv(f"{path}.deep", y, inner, inner, 5, stride=stride, groups=inner)
        y = net.add(f"{path}.1", "HardSwish", y)
        s = net.conv(f"{path}.squeeze", net.add(path, "GlobalAveragePool", y), inner, inner // 4, 1)
        s = net.conv(f"{path}.excite", net.add(path, "Relu", s), inner // 4, inner, 1)
        y = net.add(path, "Mul", y, net.add(path, "HardSigmoid", s))
        y = net.conv(f"{path}.project", y, inner, outputs, 1)
        x = net.add(path, "Add", x, y) if inputs == outputs and stride == 1 else y
    x = net.add("flat", "Flatten", net.add("mean", "GlobalAveragePool", x))
    weight = net.constant("fc.weight", net.weights(10, 24))
    x = net.add("fc", "Gemm", x, weight, net.constant("fc.bias", net.vector(10, 0.1)), transB=1)
    return net.done(net.add("end", "Softmax", x), ("n", 3, side, side), ("n", 10))


def vision_transformer(layers: int = 2, *, computed: bool = False) -> ModelProto:
    """Dosovitskiy et al. 2020: patches, a class token, and query, key and value in one product.

    Args:
        layers: Of the encoder.
        computed: Whether batch and tokens of what is reshaped are taken from the tensor itself.
    """
    net = Net(seed=3)
    x = net.conv("patch", "x", 3, _WIDTH, 4, stride=4)
    x = net.add("rows", "Reshape", x, net.integers(0, _WIDTH, -1))
    x = net.add("rows", "Transpose", x, perm=[0, 2, 1])
    batch = net.add("batch", "Shape", "x", start=0, end=1)
    token = net.constant("cls.weight", net.vector(_WIDTH, 1.0).reshape(1, 1, _WIDTH))
    wanted = net.add("wanted", "Concat", batch, net.integers(1, 1), axis=0)
    x = net.add("tokens", "Concat", net.add("cls", "Expand", token, wanted), x, axis=1)
    count = (32 // 4 + 1) ** 2 + 1  # the padding of a kernel of 4 adds a row
    places = net.constant("pos", net.vector(count * _WIDTH, 0.5).reshape(1, count, _WIDTH))
    x = net.add("pos", "Add", x, places)
    for layer in range(layers):
        path = f"layer{layer}"
        y = _attention(net, path, net.norm(f"{path}.norm1", x, _WIDTH), computed=computed)
        x = net.add(f"{path}.plus", "Add", x, y)
        y = net.linear(f"{path}.up", net.norm(f"{path}.norm2", x, _WIDTH), _WIDTH, 4 * _WIDTH)
        y = net.linear(f"{path}.down", net.add(path, "Erf", y), 4 * _WIDTH, _WIDTH)
        x = net.add(f"{path}.sum", "Add", x, y)
    x = net.norm("norm", x, _WIDTH)
    x = net.add("first", "Gather", x, net.place(0), axis=1)
    weight = net.constant("fc.weight", net.weights(10, _WIDTH))
    x = net.add("fc", "Gemm", x, weight, net.constant("fc.bias", net.vector(10, 0.1)), transB=1)
    return net.done(x, ("n", 3, 32, 32), ("n", 10))


_WIDTH, _HEADS = 48, 4


def _attention(net: Net, path: str, x: str, *, computed: bool) -> str:
    inner = _WIDTH // _HEADS
    y = net.linear(f"{path}.qkv", x, _WIDTH, 3 * _WIDTH)
    y = net.add(f"{path}.split", "Reshape", y, net.integers(0, 0, 3, _HEADS, inner))
    y = net.add(f"{path}.split", "Transpose", y, perm=[2, 0, 3, 1, 4])
    q, k, v = (net.add(f"{path}.{at}", "Gather", y, net.place(at), axis=0) for at in range(3))
    scores = net.add(f"{path}.qk", "MatMul", q, net.add(f"{path}.k", "Transpose", k,
                                                       perm=[0, 1, 3, 2]))  # fmt: skip
    scores = net.add(path, "Softmax", net.add(path, "Mul", scores, net.number(inner**-0.5)))
    y = net.add(f"{path}.mix", "MatMul", scores, v)
    y = net.add(f"{path}.mix", "Transpose", y, perm=[0, 2, 1, 3])
    wanted = net.integers(0, 0, _WIDTH)
    if computed:
        sizes = net.add(f"{path}.sizes", "Shape", x, start=0, end=2)
        wanted = net.add(f"{path}.sizes", "Concat", sizes, net.integers(_WIDTH), axis=0)
    return net.linear(f"{path}.out", net.add(f"{path}.mix", "Reshape", y, wanted), _WIDTH, _WIDTH)
