"""The only formatter of numbers: what a person reads on a screen or in a report."""

from __future__ import annotations

from datetime import UTC, datetime

NOT_MEASURED = "·"
_SI = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def format_count(value: float | None) -> str:
    """Three significant digits with an SI letter: 25.6M, 147k, 64."""
    if value is None:
        return NOT_MEASURED
    for size, letter in _SI:
        if abs(value) >= size * 0.9995:
            return f"{_three_digits(value / size)}{letter}"
    return f"{value:.0f}" if float(value).is_integer() else _three_digits(value)


def format_flops(value: float | None) -> str:
    """FLOPs with an SI letter; one multiply-add counts two."""
    if value is None:
        return NOT_MEASURED
    count = format_count(value)
    return f"{count[:-1]} {count[-1]}FLOPs" if count[-1].isalpha() else f"{count} FLOPs"


def format_ms(value: float | None) -> str:
    """Milliseconds with three digits, to the microsecond, and no unit."""
    if value is None:
        return NOT_MEASURED
    if value != 0 and abs(value) < 0.001:
        return f"{value:.1e}"
    return f"{value:.3f}" if abs(value) < 0.9995 else _three_digits(value)


def format_percent(fraction: float | None, digits: int = 1) -> str:
    """A fraction in [0, 1] as a percentage."""
    return NOT_MEASURED if fraction is None else f"{fraction * 100:.{digits}f}%"


def format_ratio(value: float | None) -> str:
    """A speed-up or compression: 2.31×."""
    return NOT_MEASURED if value is None else f"{value:.2f}×"


def format_interval(value: float | None, low: float | None, high: float | None) -> str:
    """A ratio with its interval, where it has one: 1.72× [1.69×, 1.75×]."""
    if low is None or high is None or low == high:
        return format_ratio(value)
    return f"{format_ratio(value)} [{format_ratio(low)}, {format_ratio(high)}]"


def format_number(value: float | None) -> str:
    """Three significant digits and no unit: 88.2, 1.25, 0.043."""
    if value is None:
        return NOT_MEASURED
    return f"{value:.3f}" if 0 < abs(value) < 0.0995 else format_count(value)


def format_ms_change(value: float | None) -> str:
    """Milliseconds gained or lost, always with their sign."""
    if value is None:
        return NOT_MEASURED
    return f"{'-' if value < 0 else '+'}{format_ms(abs(value))}"


def format_change(fraction: float | None) -> str:
    """A relative change as a percentage with its sign."""
    return NOT_MEASURED if fraction is None else f"{fraction * 100:+.1f}%"


def format_rate(items_per_s: float | None) -> str:
    """Throughput: 207/s."""
    return NOT_MEASURED if items_per_s is None else f"{format_count(items_per_s)}/s"


def format_bytes(size: float | None) -> str:
    """Bytes with a decimal prefix: 97.5 MB."""
    if size is None:
        return NOT_MEASURED
    for unit, letter in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit * 0.9995:
            return f"{_three_digits(size / unit)} {letter}"
    return f"{size:.0f} B"


def format_done(done: int, total: int) -> str:
    """How far something is: 46/106, or 45% where single items are too many to mean anything."""
    return f"{done}/{total}" if total < 1000 else f"{done / total * 100:.0f}%"


def format_seconds(seconds: float | None) -> str:
    """A duration for people: 0.4 s, 12 s, 2m10s, 1h05m."""
    if seconds is None:
        return NOT_MEASURED
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


def format_score(value: float | None) -> str:
    """A distance or loss: three decimals, small ones in powers of ten, never 0 for tiny."""
    if value is None:
        return NOT_MEASURED
    if value == 0 or abs(value) >= 0.001:
        return f"{value:.3f}"
    return f"{value:.0e}"


def format_rate_of_learning(value: float | None) -> str:
    """A learning rate, short: 0.01, 1.25e-05."""
    return NOT_MEASURED if value is None else f"{value:.4g}"


def format_shape(shape: tuple[int | str, ...]) -> str:
    """A tensor shape: 1x3x224x224, or scalar."""
    return "x".join(str(size) for size in shape) or "scalar"


def format_when(timestamp: str, now: datetime | None = None) -> str:
    """An ISO time as people say it: today 10:41, 2026-11-20."""
    moment = datetime.fromisoformat(timestamp).astimezone()
    today = (now or datetime.now(UTC)).astimezone().date()
    if moment.date() == today:
        return f"today {moment:%H:%M}"
    return f"{moment:%Y-%m-%d}"


def _three_digits(value: float) -> str:
    size = abs(value)
    digits = 0 if size >= 99.95 else 1 if size >= 9.995 else 2
    return f"{value:.{digits}f}"
