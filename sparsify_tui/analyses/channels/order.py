"""In which order the units of each group are missed least."""

from __future__ import annotations

import numpy as np

from sparsify_tui.analyses.channels.live import LiveRun
from sparsify_tui.analyses.channels.rows import RowForm, row_form
from sparsify_tui.core.channels.groups import ChannelGroup, GroupId
from sparsify_tui.core.channels.obs import (
    Consumer,
    Floats,
    Positions,
    activation_costs,
    consumer_of,
    removal_order,
)
from sparsify_tui.core.channels.ridge import sums_of
from sparsify_tui.core.protocols import Array
from sparsify_tui.onnxio.channels import ChannelGraph, Product
from sparsify_tui.onnxio.channels.weights import ProductWeights

_FEWEST_ROWS, _MOST_ROWS = 2048, 8192
_ROWS_PER_COLUMN = 4

Orders = dict[GroupId, tuple[int, ...]]


def orders_by_weight(graph: ChannelGraph) -> Orders:
    """By the squared weights of the filters that make each unit; needs no data."""
    weights = ProductWeights(graph.proto)
    return {
        group.id: _by_cost(_filter_norms(graph, weights, group), group) for group in _all(graph)
    }


def orders_by_activation(graph: ChannelGraph, run: LiveRun) -> Orders:
    """By the variance of each unit and the weights of its consumers."""
    taken = _consumers(graph, run)
    return {
        group.id: _by_cost(activation_costs(taken[group.id], group.size), group)
        for group in _all(graph)
    }


def orders_by_surgery(graph: ChannelGraph, run: LiveRun) -> Orders:
    """By what consumers miss after least squares; see core/obs.py."""
    taken = _consumers(graph, run)
    return {group.id: removal_order(taken[group.id], _free(group)) for group in _all(graph)}


def _all(graph: ChannelGraph) -> tuple[ChannelGroup, ...]:
    return graph.map.groups


def _free(group: ChannelGroup) -> list[int]:
    fixed = set(group.fixed)
    return [unit for unit in range(group.size) if unit not in fixed]


def _by_cost(costs: Floats, group: ChannelGroup) -> tuple[int, ...]:
    return tuple(sorted(_free(group), key=lambda unit: (costs[unit], unit)))


def _filter_norms(graph: ChannelGraph, weights: ProductWeights, group: ChannelGroup) -> Floats:
    costs = np.zeros(group.size)
    for product in graph.products:
        blocks = graph.producer_blocks(group.id, product)
        if not weights.is_plain(product) or not any(block.size for block in blocks):
            continue
        matrix = weights.matrix(product)
        power = (matrix**2).sum(axis=1).ravel()
        taps = _taps(power.size, graph, product.output, product.output_axis)
        power = power.reshape(-1, taps).sum(axis=1)
        costs += [power[block].sum() for block in blocks]
    return costs


def _consumers(graph: ChannelGraph, run: LiveRun) -> dict[GroupId, list[Consumer]]:
    """The consumers of each group, from one pass over the original model."""
    weights = ProductWeights(graph.proto)
    found: dict[GroupId, list[Consumer]] = {group.id: [] for group in _all(graph)}
    for product in graph.products:
        if not weights.sums_inputs(product):
            continue
        blocks = {group.id: graph.blocks(group.id, product) for group in _all(graph)}
        taking = {name: each for name, each in blocks.items() if any(one.size for one in each)}
        if not taking:
            continue
        matrix = weights.matrix(product)
        moments = _moments(run, product, row_form(product, weights), matrix.shape[1])
        columns = matrix.shape[0] * matrix.shape[1]
        taps = _taps(columns, graph, product.data, product.data_axis)
        whole = _block_diagonal(matrix), _block_diagonal(moments)
        for group_id, each in taking.items():
            spread = tuple(_columns(block, taps) for block in each)
            found[group_id].append(consumer_of(*whole, spread))
    return found


def _moments(run: LiveRun, product: Product, form: RowForm, columns: int) -> Floats:
    """Centred second moments of the rows of the input: [groups, columns, columns]."""
    place = run.slices.place(product.node)
    run.advance(place)
    data = run.tensors(product.data)
    run.advance(place + 1)
    outputs = run.tensors(product.output)
    wanted = max(_FEWEST_ROWS, min(_ROWS_PER_COLUMN * columns, _MOST_ROWS))
    each = -(-wanted // len(data))
    total = None
    for seed, (one, output) in enumerate(zip(data, outputs, strict=True)):
        places = form.places(one, output, each, seed)
        rows = form.inputs(one, output.shape[2:], places)
        sums = sums_of(rows, rows[..., :0])
        total = sums if total is None else total + sums
    assert total is not None, "there is at least one batch"
    mean, _ = total.means
    return np.asarray(total.powers / total.count - mean[:, :, None] * mean[:, None])


def _taps(columns: int, graph: ChannelGraph, tensor: str, axis: int) -> int:
    """Columns of a matrix for each channel of that axis."""
    return columns // graph.width(tensor, axis).full


def _columns(channels: Positions, taps: int) -> Positions:
    return (channels[:, None] * taps + np.arange(taps)).ravel()


def _block_diagonal(parts: Array) -> Floats:
    """[groups, rows, columns] as one matrix, with nothing between the groups."""
    groups, rows, columns = parts.shape
    whole = np.zeros((groups, rows, groups, columns))
    whole[np.arange(groups), :, np.arange(groups)] = parts
    return whole.reshape(groups * rows, groups * columns)
