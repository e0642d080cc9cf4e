"""TinyDB on a `DocumentStorage`: the same methods, safe with many writers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

from tinydb import TinyDB
from tinydb.queries import QueryLike
from tinydb.storages import Storage
from tinydb.table import Table

from sparsify_tui.store.storage import DocumentStorage, Recovery


class DocumentTable(Table):
    """A table whose changes read, number and save the documents under one lock."""

    _storage: DocumentStorage

    def __init__(
        self, storage: Storage, name: str, cache_size: int = 0, persist_empty: bool = False
    ) -> None:
        # By default no query cache: it would not notice what another process has saved.
        super().__init__(storage, name, cache_size, persist_empty)

    def insert(self, document: Mapping[str, Any]) -> int:
        """Adds a document and returns its id."""
        with self._storage.transaction():
            self._next_id = None
            return super().insert(document)

    def upsert(self, document: Mapping[str, Any], cond: QueryLike | None = None) -> list[int]:
        """Updates the documents that match, or adds one if there is none."""
        with self._storage.transaction():
            return super().upsert(document, cond)

    def _update_table(self, updater: Callable[[dict[int, Mapping[str, Any]]], None]) -> None:
        # All other changes come through here. The next id is as stale as a query cache.
        with self._storage.transaction():
            self._next_id = None
            super()._update_table(updater)


class DocumentDB(TinyDB):
    """A TinyDB of `DocumentTable`s."""

    table_class = DocumentTable
    _storage: DocumentStorage

    def drop_table(self, name: str) -> None:
        """Removes a table with all its documents."""
        with self._storage.transaction():
            super().drop_table(name)


def open_documents(path: str | PathLike[str]) -> TinyDB:
    """Opens a document file, which need not exist yet; nothing is read or made before use.

    Every method that reads or changes documents raises a `StoreError` where it cannot.
    """
    return DocumentDB(Path(path).absolute(), storage=DocumentStorage)


@contextmanager
def transaction(db: TinyDB) -> Iterator[TinyDB]:
    """Saves all changes of the block at once when it ends, or none of them if it fails.

    Reads in the block see its changes; other threads and processes see them when it has ended.
    Values are checked and copied at the end, so hands off a document that was handed in. A
    change that fails drops the whole block, even if its exception is caught.

    Args:
        db: What `open_documents` returned.

    Raises:
        StoreError: The changes cannot be saved; the file is as it was.
    """
    with _storage_of(db).transaction():
        yield db


def recovery_of(db: TinyDB) -> Recovery | None:
    """What was repaired while `db` was in use, to be told to the user."""
    return _storage_of(db).recovered


def _storage_of(db: TinyDB) -> DocumentStorage:
    if not isinstance(db.storage, DocumentStorage):
        raise TypeError("only what open_documents returned has transactions")
    return db.storage
