from __future__ import annotations

import pytest

from sparsify_tui.core.modifiers import ChannelPruning
from sparsify_tui.errors import UsageError
from sparsify_tui.tui.channel_forms import (
    AIMS,
    SearchRequest,
    channel_search_fields,
    level_of,
    search_request,
    uniform_fields,
    width_from_text,
)
from tests.core.narrowed import group

DEFAULTS = {field.name: field.value for field in channel_search_fields(4)}


def test_a_search_asks_for_nothing_that_it_cannot_do_without() -> None:
    assert search_request(DEFAULTS) == SearchRequest(threads=4)


@pytest.mark.parametrize(
    ("aim", "limit", "wanted"),
    [
        (AIMS[1], "1.8", {"speed_up": 1.8, "max_loss": None}),
        (AIMS[2], "0.02", {"speed_up": None, "max_loss": 0.02}),
        (AIMS[0], "0.02", {"speed_up": None, "max_loss": None}),
    ],
)
def test_a_limit_is_of_the_target_that_was_chosen(aim, limit, wanted) -> None:
    request = search_request(DEFAULTS | {"aim": aim, "limit": limit})

    assert {name: getattr(request, name) for name in wanted} == wanted


def test_a_target_needs_its_limit() -> None:
    with pytest.raises(UsageError, match="speed-up needs its limit"):
        search_request(DEFAULTS | {"aim": AIMS[1]})


@pytest.mark.parametrize("text", ["0", "-1", "fast", "nan", "inf"])
def test_a_limit_is_a_number_above_0(text: str) -> None:
    (field,) = (one for one in channel_search_fields(4) if one.name == "limit")

    assert field.problem(text) is not None
    assert field.problem("1.5") is None
    assert field.problem("") is None


def test_which_units_go_is_asked_only_where_it_is_not_known() -> None:
    assert [one.name for one in uniform_fields(None, 0.5)] == ["level", "selection"]
    (field,) = uniform_fields(ChannelPruning(target=0.25), 0.5)
    assert field.value == "25"
    assert level_of({"level": "25"}) == 0.25


@pytest.mark.parametrize(
    ("text", "kept"),
    [("48", 48), ("+8", 40), ("-8", 24), ("50%", 32), ("all", 64), ("100", 64), (" 7 ", 7)],
)
def test_a_width_is_written_as_a_count_a_step_or_a_share(text: str, kept: int) -> None:
    assert width_from_text(text, group("a"), 32) == kept


@pytest.mark.parametrize("text", ["", "many", "0", "-32", "0%", "1.5", "x%", "nan%", "inf%"])
def test_what_is_no_width_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        width_from_text(text, group("a"), 32)
