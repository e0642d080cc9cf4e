from __future__ import annotations

from dataclasses import replace

import pytest

from sparsify_tui.core.model import LayerId
from sparsify_tui.core.profile import LayerTime
from sparsify_tui.tui.loss.rows import LossRows, loss_columns
from sparsify_tui.tui.symbols import ASCII, UNICODE
from tests.core import examples
from tests.tui.loss.profiles import estimated, measured, one_shot, unmeasured, view_of


def texts(row):
    return {key: text.plain.strip() for key, text in row.cells.items()}


def rows_of(profile, **options):
    return LossRows().rows(view_of(profile, **options), UNICODE)


def test_a_row_tells_size_levels_schemes_and_shape():
    (row,) = rows_of(one_shot(measured("a")))
    found = texts(row)
    assert [found[key] for key in ("op", "params", "0.5", "0.8", "int8")] == [
        "Conv",
        "1.01k",
        "0.100",
        "0.400",
        "0.001",
    ]
    assert found["curve"].endswith("█")
    assert (found["samples"], found["settled"]) == ("64", "yes")


def test_what_was_not_measured_is_a_point_in_every_column_and_can_be_searched_for():
    (row,) = rows_of(one_shot(unmeasured("a")))
    found = texts(row)
    assert {found[key] for key in ("0.5", "0.95", "int8", "samples")} == {"·"}
    assert found["curve"] == "not meas."
    assert "not measured" in row.search


def test_drops_have_columns_only_with_labels():
    view = view_of(one_shot(measured("a"), score="top-1"))
    titles = [one.title for one in loss_columns(view)]
    assert "drop 80%" in titles
    assert "drop 80%" not in [one.title for one in loss_columns(view_of(one_shot(measured("a"))))]
    (row,) = LossRows().rows(view, UNICODE)
    assert texts(row)["drop 0.95"] == "0.090"
    assert row.sort_values["drop 0.95"] == pytest.approx(0.09)


def test_time_has_a_column_only_where_it_was_measured():
    perf = examples.perf_profile(layers=(LayerTime(id=LayerId("a"), ms=6.0, share=0.6),))
    view = view_of(one_shot(measured("a")), perf=perf)
    assert "time" in [one.title for one in loss_columns(view)]
    assert texts(LossRows().rows(view, UNICODE)[0])["share"] == "60.0%"
    assert "time" not in [one.title for one in loss_columns(view_of(one_shot(measured("a"))))]


@pytest.mark.parametrize("key", ["0.5", "int8-w8a8"])
def test_the_chosen_level_or_scheme_is_pointed_at_and_never_dropped(key):
    columns = loss_columns(view_of(one_shot(measured("a")), key=key))
    (chosen,) = [one for one in columns if one.is_pointed]
    assert (chosen.key, chosen.priority) == (key, 0)


def test_sorting_knows_values_and_not_what_is_unknown():
    known, unknown = rows_of(one_shot(measured("a", 2.0), unmeasured("b")))
    assert known.sort_values["0.8"] == pytest.approx(0.8)
    assert unknown.sort_values.get("0.8") is None


def test_only_layers_that_changed_get_another_row():
    rows, before = LossRows(), one_shot(estimated("a"), estimated("b"))
    first = rows.rows(view_of(before), UNICODE)
    after = replace(before, layers=(estimated("a"), measured("b")))
    second = rows.rows(view_of(after), UNICODE)
    assert second[0] is first[0]
    assert second[1] is not first[1]
    assert rows.rows(view_of(after), ASCII)[0] is not first[0]
