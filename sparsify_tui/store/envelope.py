"""The bytes of a document file: plain TinyDB JSON with a checksummed header on its first line.

The header is a table of its own, so that any TinyDB can open the file:

    {"_meta": {"1": {"schema": 1, "generation": 12, "sha256": "…"}}
    , "runs": {"1": {…}, "2": {…}}}
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from sparsify_tui.errors import StoreError
from sparsify_tui.store.failures import StoreDamagedError, StoreNewerError
from sparsify_tui.store.migrations import MIGRATIONS, SCHEMA, Tables

HEADER = "_meta"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The tables of one generation."""

    tables: Tables
    generation: int
    """How often the file was saved; 0 when it never was, or not by this program."""


def encode(snapshot: Snapshot) -> bytes:
    """The file's content.

    Raises:
        StoreError: A document holds what JSON cannot, such as NaN, or a table is named like
            the header.
    """
    if HEADER in snapshot.tables:
        raise StoreError(f"A table cannot be called {HEADER}.", "The header has that name.")
    try:
        body = json.dumps(snapshot.tables, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreError(
            f"A document holds a value that cannot be saved: {error}.",
            "Nothing was saved; please report how it came about.",
        ) from error
    rest = (f", {body[1:]}" if snapshot.tables else "}").encode("ascii")
    header = {
        "schema": SCHEMA,
        "generation": snapshot.generation,
        "sha256": _checksum(SCHEMA, snapshot.generation, rest),
    }
    return json.dumps({HEADER: {"1": header}})[:-1].encode("ascii") + b"\n" + rest


def decode(raw: bytes, path: Path) -> Snapshot:
    """The tables in `raw`, brought to the present schema.

    Args:
        raw: The content of the file.
        path: Where it came from, for the messages.

    Raises:
        StoreDamagedError: It is not what was written.
        StoreNewerError: Its schema is above `SCHEMA`.
    """
    try:
        schema, generation, tables = _parsed(raw)
        tables = _migrated(tables, schema)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreDamagedError(
            f"{path} is damaged: {_reason(error)}.",
            "Move it away to start anew, or put a copy of yours in its place.",
        ) from error
    if schema > SCHEMA:
        raise StoreNewerError(
            f"{path} was saved by a later version (schema {schema}; this one knows {SCHEMA}).",
            "Update sparsify-tui, or choose another folder with --home DIR.",
        )
    return Snapshot(tables=tables, generation=generation)


def _parsed(raw: bytes) -> tuple[int, int, Tables]:
    """Schema, generation and tables as they are; no tables where the schema is unknown."""
    first, newline, rest = raw.partition(b"\n")
    opening = _opening(first) if newline else {}
    if not opening:
        return 0, 0, _plain_tables(raw)
    header = opening[HEADER]["1"]
    schema, generation = int(header["schema"]), int(header["generation"])
    if schema > SCHEMA:
        return schema, generation, {}
    if header["sha256"] != _checksum(schema, generation, rest):
        raise _FlawError("its checksum does not match")
    return schema, generation, json.loads(b"{" + rest.removeprefix(b","))


def _opening(first: bytes) -> dict[str, Any]:
    """The first line as an object: where we wrote it, it lacks but the closing brace."""
    try:
        return dict(json.loads(first + b"}"))
    except ValueError:
        return {}


def _plain_tables(raw: bytes) -> Tables:
    tables = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
    if HEADER in tables:
        raise _FlawError("its header is not on a line of its own")
    for table in tables.values():
        for document_id, document in table.items():
            int(document_id)
            if not isinstance(document, dict):
                raise _FlawError(f"document {document_id} is not an object")
    return dict(tables)


def _migrated(tables: Tables, schema: int) -> Tables:
    for step in range(schema, SCHEMA):
        tables = MIGRATIONS[step](tables)
    return tables


def _checksum(schema: int, generation: int, rest: bytes) -> str:
    return hashlib.sha256(f"{schema} {generation}\n".encode("ascii") + rest).hexdigest()


class _FlawError(ValueError):
    """What is wrong with the file, in words for the user."""


def _refuse_constant(name: str) -> NoReturn:
    raise _FlawError(f"{name} is not a number that may be saved")


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"its text breaks off or is garbled at character {error.pos}"
    return str(error) if isinstance(error, _FlawError) else "it is not a document file"
