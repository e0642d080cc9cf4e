"""The channels of models that are built by code, and how exact cutting them is."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnx import ModelProto

from sparsify_tui.core.channels.groups import ChannelGroup, GroupId
from sparsify_tui.core.model import Model
from sparsify_tui.onnxio.channels import ChannelGraph, find_channels
from sparsify_tui.onnxio.quantize import Prepared, prepare
from sparsify_tui.onnxio.read import read_model
from sparsify_tui.onnxio.rewrite import expose_tensors
from tests.onnxio.graphs_by_code import load
from tests.onnxio.quantize.running import Feeds, run, simplify

Removed = Mapping[GroupId, tuple[int, ...]]
_HIDING = frozenset({"Sigmoid", "Softmax"})
"""They saturate and hide errors, so that one looks at what they take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A model's channels, and what it is fed."""

    prepared: Prepared
    model: Model
    shapes: Mapping[str, tuple[int, ...]]
    graph: ChannelGraph
    feeds: Feeds

    @property
    def groups(self) -> dict[str, ChannelGroup]:
        return {str(group.id): group for group in self.graph.map.groups}

    @property
    def sizes(self) -> dict[str, int]:
        """Units by group."""
        return {name: group.size for name, group in self.groups.items()}

    @property
    def reasons(self) -> dict[str, str]:
        """Why channels are locked, by a layer that makes them."""
        return {layer: one.reason for one in self.graph.map.locked for layer in one.layers}

    def halves(self, seed: int = 0) -> Iterator[Removed]:
        """Half of the units of each group alone, then of all groups at once."""
        chance = random.Random(seed)
        every: dict[GroupId, tuple[int, ...]] = {}
        for group in self.graph.map.groups:
            free = [at for at in range(group.size) if at not in group.fixed]
            count = min(group.free, max(1, group.size // 2))
            every[group.id] = tuple(sorted(chance.sample(free, count)))
            yield {group.id: every[group.id]}
        yield every

    def error(self, removed: Removed) -> float:
        """Of the cut model against the masked one, relative to the masked one's largest output."""
        names = [_unhidden(self.graph.proto, value.name) for value in self.graph.proto.graph.output]
        cut, masked = (
            run(expose_tensors(proto, names), self.feeds)
            for proto in (self.graph.cut(removed), self.graph.masked(removed))
        )
        for name in names:
            assert cut[name].shape == masked[name].shape
        return max(
            float(np.abs(cut[name] - masked[name]).max() / np.abs(masked[name]).max())
            for name in names
        )

    def worst(self) -> float:
        """The largest error of each group cut by half, and of all of them."""
        return max(self.error(removed) for removed in self.halves())


def found(
    proto: ModelProto, feeds: Feeds, folder: Path, *, step: int = 16, simple: bool = True
) -> Found:
    """The channels of a model after a trip through a file.

    Args:
        proto: The model.
        feeds: What it is fed.
        folder: For the file.
        step: Kept counts that run well.
        simple: Whether the runtime simplifies it first, which computes what can be known.
    """
    loaded = load(proto, folder)
    prepared = prepare(loaded, simplify if simple else _copied)
    made = [name for node in prepared.proto.graph.node for name in node.output if name]
    seen = {**run(expose_tensors(prepared.proto, made), feeds), **feeds}
    shapes = {name: value.shape for name, value in seen.items()}
    model = read_model(loaded)
    graph = find_channels(prepared, model, shapes, step=step)
    return Found(prepared=prepared, model=model, shapes=shapes, graph=graph, feeds=feeds)


def _copied(proto: ModelProto) -> ModelProto:
    copy = ModelProto()
    copy.CopyFrom(proto)
    return copy


def _unhidden(proto: ModelProto, name: str) -> str:
    makers = {output: node for node in proto.graph.node for output in node.output}
    node = makers.get(name)
    return node.input[0] if node is not None and node.op_type in _HIDING else name
