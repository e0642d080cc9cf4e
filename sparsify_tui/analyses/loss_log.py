"""What a loss profile has measured so far, on disk before it is told: nothing is measured twice."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self, TypeAlias

from sparsify_tui.analyses.opened import Opened
from sparsify_tui.analyses.setup import Setup
from sparsify_tui.store.files import replace_file

Key: TypeAlias = "tuple[str, str, int, int]"
_VERSION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One layer with one change, on a range of samples."""

    layer: str
    """Its id, or that of a group of channels."""
    change: str
    """A level such as `0.5`, or a scheme; of a group of channels, how many units stay."""
    start: int
    stop: int
    terms: tuple[tuple[float | None, ...], ...] = ()
    """Of the distance, one row for each sample; None where the outputs are not finite."""
    correct: tuple[float, ...] = ()
    """Whether each sample is classified rightly; empty without labels."""
    score: float | None = None
    """Of the user's own metric."""
    reason: str = ""
    """Why it could not be measured."""
    note: str = ""
    """What else to know of the value."""
    cpu_s: float = 0.0
    wall_s: float = 0.0
    """What the profile had taken when this was kept, earlier runs included."""

    @property
    def key(self) -> Key:
        """What tells it from all others of one profile."""
        return self.layer, self.change, self.start, self.stop


def log_header(opened: Opened, setup: Setup) -> dict[str, Any]:
    """What must be the same for items of an earlier run to hold: all that moves a value.

    Where they ran does not, nor other sets of data; model and data are told by what they hold.
    """
    engine, asked = opened.engine, setup.options
    images = ((asked.data, asked.image_options),) if asked.data else ()
    options = replace(asked, path="", threads=1, calibration=None, test=None, images=images)
    request = replace(setup.request, workers=None, scheduler="", memory_bytes=None)
    return {
        "version": _VERSION,
        "digest": opened.model.sha256,
        "data": setup.data_stamps(),
        "engine": f"{engine.name} {engine.version}",
        "setup": replace(setup, options=options, request=request).to_text(),
    }


class ItemLog:
    """A file of JSON lines: a header that says what is measured, then an item a line.

    A file with another header is begun anew; a line that was cut off by a crash is dropped.

    Args:
        path: Of the file; its folder is made.
        header: What must be the same for the items to hold.
    """

    def __init__(self, path: Path, header: Mapping[str, Any]) -> None:
        self._lock = Lock()
        self.items: dict[Key, Item] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = _whole_lines(path)
        is_ours = bool(lines) and _parsed(lines[0]) == json.loads(json.dumps(header))
        kept = [json.dumps(header), *lines[1:]] if is_ours else [json.dumps(header)]
        for line in kept[1:]:
            item = _item_from(_parsed(line))
            self.items[item.key] = item
        replace_file(path, "".join(f"{line}\n" for line in kept).encode())
        self._file = path.open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def append(self, item: Item) -> None:
        """Keeps an item; durable when this returns."""
        with self._lock:
            self._file.write(json.dumps(asdict(item)) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
            self.items[item.key] = item


def _whole_lines(path: Path) -> list[str]:
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = text.split("\n")[:-1]
    return [line for at, line in enumerate(lines) if at == 0 or _parsed(line) is not None]


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _item_from(body: Mapping[str, Any]) -> Item:
    rows = tuple(tuple(row) for row in body["terms"])
    return Item(**{**body, "terms": rows, "correct": tuple(body["correct"])})
