from __future__ import annotations

import contextlib
from dataclasses import dataclass, fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.fields import Setting, setting, settings_of, text_of, with_text
from sparsify_tui.core.modifiers import MODIFIERS, Modifier
from sparsify_tui.core.training import TrainingSettings
from sparsify_tui.errors import UsageError

Described = type[Modifier] | type[TrainingSettings]
DESCRIBED: tuple[Described, ...] = (*MODIFIERS, TrainingSettings)
ALL_SETTINGS = [(kind, name) for kind in DESCRIBED for name in settings_of(kind)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Oven:
    heat: float = setting(200.0, Setting(label="Heat", help="", low=50, high=300))
    trays: int = setting(2, Setting(label="Trays", help="", low=1, whole=True))
    mode: str = setting("fan", Setting(label="Mode", help="", choices=("fan", "grill")))
    timer: float | None = setting(None, Setting(label="Timer", help="", low=0, optional=True))
    serial: str = "x"


def values_of(description: Setting) -> st.SearchStrategy[float | str | None]:
    if description.choices:
        return st.sampled_from(description.choices)
    low, high = description.low, min(description.high, 1e8)
    numbers = st.integers(int(low), int(high)) if description.whole else st.floats(low, high)
    return st.none() | numbers if description.optional else numbers


@pytest.mark.parametrize(("kind", "name"), ALL_SETTINGS)
@settings(max_examples=30, deadline=None)
@given(st.data())
def test_every_setting_reads_back_what_it_shows(
    kind: Described, name: str, data: st.DataObject
) -> None:
    value = replace(kind(), **{name: data.draw(values_of(settings_of(kind)[name]))})

    assert with_text(value, name, text_of(value, name)) == value


@pytest.mark.parametrize("kind", DESCRIBED)
def test_every_setting_says_what_it_is_and_allows_its_default(kind: Described) -> None:
    for name, description in settings_of(kind).items():
        assert description.label
        assert description.help.endswith(".")
        assert with_text(kind(), name, text_of(kind(), name)) == kind()


def test_only_described_fields_are_settings() -> None:
    assert list(settings_of(Oven)) == [one.name for one in fields(Oven)][:-1]
    assert settings_of(Oven()) == settings_of(Oven)


def test_a_value_is_shown_as_a_person_would_type_it() -> None:
    oven = Oven(heat=180.0, timer=0.012625)

    assert [text_of(oven, name) for name in settings_of(oven)] == ["180", "2", "fan", "0.012625"]
    assert text_of(Oven(), "timer") == ""


def test_text_becomes_a_new_value_and_the_old_one_stays() -> None:
    oven = Oven()

    assert with_text(oven, "heat", " 180.5 ") == Oven(heat=180.5)
    assert with_text(oven, "trays", "3") == Oven(trays=3)
    assert with_text(oven, "mode", "grill") == Oven(mode="grill")
    assert with_text(replace(oven, timer=5.0), "timer", "") == Oven()
    assert oven == Oven()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("heat", "hot", "Heat must be a number, not 'hot'."),
        ("heat", "", "Heat must be a number, not ''."),
        ("heat", "301", "Heat must lie in 50 to 300, not 301."),
        ("heat", "nan", "Heat must be a number of common size, not 'nan'."),
        ("timer", "inf", "Timer must be a number of common size, not 'inf'."),
        ("timer", "-1", "Timer must be 0 or more, not -1."),
        ("trays", "1.5", "Trays must be a whole number, not '1.5'."),
        ("trays", "0", "Trays must be 1 or more, not 0."),
        ("trays", "9" * 12, f"Trays must be a whole number of common size, not '{'9' * 12}'."),
        ("mode", "fry", "Mode is one of fan, grill, not 'fry'."),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(name: str, text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        with_text(Oven(), name, text)

    assert caught.value.message == message


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["heat", "trays", "mode", "timer"]), st.text(max_size=20))
def test_no_text_does_worse_than_be_refused(name: str, text: str) -> None:
    with contextlib.suppress(UsageError):
        assert isinstance(with_text(Oven(), name, text), Oven)
