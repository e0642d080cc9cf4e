"""Ids and times of new entries."""

from __future__ import annotations

from datetime import UTC, datetime


def new_id() -> str:
    """Twelve hexadecimal digits that nothing else has."""
    from uuid import uuid4  # noqa: PLC0415 - the first screen makes nothing new

    return uuid4().hex[:12]


def now() -> str:
    """The present moment, ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
