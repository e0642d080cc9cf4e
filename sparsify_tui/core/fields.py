"""How a type describes its own fields, so that forms, flags and checks need no second list."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar, cast

from sparsify_tui.errors import UsageError

M = TypeVar("M")

_LARGEST = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One editable field: what it is called, its unit, its bounds."""

    label: str
    help: str
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    optional: bool = False
    """Whether empty text means None."""
    whole: bool = False
    """Whether only whole numbers make sense."""


def setting(default: Any, description: Setting) -> Any:
    """A dataclass field that carries its description."""
    return field(default=default, metadata={"setting": description})


def settings_of(described: object) -> dict[str, Setting]:
    """The editable fields of a value or its class, by field name."""
    return {
        one.name: one.metadata["setting"]
        for one in fields(cast("Any", described))
        if "setting" in one.metadata
    }


def text_of(described: object, name: str) -> str:
    """A field's value as a person would type it; `with_text` reads the same value back."""
    value = getattr(described, name)
    return "" if value is None else str(value).removesuffix(".0")


def with_text(described: M, name: str, text: str) -> M:
    """The same value with one field read from text.

    Raises:
        UsageError: The text is no number, not a choice, or out of bounds.
    """
    description = settings_of(described)[name]
    return cast("M", replace(cast("Any", described), **{name: _parse(description, text.strip())}))


def _parse(description: Setting, text: str) -> float | str | None:
    if not text and description.optional:
        return None
    if description.choices:
        if text not in description.choices:
            raise UsageError(
                f"{description.label} is one of {', '.join(description.choices)}, not {text!r}."
            )
        return text
    return _bounded(description, _number(description, text), text)


def _number(description: Setting, text: str) -> float:
    kind, read = ("whole number", int) if description.whole else ("number", float)
    try:
        number = read(text)
    except ValueError:
        raise UsageError(f"{description.label} must be a {kind}, not {text!r}.") from None
    if not -_LARGEST < number < _LARGEST:  # also keeps out inf and nan, which float() reads
        raise UsageError(f"{description.label} must be a {kind} of common size, not {text!r}.")
    return number


def _bounded(description: Setting, number: float, text: str) -> float:
    low, high = description.low, description.high
    if low <= number <= high:
        return number
    allowed = f"lie in {low:g} to {high:g}" if math.isfinite(high) else f"be {low:g} or more"
    raise UsageError(f"{description.label} must {allowed}, not {text}.")
