from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sparsify_tui.core.recipe import literal_pattern


@pytest.mark.parametrize("name", ["layer1.0.conv1.weight", "onnx::Conv_497", "a b", "layer[0]/w"])
def test_a_plain_name_stays_as_it_is(name: str) -> None:
    assert literal_pattern(name) == name


@pytest.mark.parametrize("name", ["re:.*", "__ALL__", "__ALL_PRUNABLE__", "eval(3)", "w!Tag"])
def test_a_name_with_a_meaning_becomes_a_pattern(name: str) -> None:
    pattern = literal_pattern(name)

    assert pattern.startswith("re:")
    assert pattern != name
    assert "!" not in pattern


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=30), st.sampled_from(["", "re:", "eval(", "!"]))
@example("(a+)+$EVIL", "re:")
@example("x", "")
def test_a_pattern_matches_its_own_name_and_no_longer_one(rest: str, prefix: str) -> None:
    name = prefix + rest
    pattern = literal_pattern(name)

    if pattern.startswith("re:"):
        assert re.match(pattern[3:], name)
        assert not re.match(pattern[3:], f"{name}x")
    else:
        assert pattern == name
