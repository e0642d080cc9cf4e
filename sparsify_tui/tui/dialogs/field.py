"""A field of a form: what it asks, and whether an answer will do."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

FieldKind = Literal["text", "int", "float", "choice", "path", "bool"]


def accept_all(_value: str) -> str | None:
    """Finds nothing wrong."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question; `check` says what is wrong with an answer, or None.

    A choice is one of `choices`; a bool is "yes" or "no"; a path completes to directories
    and to files with one of `suffixes`.
    """

    name: str
    label: str
    value: str = ""
    help: str = ""
    kind: FieldKind = "text"
    choices: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    check: Callable[[str], str | None] = accept_all

    @property
    def options(self) -> tuple[str, ...]:
        """What can be chosen; empty for a field that is typed."""
        return ("no", "yes") if self.kind == "bool" else self.choices

    def problem(self, value: str) -> str | None:
        """What is wrong with `value`: first its kind, then the field's own check."""
        return _problem_of_kind(self.kind, value.strip()) or self.check(value.strip())


def _problem_of_kind(kind: FieldKind, value: str) -> str | None:
    if kind == "int" and not value.removeprefix("-").isdecimal():
        return "A whole number is needed."
    if kind == "float" and not _is_number(value):
        return "A number is needed."
    if kind == "path" and not value:
        return "A path is needed; Tab completes."
    if kind == "path" and "\0" in value:
        return "A path cannot hold that character."
    return None


def _is_number(value: str) -> bool:
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False
