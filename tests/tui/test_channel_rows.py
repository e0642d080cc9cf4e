from __future__ import annotations

from dataclasses import replace

import pytest

from sparsify_tui.core.channels.edits import (
    adopt_channels,
    lock_groups,
    set_width,
    toggle_groups,
    with_channels,
)
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.modifiers import Pruning, Quantization
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.tui.channel_rows import CHANNEL_COLUMNS, channel_rows
from sparsify_tui.tui.channel_view import ChannelView, channel_view
from sparsify_tui.tui.plan_entries import entries_of
from sparsify_tui.tui.symbols import ASCII, UNICODE
from sparsify_tui.tui.widgets.table_model import Row, sort_rows
from tests.core.examples import layer, level, model_of, perf_profile, plan_of
from tests.tui.channels import HEADS, HIDDEN, STEM, analysis, lanes, search

MODEL = model_of(*map(layer, ("stem", "layer1.conv", "x[/a]", "[bold]b", "head")))
PROFILE = perf_profile(channels=lanes())
PLAN = adopt_channels(plan_of(), search())


def viewed(plan: Optimization, *profiles) -> ChannelView:
    view = channel_view(MODEL, plan, PROFILE, profiles or (PROFILE,))
    assert view is not None
    return view


def drawn(plan: Optimization, *unfolded: str, symbols=UNICODE) -> dict[str, Row]:
    rows = channel_rows(viewed(plan), entries_of(MODEL, plan), unfolded, symbols)
    return {row.key: row for row in rows}


def texts(row: Row, *columns: str) -> tuple[str, ...]:
    return tuple(row.cells[one].plain if one in row.cells else "" for one in columns)


def test_a_group_tells_its_kind_size_and_what_stays() -> None:
    rows = drawn(PLAN)

    columns = ("name", "kind", "size", "kept", "level")
    assert texts(rows["group 0"], *columns) == ("stem +1", "channel", "64", "32", "50.0%")
    assert texts(rows["group 1"], *columns) == ("x[/a]", "hidden", "32", "16", "50.0%")
    assert texts(rows["group 2"], *columns) == ("[bold]b", "head", "2", "2", "none")
    assert [row.cells["name"].style for row in rows.values()][:3] == ["", "", "dim"]


def test_what_can_never_go_is_dim_and_fixed_and_found_by_its_reason() -> None:
    row = drawn(PLAN)["locked 0"]

    assert texts(row, "name", "state", "kept") == ("head", "fixed", "")
    assert row.cells["name"].style == "dim"
    assert "leave the model" in row.search


def test_what_the_user_locked_or_switched_off_says_so() -> None:
    plan = toggle_groups(lock_groups(PLAN, [STEM]), [HIDDEN])
    rows = drawn(plan)

    assert texts(rows["group 0"], "state", "kept") == ("locked", "32")
    assert texts(rows["group 1"], "state", "kept", "level") == ("off", "32", "none")


def test_an_unfolded_group_shows_its_layers_with_their_own_widths() -> None:
    rows = drawn(PLAN, "group 0", "group 1")

    assert list(rows)[:5] == [
        "group 0",
        "layer stem",
        "layer layer1.conv",
        "group 1",
        "layer x[/a]",
    ]
    columns = ("name", "kind", "size", "kept", "level")
    assert texts(rows["layer stem"], *columns) == ("  stem", "Conv", "64", "32", "50.0%")
    assert texts(rows["layer layer1.conv"], *columns)[-2:] == ("32", "75.0%")
    assert texts(rows["group 0"], "fold", "at") == (UNICODE.down, "0")
    assert texts(rows["layer stem"], "fold", "at") == ("", "")
    assert texts(rows["group 1"], "at") == ("1",), "a place does not move when others unfold"


def test_layers_stay_below_their_group_in_every_order() -> None:
    rows = list(drawn(PLAN, "group 0", "group 1", "locked 0").values())

    for column in (one.key for one in CHANNEL_COLUMNS if one.sortable):
        for is_reversed in (False, True):
            keys = [row.key for row in sort_rows(rows, column, is_reversed=is_reversed)]
            at = keys.index("group 0")
            assert keys[at : at + 3] == ["group 0", "layer stem", "layer layer1.conv"]


def test_int8_and_zeros_of_layers_are_shown_with_the_widths() -> None:
    plan = PLAN.with_modifier(Quantization(layers=(LayerId("stem"),)))
    plan = plan.with_modifier(Pruning(layers=(level("stem", 0.3),)))
    for symbols in (UNICODE, ASCII):
        rows = drawn(plan, "group 0", symbols=symbols)
        assert texts(rows["group 0"], "int8") == ("1/2",)
        assert texts(rows["layer stem"], "int8", "zeros") == (symbols.point, "30.0%")
        assert texts(rows["layer layer1.conv"], "int8", "zeros") == (symbols.missing, "")


def test_a_cut_is_charged_with_what_it_brings_beside_the_others() -> None:
    model = lanes().model
    assert model is not None
    model = replace(model, scale=0.8)
    view = viewed(PLAN, replace(PROFILE, channels=replace(lanes(), model=model)))

    for group in (STEM, HIDDEN):
        others = {one: count for one, count in view.kept.items() if one != group}
        saved = model.predict(others) - model.predict(view.kept)
        assert view.saved_ms[group] == pytest.approx(saved)
    assert HEADS not in view.saved_ms
    assert texts(drawn(PLAN)["group 0"], "saves") == ("4.50",)
    assert texts(drawn(PLAN)["group 2"], "saves") == ("",)


def test_only_a_profile_of_this_file_predicts_the_newest_first() -> None:
    older = replace(PROFILE, channels=replace(lanes(), step=4))
    refused = replace(PROFILE, channels=replace(lanes(), model=None, refused="it hung"))
    other = replace(PROFILE, model_digest="cd" * 32)

    chosen = viewed(PLAN, older, PROFILE, refused, other).lanes
    assert chosen is not None
    assert chosen.step == 16
    assert viewed(PLAN, other).lanes is None
    assert viewed(PLAN, other).saved_ms == {}


def test_a_plan_without_channels_has_no_view() -> None:
    assert channel_view(MODEL, plan_of(), PROFILE, (PROFILE,)) is None


def test_a_point_of_the_front_is_lost_with_its_widths() -> None:
    found = PLAN.channels.found
    edited = set_width(PLAN, [STEM], 48)

    assert found is not None
    assert viewed(PLAN).point == found.points[2]
    assert viewed(edited).point is None
    assert viewed(with_channels(plan_of(), analysis(), 0.5)).point is None
