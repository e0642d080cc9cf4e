"""Grows networks of random wiring whose channels meet in every way there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from hypothesis import strategies as st
from onnx import ModelProto

from tests.onnxio.channels.nets import Net

Step = tuple[str, int, int]
"""What to add, and which tensors before it takes, counted from the newest."""
SIDE = 6
_WIDTHS = (4, 8, 12)


class _Growth:
    """Tensors [n, channels, 6, 6]; what a step cannot be done with is left out."""

    def __init__(self) -> None:
        self.net = Net(seed=5)
        self.made: list[tuple[str, int]] = []
        self.count = 0

    def name(self) -> str:
        self.count += 1
        return f"node{self.count}"

    def of(self, place: int) -> tuple[str, int]:
        return self.made[-1 - place % len(self.made)]

    def keep(self, x: str, channels: int) -> None:
        self.made.append((x, channels))

    def conv(self, first: int, second: int) -> None:
        x, inputs = self.of(first)
        outputs = _WIDTHS[second % 3]
        self.keep(self.net.conv(self.name(), x, inputs, outputs, 1 + 2 * (second % 2)), outputs)

    def depthwise(self, first: int, second: int) -> None:
        x, channels = self.of(first)
        outputs = channels * (1 + second % 2)
        self.keep(self.net.conv(self.name(), x, channels, outputs, groups=channels), outputs)

    def grouped(self, first: int, second: int) -> None:
        x, channels = self.of(first)
        outputs = _WIDTHS[second % 3]
        if channels % 2 == 0:
            self.keep(self.net.conv(self.name(), x, channels, outputs, groups=2), outputs)

    def add(self, first: int, second: int) -> None:
        (x, channels), (y, others) = self.of(first), self.of(second)
        if channels == others:
            self.keep(self.net.add(self.name(), "Add", x, y), channels)

    def concat(self, first: int, second: int) -> None:
        (x, channels), (y, others) = self.of(first), self.of(second)
        self.keep(self.net.add(self.name(), "Concat", x, y, axis=1), channels + others)

    def part(self, first: int, second: int) -> None:
        x, channels = self.of(first)
        if channels > 1:
            parts = self.net.integers(channels // 2, channels - channels // 2)
            y = self.net.add(self.name(), "Split", x, parts, axis=1)
            rest = f"{y}_rest"
            self.net.last.output.append(rest)
            self.keep(y, channels // 2)
            self.keep(rest, channels - channels // 2)

    def cut(self, first: int, second: int) -> None:
        x, channels = self.of(first)
        start, end = second % channels, channels - second % 2
        if end - start > 0:
            bounds = [self.net.integers(value) for value in (start, end, 1)]
            self.keep(self.net.add(self.name(), "Slice", x, *bounds), end - start)

    def shuffle(self, first: int, second: int) -> None:
        x, channels = self.of(first)
        if channels % 4 == 0:
            wanted = self.net.integers(0, 4, channels // 4, SIDE, SIDE)
            y = self.net.add(self.name(), "Reshape", x, wanted)
            y = self.net.add(self.name(), "Transpose", y, perm=[0, 2, 1, 3, 4])
            wanted = self.net.integers(0, channels, SIDE, -1)
            self.keep(self.net.add(self.name(), "Reshape", y, wanted), channels)

    def squeeze(self, first: int, second: int) -> None:
        x, channels = self.of(first)
        y = self.net.add(self.name(), "GlobalAveragePool", x)
        y = self.net.add(self.name(), "Relu", self.net.conv(self.name(), y, channels, 4, 1))
        y = self.net.add(self.name(), "Sigmoid", self.net.conv(self.name(), y, 4, channels, 1))
        self.keep(self.net.add(self.name(), "Mul", x, y), channels)

    def scale(self, first: int, second: int) -> None:
        x, channels = self.of(first)
        shape = (1, channels, 1, 1) if second % 2 else (1,)
        numbers = self.net.vector(int(np.prod(shape)), 0.5, center=0.5).reshape(shape)
        y = self.net.add(self.name(), "Add", x, self.net.constant(self.name(), numbers))
        self.keep(self.net.add(self.name(), "Sigmoid", y), channels)

    def pool(self, first: int, second: int) -> None:
        x, channels = self.of(first)
        y = self.net.add(self.name(), "AveragePool", x, kernel_shape=[3, 3], pads=[1] * 4)
        self.keep(y, channels)

    def pad(self, first: int, second: int) -> None:
        x, channels = self.of(first)
        pads = self.net.integers(0, second % 3, 0, 0, 0, 2, 0, 0)
        self.keep(self.net.add(self.name(), "Pad", x, pads), channels + second % 3 + 2)

    def pick(self, first: int, second: int) -> None:
        x, channels = self.of(first)
        places = self.net.integers(*((at * 3 + second) % channels for at in range(channels)))
        self.keep(self.net.add(self.name(), "Gather", x, places, axis=1), channels)

    def finished(self) -> ModelProto:
        x, channels = self.made[-1]
        x = self.net.add("mean", "GlobalAveragePool", x)
        flat = self.net.add("flat", "Flatten", x)
        weight = self.net.constant("fc.weight", self.net.weights(5, channels))
        bias = self.net.constant("fc.bias", self.net.vector(5, 0.1))
        y = self.net.add("fc", "Gemm", flat, weight, bias, transB=1)
        return self.net.done(y, ("n", 3, SIDE, SIDE), ("n", 5))


_KINDS: dict[str, Callable[[_Growth, int, int], None]] = {
    kind: getattr(_Growth, kind)
    for kind in (
        "add", "concat", "conv", "cut", "depthwise", "grouped", "pad", "part", "pick", "pool",
        "scale", "shuffle", "squeeze",
    )
}  # fmt: skip

STEPS = st.lists(
    st.tuples(st.sampled_from(sorted(_KINDS)), st.integers(0, 5), st.integers(0, 5)),
    min_size=1,
    max_size=9,
)


def grown(steps: Sequence[Step]) -> ModelProto:
    """A network that begins with two convolutions of the image, then has these steps."""
    growth = _Growth()
    growth.keep(growth.net.conv(growth.name(), "x", 3, 8), 8)
    growth.keep(growth.net.conv(growth.name(), "x", 3, 12), 12)
    for kind, first, second in steps:
        _KINDS[kind](growth, first, second)
    return growth.finished()
