from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.text import Text

from sparsify_tui.tui.widgets.table_model import (
    Column,
    Late,
    Row,
    column_pages,
    columns_that_fit,
    filter_rows,
    fit_text,
    markdown_of,
    sort_rows,
    widths_over,
)

COLUMNS = (
    Column(key="n", title="#", width=4, priority=2),
    Column(key="name", title="layer", width=20, grows=True),
    Column(key="ms", title="ms", width=6, priority=1),
)


def row(key: str, **values: float | str | None) -> Row:
    return Row(key=key, cells={}, sort_values=values, search=f"{key} Conv")


def test_columns_are_dropped_from_the_highest_priority_and_never_those_with_none():
    kept = {w: [c.key for c in columns_that_fit(COLUMNS, w, 1)] for w in (40, 32, 25, 5)}
    assert kept == {40: ["n", "name", "ms"], 32: ["name", "ms"], 25: ["name"], 5: ["name"]}


def test_of_columns_that_matter_the_same_the_last_is_dropped_first():
    columns = [Column(key=key, title=key, width=5, priority=1) for key in "abc"]
    assert [column.key for column in columns_that_fit(columns, 13, 1)] == ["a", "b"]


def test_a_column_that_grows_takes_or_gives_what_differs():
    assert widths_over(COLUMNS, 60, 1) == (4, 47, 6)
    assert widths_over(COLUMNS, 30, 1) == (4, 17, 6)
    assert widths_over(COLUMNS, 1, 1) == (4, 4, 6)


def test_a_missing_value_is_last_in_both_directions():
    rows = [row("a", v=2), row("b", v=None), row("c", v=1), row("d")]
    assert [r.key for r in sort_rows(rows, "v", is_reversed=False)] == ["c", "a", "b", "d"]
    assert [r.key for r in sort_rows(rows, "v", is_reversed=True)] == ["a", "c", "b", "d"]
    assert [r.key for r in sort_rows(rows, None, is_reversed=True)] == ["a", "b", "c", "d"]


def test_rows_that_tie_keep_their_order_and_text_sorts_in_any_case():
    rows = [row("a", v="b"), row("b", v="A"), row("c", v="B")]
    assert [r.key for r in sort_rows(rows, "v", is_reversed=False)] == ["b", "a", "c"]


def test_a_filter_finds_a_part_in_any_case():
    rows = [row("Layer1"), row("layer2")]
    assert [r.key for r in filter_rows(rows, "LAYER1")] == ["Layer1"]
    assert len(filter_rows(rows, "")) == 2


@settings(max_examples=60, deadline=None)
@given(
    st.text(alphabet="ab層é ", max_size=30), st.integers(1, 20), st.sampled_from(["left", "right"])
)
def test_a_cell_never_exceeds_its_width(text, width, justify):
    fitted = fit_text(Text(text), width, "…", justify)
    assert fitted.cell_len <= width
    if justify == "right":
        assert fitted.cell_len == width


def test_a_long_cell_loses_its_middle_and_keeps_its_colours():
    text = Text("layer1.0.conv1", style="bold")
    text.stylize("red", 0, 3)
    fitted = fit_text(text, 9, "…")
    assert fitted.plain == "laye…onv1"
    assert fitted.style == "bold"
    assert [(span.start, span.end) for span in fitted.spans if span.style == "red"] == [(0, 3)]


@settings(max_examples=60, deadline=None)
@given(st.integers(26, 200), st.lists(st.integers(1, 20), min_size=1, max_size=12))
def test_each_column_is_on_one_page_and_anchors_are_on_all(width, sizes):
    anchor = Column(key="mark", title="", width=1, is_anchor=True)
    name = Column(key="name", title="layer", width=4, grows=True)
    rest = tuple(Column(key=f"{at}", title="x", width=w, priority=1) for at, w in enumerate(sizes))
    pages = column_pages((anchor, name, *rest), width, 1)

    shown = [column for page in pages for column in page if column in rest]
    assert sorted(shown, key=rest.index) == list(rest)
    assert all(anchor in page and name in page for page in pages)
    assert all(sum(one.width + 1 for one in page) <= width or len(page) <= 3 for page in pages)


def test_a_markdown_table_aligns_numbers_and_escapes_bars():
    columns = (
        Column(key="name", title="layer", width=9),
        Column(key="bar", title="", width=9),
        Column(key="ms", title="ms", width=9, justify="right"),
    )
    rows = [Row(key="a", cells={"name": Text("a|b"), "bar": Text("██"), "ms": Text(" 1.00")})]

    assert markdown_of(columns, rows) == "| layer | ms |\n| --- | ---: |\n| a\\|b | 1.00 |\n"


def test_what_is_late_is_made_once_and_is_as_any_mapping():
    made: list[int] = []

    def make() -> dict[str, float]:
        made.append(1)
        return {"a": 1.0, "b": 2.0}

    late = Late(make)
    assert made == []
    assert (late["a"], late.get("c"), dict(late), len(late)) == (1.0, None, {"a": 1.0, "b": 2.0}, 2)
    assert made == [1]
