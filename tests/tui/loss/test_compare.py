from __future__ import annotations

from sparsify_tui.core.loss_change import compare_losses
from sparsify_tui.tui.loss.compare import compared_view
from sparsify_tui.tui.loss.compare_table import (
    compared_columns,
    compared_detail,
    compared_lines,
    compared_rows,
)
from tests.core import examples
from tests.tui.loss.profiles import measured, one_shot, unmeasured, view_of

A = one_shot(measured("a", 3.0), measured("b", 2.0), measured("c", 1.0), id="A", name="first")
B = one_shot(
    measured("a", 1.0), measured("c", 9.0), measured("d"), id="B", name="second", samples=8
)


def compared(*profiles, key="0.8"):
    return compared_view(compare_losses(profiles), [view_of(one, key=key) for one in profiles])


def told(view):
    return "\n".join("  ".join(text for text, _ in line) for line in compared_lines(view))


def cells(view):
    return {
        row.key: {key: text.plain.strip() for key, text in row.cells.items()}
        for row in compared_rows(view)
    }


def test_layers_are_joined_and_ranked_from_the_largest_loss_on():
    found = cells(compared(A, B))
    assert list(found) == ["a", "b", "c", "d"]
    assert [found["a"][key] for key in ("A", "B", "rank A", "rank B", "shift")] == [
        "1.200",
        "0.400",
        "1",
        "2.5",
        "1.5",
    ]
    assert (found["b"]["B"], found["b"]["shift"]) == ("·", "·")


def test_the_rank_correlation_is_told_for_every_level_and_scheme():
    text = told(compared(A, B))
    assert "A first  B second" in text
    assert "rank correlation A·B: 50% -1.00, 80% -1.00, 95% -1.00, int8 -1.00" in text


def test_what_was_done_differently_is_told():
    assert "A and B: samples 64 and 8" in told(compared(A, B))
    assert "c adds another" in told(compared(A, B))
    assert "c adds another" not in told(compared(A, B, A, B))


def test_a_profile_of_the_weights_alone_is_called_no_ranking():
    magnitude = examples.loss_profile(examples.layer_loss("a"), examples.layer_loss("b"))
    text = told(compared(A, magnitude))
    assert "loss: each layer's own curve, not a ranking across layers" in text


def test_profiles_without_a_common_level_say_so():
    other = one_shot(measured("a"), levels=(0.6, 0.7, 0.75), schemes=(), id="C")
    assert "A and B have no level or scheme in common" in told(compared(A, other))
    assert cells(compared(A, other))["a"]["B"] == "·"


def test_each_profile_has_a_column_for_its_values_and_its_places():
    titles = [one.title for one in compared_columns(3)]
    assert {"A", "B", "C", "rank A", "rank B", "rank C", "apart"} <= set(titles)


def test_the_detail_has_what_every_profile_tells_of_the_layer():
    title, lines = compared_detail(compared(A, B), "b")
    text = "\n".join(lines)
    assert title == "b"
    assert "A first, KL divergence" in text
    assert "   80%   0.800  [0.640, 0.960]" in text
    assert "B second, KL divergence\n  does not know the layer" in text
    assert compared_detail(compared(A, B), "nowhere") == ("", [])


def test_what_was_not_measured_has_no_place():
    view = compared(A, one_shot(unmeasured("a"), measured("b"), id="C"))
    assert cells(view)["a"]["rank B"] == "·"
