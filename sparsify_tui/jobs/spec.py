"""What parent and child say to each other: one JSON object a line, both ways."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

SCHEMA = 1
EventKind = Literal["progress", "waiting", "partial", "result", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """A request: which analysis, on what, within which limits."""

    kind: str
    args: Mapping[str, Any]
    exclusive: bool = False
    """A timing job: waits for the machine's other timing jobs, since they would disturb it."""
    lock: str = ""
    """Path of the lock file that exclusive jobs share."""
    memory_bytes: int | None = None
    """Address space the child may use; None for what the machine has."""
    seconds: float | None = None
    """Wall time after which the parent ends the child."""

    def to_line(self) -> str:
        """One line of JSON."""
        body = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps({"schema": SCHEMA, **body}) + "\n"

    @classmethod
    def from_line(cls, line: str) -> JobSpec:
        """Reads what `to_line` wrote. Raises ValueError on anything else."""
        body = json.loads(line)
        if not isinstance(body, dict) or body.pop("schema", None) != SCHEMA:
            raise ValueError("not a job of this version")
        if set(body) != set(cls.__slots__):
            raise ValueError("not the fields of a job")
        return cls(**body)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """One line from the child."""

    kind: EventKind
    body: Mapping[str, Any] = field(default_factory=dict)

    def to_line(self) -> str:
        """One line of JSON."""
        return json.dumps({"event": self.kind, **self.body}, allow_nan=False) + "\n"

    @classmethod
    def from_line(cls, line: str) -> JobEvent:
        """Reads what `to_line` wrote. Raises ValueError on anything else."""
        body = json.loads(line)
        if not isinstance(body, dict) or body.get("event") not in get_args(EventKind):
            raise ValueError("not an event")
        return cls(kind=body.pop("event"), body=body)
