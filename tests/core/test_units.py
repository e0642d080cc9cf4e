from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core import units

FORMATS_OF_UNKNOWN = (
    units.format_count,
    units.format_flops,
    units.format_ms,
    units.format_percent,
    units.format_ratio,
    units.format_rate,
    units.format_bytes,
    units.format_seconds,
    units.format_score,
    units.format_rate_of_learning,
)


@pytest.mark.parametrize("format_value", FORMATS_OF_UNKNOWN)
def test_what_was_not_measured_is_a_dot(format_value: Any) -> None:
    assert format_value(None) == "·"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (64, "64"),
        (999, "999"),
        (1000, "1.00k"),
        (1234, "1.23k"),
        (9_996, "10.0k"),
        (99_960, "100k"),
        (147_456, "147k"),
        (999_400, "999k"),
        (999_600, "1.00M"),
        (25_557_032, "25.6M"),
        (4.119e9, "4.12G"),
        (2e12, "2.00T"),
        (2e15, "2000T"),
        (3.14159, "3.14"),
        (12.5, "12.5"),
        (0.25, "0.25"),
        (-1500, "-1.50k"),
    ],
)
def test_counts_have_three_digits_and_a_letter(value: float, shown: str) -> None:
    assert units.format_count(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0.000"),
        (0.00042, "4.2e-04"),
        (0.001, "0.001"),
        (0.1234, "0.123"),
        (0.99949, "0.999"),
        (0.9996, "1.00"),
        (1.0, "1.00"),
        (9.994, "9.99"),
        (9.996, "10.0"),
        (98.04, "98.0"),
        (246.3, "246"),
        (12_345.6, "12346"),
    ],
)
def test_milliseconds_have_three_digits(value: float, shown: str) -> None:
    assert units.format_ms(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (999_499, "999 kB"),
        (999_600, "1.00 MB"),
        (97_500_000, "97.5 MB"),
        (4_500_000_000, "4.50 GB"),
        (4_500_000_000_000, "4500 GB"),
    ],
)
def test_bytes_have_decimal_prefixes(value: float, shown: str) -> None:
    assert units.format_bytes(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (12.4, "12 s"),
        (59.6, "1m00s"),
        (130, "2m10s"),
        (3599.7, "1h00m"),
        (3900, "1h05m"),
        (90_000, "25h00m"),
    ],
)
def test_durations_are_said_as_people_do(value: float, shown: str) -> None:
    assert units.format_seconds(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0.000"), (1e-9, "1e-09"), (0.00052, "5e-04"), (0.0012, "0.001"), (12.3456, "12.346")],
)
def test_a_tiny_score_is_never_shown_as_none(value: float, shown: str) -> None:
    assert units.format_score(value) == shown


def test_the_other_units() -> None:
    assert units.format_flops(8_200_000_000) == "8.20 GFLOPs"
    assert units.format_percent(0.8) == "80.0%"
    assert units.format_percent(0.12345, digits=2) == "12.35%"
    assert units.format_ratio(2.314) == "2.31×"
    assert units.format_rate(207.4) == "207/s"
    assert units.format_rate_of_learning(0.012625) == "0.01263"
    assert units.format_rate_of_learning(1.25e-5) == "1.25e-05"
    assert units.format_shape((1, 3, 224, 224)) == "1x3x224x224"
    assert units.format_shape(("batch", 10)) == "batchx10"
    assert units.format_shape(()) == "scalar"


@settings(max_examples=300, deadline=None)
@given(st.floats(1, 9.99e14))
def test_a_formatted_count_is_within_half_a_percent(value: float) -> None:
    letters = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
    shown = units.format_count(value)
    digits, size = (shown[:-1], letters[shown[-1]]) if shown[-1] in letters else (shown, 1.0)

    assert float(digits) * size == pytest.approx(value, rel=0.0051)
    assert len(digits.replace(".", "")) == 3 or value < 1000


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
def test_a_moment_of_today_is_a_clock_time_where_the_reader_is() -> None:
    now = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)

    assert units.format_when("2026-11-22T09:41:00+00:00", now) == "today 10:41"
    assert units.format_when("2026-11-22T23:10:00+00:00", now) == "2026-11-23"
    assert units.format_when("2026-11-20T09:41:00+00:00", now) == "2026-11-20"


@pytest.mark.parametrize(
    ("value", "text"),
    [(88.23, "88.2"), (1.254, "1.25"), (0.0433, "0.043"), (0, "0"), (1500, "1.50k"), (None, "·")],
)
def test_a_plain_number_has_three_digits(value: float | None, text: str) -> None:
    assert units.format_number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.25, "+0.250"), (-12.34, "-12.3"), (0.0, "+0.000"), (None, "·")]
)
def test_a_change_in_milliseconds_has_a_sign(value: float | None, text: str) -> None:
    assert units.format_ms_change(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.25, "+25.0%"), (-0.5, "-50.0%"), (0.0, "+0.0%"), (None, "·")]
)
def test_a_relative_change_has_a_sign(value: float | None, text: str) -> None:
    assert units.format_change(value) == text
