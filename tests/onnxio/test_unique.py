from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.onnxio.graphs import bodies
from sparsify_tui.onnxio.unique import defined_names, fresh_name, make_names_unique
from tests.onnxio.graphs_by_code import build, node, random

NAMES = st.sampled_from(["x", "a", "b", "a_2", "r"])


def body(*nodes, output="r", **weights):
    graph = build(nodes, weights).graph
    del graph.input[:]
    graph.output[0].name = output
    return graph


def choice(condition, output, *branches):
    return node("If", condition, output, then_branch=branches[0], else_branch=branches[1])


def test_the_same_names_in_two_branches_are_told_apart():
    sides = [body(node("MatMul", "x w", "r"), w=random(8, 4)) for _ in range(2)]
    proto = build([choice("x", "y", *sides)])
    make_names_unique(proto.graph)
    first, second = bodies(proto)
    assert (list(first.node[0].input), first.initializer[0].name) == (["x", "w"], "w")
    assert (list(second.node[0].input), second.initializer[0].name) == (["x", "w_2"], "w_2")
    assert [graph.output[0].name for graph in (first, second)] == ["r", "r_2"]


def test_a_name_that_hides_an_outer_one_keeps_its_meaning_inside():
    inner = body(node("Neg", "a", "r"))
    hiding = body(node("Neg", "x", "a"), choice("x", "r", inner, body(node("Neg", "x", "r"))))
    proto = build([node("Neg", "x", "a"), choice("x", "y", hiding, body(node("Neg", "a", "r")))])
    make_names_unique(proto.graph)
    deepest = next(graph for graph in bodies(proto) if graph.node[0].input[0] == "a_2")
    assert deepest.node[0].output[0] == deepest.output[0].name
    assert any(graph.node[0].input[0] == "a" for graph in bodies(proto))


def test_a_model_without_clashes_stays_as_it_is():
    proto = build([choice("x", "y", body(node("Neg", "x", "r")), body(output="x"))])
    before = proto.SerializeToString(deterministic=True)
    make_names_unique(proto.graph)
    assert proto.SerializeToString(deterministic=True) == before


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=5), st.integers(1, 3))
def test_afterwards_no_name_is_defined_twice(pairs, depth):
    graph = body(*(node("Neg", name, name) for name in dict(pairs)))
    for level in range(depth):
        graph = body(choice("x", f"out{level}", graph, graph))
    proto = build([choice("x", "y", graph, graph)])
    make_names_unique(proto.graph)
    names = list(defined_names(proto.graph))
    assert len(names) == len(set(names))


def test_a_fresh_name_is_the_name_itself_where_it_is_free():
    assert fresh_name("a", set()) == "a"
    assert fresh_name("a", {"a", "a_2"}) == "a_3"
