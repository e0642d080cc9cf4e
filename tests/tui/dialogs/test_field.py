from __future__ import annotations

import pytest

from sparsify_tui.tui.dialogs.field import Field


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("int", ["0", "12", "-3", " 7 "], ["", "1.5", "x", "1e3", "--1"]),
        ("float", ["0", "1.5", "1e-3", "-2"], ["", "x", "nan", "inf"]),
        ("path", ["a", "/b"], ["", "a\0b"]),
        ("text", ["", "x"], []),
    ],
)
def test_an_answer_must_be_of_its_kind(kind, good, bad):
    field = Field(name="f", label="f", kind=kind)
    assert [field.problem(value) for value in good] == [None] * len(good)
    assert all(field.problem(value) for value in bad)


def test_the_own_check_comes_after_the_kind_and_sees_no_blanks():
    field = Field(
        name="f", label="f", kind="int", check=lambda v: None if int(v) > 0 else "Too small."
    )
    assert field.problem("x") == "A whole number is needed."
    assert field.problem(" 0 ") == "Too small."
    assert field.problem(" 1 ") is None


def test_a_bool_is_chosen_from_no_and_yes():
    assert Field(name="f", label="f", kind="bool").options == ("no", "yes")
    assert Field(name="f", label="f", kind="choice", choices=("a",)).options == ("a",)
