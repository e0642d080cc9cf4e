"""The arguments that every widget hands on to Textual."""

from __future__ import annotations

from typing import TypedDict


class WidgetOptions(TypedDict, total=False):
    """Name, id and CSS classes of a widget."""

    name: str | None
    id: str | None
    classes: str | None
