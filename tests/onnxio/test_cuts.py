from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.onnxio.cuts import cut_positions
from sparsify_tui.onnxio.flow import Flow, flow_of
from tests.onnxio.graphs_by_code import build, node, random
from tests.onnxio.grown import STEP, Step, grown

W = random(8, 8)


def cut(nodes: list, count: int) -> tuple[Flow, tuple[int, ...]]:
    weights = {f"w{at}": W for at in range(count)}
    flow = flow_of(build(nodes, weights), list(weights))
    return flow, cut_positions(flow, list(weights))


def chain(count: int) -> list:
    """x → w0 → Relu → w1 → Relu … → y."""
    names = ["x", *(f"t{at}" for at in range(1, count)), "y"]
    return [
        one
        for at, (before, after) in enumerate(pairwise(names))
        for one in (
            node("MatMul", f"{before} w{at}", f"m{at}"),
            node("Relu", f"m{at}", after),
        )
    ]


def layers_between(flow: Flow, cuts: tuple[int, ...]) -> list[int]:
    ends = pairwise((0, *cuts, len(flow.nodes)))
    return [sum(one.op_type == "MatMul" for one in flow.nodes[start:stop]) for start, stop in ends]


def test_a_chain_is_cut_into_threes() -> None:
    assert layers_between(*cut(chain(9), 9)) == [3, 3, 3]


def test_a_cut_keeps_what_a_runtime_fuses_together() -> None:
    flow, cuts = cut(chain(9), 9)

    assert [flow.nodes[at].op_type for at in cuts] == ["MatMul", "MatMul"]


def test_few_layers_stay_together() -> None:
    assert cut(chain(2), 2)[1] == ()


def test_the_narrowest_place_wins_over_the_best_size() -> None:
    """Behind a first layer come blocks of four with a skip around each: these are not cut open."""
    nodes, before = [node("MatMul", "x w0", "b")], "b"
    for block in range(3):
        inner = before
        for at in range(1, 5):
            nodes.append(node("MatMul", f"{inner} w{4 * block + at}", f"a{block}{at}"))
            inner = f"a{block}{at}"
        nodes.append(node("Add", f"{inner} {before}", f"b{block}" if block < 2 else "y"))
        before = f"b{block}"

    assert layers_between(*cut(nodes, 13))[:2] == [5, 4]


def test_a_model_with_sequences_stays_whole() -> None:
    nodes = [*chain(9), node("SequenceConstruct", "y y", "s"), node("SequenceLength", "s", "n")]

    assert cut(nodes, 9)[1] == ()


def test_without_weights_there_is_nothing_to_cut_for() -> None:
    assert cut([node("Relu", "x", "y")], 0)[1] == ()


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEP, min_size=1, max_size=25))
def test_cuts_are_in_order_and_each_part_has_layers(steps: list[Step]) -> None:
    model = grown(steps)
    flow = flow_of(model.proto, model.weights)
    cuts = cut_positions(flow, model.weights)
    homes = {flow.users(weight)[0] for weight in model.weights if flow.users(weight)}

    assert all(left < right for left, right in pairwise((0, *cuts, len(flow.nodes))))
    counts = [
        sum(start <= at < stop for at in homes)
        for start, stop in pairwise((0, *cuts, len(flow.nodes)))
    ]
    assert all(2 <= count <= 6 for count in counts[:-1])
    assert counts[-1] <= 6


def test_cuts_follow_from_the_model_alone() -> None:
    weights = {f"w{at}": W for at in range(20)}
    flow = flow_of(build(chain(20), weights), list(weights))

    assert cut_positions(flow, list(weights)) == cut_positions(flow, list(weights)[::-1])
