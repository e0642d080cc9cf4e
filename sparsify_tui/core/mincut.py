"""Chooses the members of a set where each is worth something and splitting neighbours costs."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

N = TypeVar("N", bound=Hashable)

_TOO_LITTLE = 1e-12


def source_side(worth: Mapping[N, float], links: Iterable[tuple[N, N, float]]) -> set[N]:
    """The subset S that maximises Σ_S worth − Σ (cost of links with one end in S).

    It is the source's side of a minimum cut, found by shortest augmenting paths (Edmonds and
    Karp 1972).

    Args:
        worth: Of each member; negative ones are costs.
        links: Pairs of members, with the cost of having just one of them; not negative.
    """
    source, sink = object(), object()
    room: dict[object, dict[object, float]] = defaultdict(lambda: defaultdict(float))
    for member, value in worth.items():
        if value > 0:
            room[source][member] += value
        else:
            room[member][sink] -= value
    for one, other, cost in links:
        room[one][other] += cost
        room[other][one] += cost
    while (paths := _shortest_paths(room, source)) and sink in paths:
        _push(room, paths, source, sink)
    return {member for member in worth if member in paths}


def _shortest_paths(
    room: Mapping[object, Mapping[object, float]], source: object
) -> dict[object, object]:
    """Every node that can still be reached, with the one before it."""
    before: dict[object, object] = {source: source}
    waiting = deque([source])
    while waiting:
        node = waiting.popleft()
        for following, left in room[node].items():
            if left > _TOO_LITTLE and following not in before:
                before[following] = node
                waiting.append(following)
    return before


def _push(
    room: Mapping[object, dict[object, float]],
    before: Mapping[object, object],
    source: object,
    sink: object,
) -> None:
    steps = []
    node = sink
    while node is not source:
        steps.append((before[node], node))
        node = before[node]
    amount = min(room[one][other] for one, other in steps)
    for one, other in steps:
        room[one][other] -= amount
        room[other][one] += amount
