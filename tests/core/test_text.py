from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.text import clean_text, shorten

ANY_TEXT = st.text(st.characters(), max_size=500)
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("layer1.0.conv1.weight", "layer1.0.conv1.weight"),
        ("卷積層", "卷積層"),
        ("[red]x[/]", "[red]x[/]"),
        ("", "∅"),
        ("   ", "   "),
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("a\nb\tc\r\x00\x7f", "a␊b␉c␍␀␡"),
        ("\x9b31m", "<U+009B>31m"),
        ("gpj\u202egnp", "gpj<U+202E>gnp"),
        ("zero\u200bwidth", "zero<U+200B>width"),
        ("line\u2028end", "line<U+2028>end"),
        ("\ud800", "<U+D800>"),
        ("\U000e0041", "<U+E0041>"),
        ("e" + "\u0301" * 9 + "x", "e\u0301\u0301x"),
    ],
)
def test_a_name_is_shown_without_its_tricks(raw: str, shown: str) -> None:
    assert clean_text(raw) == shown


def test_what_is_no_text_is_shown_as_python_would() -> None:
    assert clean_text(ValueError("a\nb")) == "a␊b"


def test_a_long_name_keeps_both_ends() -> None:
    shown = clean_text("start" + "x" * 10_000 + "end", limit=20)

    assert shown == "startxxxxx…xxxxxxend"


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT, st.integers(1, 300))
def test_cleaned_text_holds_nothing_hidden_and_fits_its_limit(raw: str, limit: int) -> None:
    shown = clean_text(raw, limit)

    assert not {unicodedata.category(character) for character in shown} & HIDDEN
    assert 0 < len(shown) <= limit


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT)
def test_cleaning_twice_changes_nothing(raw: str) -> None:
    assert clean_text(clean_text(raw)) == clean_text(raw)


@settings(max_examples=200, deadline=None)
@given(ANY_TEXT, st.integers(0, 60))
def test_a_shortened_text_is_as_wide_as_it_may_be(text: str, width: int) -> None:
    assert len(shorten(text, width)) == min(len(text), width)


def test_a_text_that_fits_is_not_shortened() -> None:
    assert shorten("conv1.weight", 12) == "conv1.weight"
    assert shorten("conv1.weight", 11) == "conv1…eight"
