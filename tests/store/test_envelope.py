from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tinydb import TinyDB

from sparsify_tui.errors import StoreError
from sparsify_tui.store import StoreDamagedError, StoreNewerError, open_documents
from sparsify_tui.store.envelope import HEADER, Snapshot, decode, encode
from sparsify_tui.store.migrations import MIGRATIONS, SCHEMA, Tables

PATH = Path("project.json")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
DOCUMENTS = st.dictionaries(st.text(), VALUES, max_size=3)
TABLES = st.dictionaries(
    st.text().filter(lambda name: name != HEADER),
    st.dictionaries(st.integers().map(str), DOCUMENTS, max_size=3),
    max_size=3,
)
SMALL = Snapshot(tables={"runs": {"1": {"ms": 1.5}}, "empty": {}}, generation=12)


@settings(max_examples=60, deadline=None)
@given(tables=TABLES, generation=st.integers(min_value=0, max_value=10**9))
def test_what_was_encoded_is_decoded(tables: Tables, generation: int) -> None:
    snapshot = Snapshot(tables=tables, generation=generation)

    assert decode(encode(snapshot), PATH) == snapshot


@settings(max_examples=30, deadline=None)
@given(tables=TABLES)
def test_a_plain_tinydb_file_is_read_as_it_is(tables: Tables) -> None:
    for indent in (None, 2):
        raw = json.dumps(tables, indent=indent).encode()

        assert decode(raw, PATH) == Snapshot(tables=tables, generation=0)


def test_any_tinydb_can_open_the_file(tmp_path: Path) -> None:
    path = tmp_path / "project.json"
    open_documents(path).table("runs").insert({"ms": 1.5})

    assert TinyDB(path).table("runs").all() == [{"ms": 1.5}]


def test_no_changed_byte_goes_unnoticed() -> None:
    """Whatever byte is changed, the tables are the same or the file is refused."""
    raw = encode(SMALL)
    for position in range(len(raw)):
        for byte in {raw[position] ^ 1 << bit for bit in range(8)} | set(b' {}"0,x\n'):
            changed = raw[:position] + bytes([byte]) + raw[position + 1 :]
            with suppress(StoreDamagedError, StoreNewerError):
                assert decode(changed, PATH) == SMALL, changed


def test_no_cut_goes_unnoticed() -> None:
    raw = encode(SMALL)
    for length in range(len(raw)):
        with pytest.raises(StoreDamagedError):
            decode(raw[:length], PATH)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"7",
        b'{"runs": []}',
        b'{"runs": null}',
        b'{"runs": {"abc": {}}}',
        b'{"runs": {"1": 5}}',
        b'{"runs": {"1": {"ms": NaN}}}',
        b'{"runs": {"1": {"ms": -Infinity}}}',
        b'{"runs": {"1": {"n": ' + b"9" * 5000 + b"}}}",
        b'{"runs": {}}garbage',
        b'{"_meta": {"1": {}}, "runs": {}}',
        b'{"_meta": {"1": {}}\n, "runs": {}}',
        b'{"_meta": 5\n, "runs": {}}',
        b"\x80\x81",
        b"\xef\xbb\xbf{}",
        b"[" * 200_000,
    ],
)
def test_what_is_no_document_file_is_refused_in_a_sentence(raw: bytes) -> None:
    with pytest.raises(StoreDamagedError) as caught:
        decode(raw, PATH)

    assert caught.value.message.startswith("project.json is damaged: ")
    assert len(caught.value.message) < 120
    assert caught.value.hint


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "project.json"
    db = open_documents(path)
    db.insert({"n": 1})
    db.insert({"n": 2})
    newer = path.read_bytes().replace(
        f'"schema": {SCHEMA}'.encode(), f'"schema": {SCHEMA + 1}'.encode()
    )
    path.write_bytes(newer)

    with pytest.raises(StoreNewerError, match="later version") as caught:
        db.all()
    with pytest.raises(StoreNewerError):
        db.insert({"n": 3})

    assert "Update" in caught.value.hint
    assert path.read_bytes() == newer


def test_an_older_schema_is_brought_up_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def rename(tables: Tables) -> Tables:
        return {name.upper(): table for name, table in tables.items()}

    raw = encode(SMALL)
    monkeypatch.setattr("sparsify_tui.store.envelope.SCHEMA", SCHEMA + 1)
    monkeypatch.setattr("sparsify_tui.store.envelope.MIGRATIONS", {**MIGRATIONS, SCHEMA: rename})

    assert decode(raw, PATH).tables == rename(SMALL.tables)
    assert decode(json.dumps(SMALL.tables).encode(), PATH).tables == rename(SMALL.tables)


def test_a_table_named_like_the_header_is_refused() -> None:
    with pytest.raises(StoreError, match=HEADER):
        encode(Snapshot(tables={HEADER: {}}, generation=1))
