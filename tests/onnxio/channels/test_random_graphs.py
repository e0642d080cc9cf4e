"""Laws of cutting, on networks of random wiring."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.onnxio.rewrite import expose_tensors
from tests.onnxio.channels.found import Found, found
from tests.onnxio.channels.grown import SIDE, STEPS, Step, grown
from tests.onnxio.quantize.nets import normal
from tests.onnxio.quantize.running import run

IMAGES = {"x": normal(2, 3, SIDE, SIDE)}
few = settings(max_examples=15, deadline=None)


def channels_of(steps: Sequence[Step]) -> Found:
    with tempfile.TemporaryDirectory() as folder:
        return found(grown(steps), IMAGES, Path(folder))


@few
@given(STEPS)
def test_a_cut_model_computes_what_the_masked_one_does(steps: Sequence[Step]) -> None:
    channels = channels_of(steps)
    *_, every = channels.halves()
    assert channels.error(every) < 1e-5


@few
@given(STEPS, st.integers(0, 99))
def test_every_tensor_gets_as_large_as_was_told(steps: Sequence[Step], seed: int) -> None:
    channels = channels_of(steps)
    graph = channels.graph
    *_, removed = channels.halves(seed)
    left = {name: channels.sizes[name] - len(gone) for name, gone in removed.items()}
    names = [name for name, shape in channels.shapes.items() if shape and name not in IMAGES]
    cut = run(expose_tensors(graph.cut(removed), names), IMAGES)
    for name in names:
        for axis, size in enumerate(cut[name].shape):
            assert graph.kept(name, axis, removed).sum() == size
            assert graph.width(name, axis).at(left) == size


@few
@given(STEPS)
def test_what_stays_is_what_was_there(steps: Sequence[Step]) -> None:
    """Weights of the cut model are those of the whole one, without some rows and columns."""
    channels = channels_of(steps)
    graph = channels.graph
    *_, removed = channels.halves()
    made = [product.output for product in graph.products if product.layer is not None]
    masked = run(expose_tensors(graph.masked(removed), made), IMAGES)
    cut = run(expose_tensors(graph.cut(removed), made), IMAGES)
    for product in graph.products:
        if product.output in made:
            stays = graph.kept(product.output, product.output_axis, removed)
            whole = masked[product.output].compress(stays, axis=product.output_axis)
            scale = max(float(np.abs(whole).max()), 1e-3)
            assert np.abs(cut[product.output] - whole).max() < 1e-5 * scale


@few
@given(STEPS)
def test_units_of_a_group_take_as_many_places_everywhere(steps: Sequence[Step]) -> None:
    channels = channels_of(steps)
    for group in channels.graph.map.groups:
        for product in channels.graph.products:
            for blocks in (
                channels.graph.blocks(group.id, product),
                channels.graph.producer_blocks(group.id, product),
            ):
                assert len(blocks) == group.size
                assert len({len(block) for block in blocks}) == 1
