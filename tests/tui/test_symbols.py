from __future__ import annotations

from dataclasses import fields
from types import SimpleNamespace

import pytest

from sparsify_tui.tui.symbols import ASCII, BLOCKS, UNICODE, SymbolSet, choose_symbols, symbols_of


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"LANG": "en_US.UTF-8", "TERM": "xterm-256color"}, UNICODE),
        ({"LC_CTYPE": "C.utf8"}, UNICODE),
        ({"LANG": "en_US.UTF-8", "TERM": "linux"}, BLOCKS),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8", "TERM": "xterm"}, ASCII),
        ({"LANG": "en_US.UTF-8", "TERM": "dumb"}, ASCII),
        ({}, ASCII),
    ],
)
def test_auto_asks_the_locale_first_and_then_the_terminal(environ, expected):
    assert choose_symbols("auto", environ) is expected


def test_a_named_set_wins_over_the_terminal_and_an_unknown_name_does_not():
    assert choose_symbols("ascii", {"LANG": "en_US.UTF-8"}) is ASCII
    assert choose_symbols("fancy", {"LANG": "en_US.UTF-8"}) is UNICODE


@pytest.mark.parametrize("symbols", [UNICODE, BLOCKS, ASCII], ids=lambda s: s.name)
def test_bars_have_nine_steps_and_every_mark_is_one_character(symbols: SymbolSet):
    assert len(symbols.rising) == len(symbols.growing) == 9
    assert symbols.rising[0] == symbols.growing[0] == " "
    assert " " not in symbols.rising[1:] + symbols.growing[1:]
    texts = [getattr(symbols, field.name) for field in fields(symbols)]
    marks = [text for text in texts[4:] if isinstance(text, str)]
    assert all(len(mark) == 1 for mark in marks)


def test_the_ascii_set_is_ascii():
    texts = [getattr(ASCII, field.name) for field in fields(ASCII)]
    assert all(text.isascii() for text in texts if isinstance(text, str))


def test_an_app_without_symbols_draws_in_unicode():
    assert symbols_of(SimpleNamespace(symbols=ASCII)) is ASCII
    assert symbols_of(SimpleNamespace(symbols="ascii")) is UNICODE
    assert symbols_of(object()) is UNICODE
