"""Keeps the tables of a TinyDB in one file that survives kills, power cuts and other writers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tinydb.storages import Storage

from sparsify_tui.errors import StoreError
from sparsify_tui.store.envelope import Snapshot, decode, encode
from sparsify_tui.store.failures import (
    StoreBusyError,
    StoreDamagedError,
    StoreFullError,
    StoreReadOnlyError,
    explained,
)
from sparsify_tui.store.files import make_folder, read_file, replace_file
from sparsify_tui.store.migrations import Tables

if TYPE_CHECKING:
    from filelock import FileLock

LOCK_TIMEOUT_S = 10.0
_POLL_S = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """A damaged file was replaced by its last good generation."""

    reason: str
    damaged: Path | None
    """Where the damaged file is kept; None when there was no file at all."""
    generation: int
    """The one that was brought back."""

    @property
    def message(self) -> str:
        """What to tell the user."""
        kept = f" The damaged file is kept as {self.damaged.name}." if self.damaged else ""
        return f"{self.reason} Its last good state (save {self.generation}) was brought back.{kept}"


@dataclass(slots=True, kw_only=True)
class Transaction:
    """What one thread reads and changes until it is saved or dropped."""

    thread: int
    generation: int
    tables: Tables
    has_changes: bool = False
    has_failed: bool = False

    @contextmanager
    def joined(self) -> Iterator[Transaction]:
        """A part of it; one that fails takes the whole along, for it may be half done."""
        is_whole = False
        try:
            yield self
            is_whole = True
        finally:
            self.has_failed |= not is_whole


class DocumentStorage(Storage):
    """A TinyDB storage in which every change is a transaction.

    A change is on disk when the call returns. Writers, of this process or another, take turns
    by a lock on `<path>.lock`; readers need no lock and no permission to write. The state
    before the last save is kept as `<path>.bak`, and comes back if the file turns out damaged;
    the damaged one is moved aside, never deleted.

    Args:
        path: The document file; it and its folder are made by the first change.
        lock_timeout_s: How long a writer waits for its turn.
    """

    def __init__(self, path: Path, *, lock_timeout_s: float = LOCK_TIMEOUT_S) -> None:
        super().__init__()
        self.path = path
        self.recovered: Recovery | None = None
        self._backup = path.with_name(f"{path.name}.bak")
        self._lock_timeout_s = lock_timeout_s
        self._current: Transaction | None = None

    def read(self) -> Tables:
        """The tables as last saved, or as changed so far by this thread's transaction.

        Raises:
            StoreError: They cannot be read.
        """
        if transaction := self._own_transaction():
            return transaction.tables
        try:
            return self._saved().tables
        except StoreDamagedError as damage:
            return self._repaired(damage).tables

    def write(self, data: Tables) -> None:
        """Replaces all tables.

        Raises:
            StoreError: They cannot be saved; the file is as it was.
        """
        with self.transaction() as transaction:
            transaction.tables = data
            transaction.has_changes = True

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Saves all changes of the block at once when it ends, or none if it fails.

        A transaction inside another one joins it.

        Raises:
            StoreBusyError: Another writer did not finish in time.
            StoreError: The changes cannot be saved; the file is as it was.
        """
        if outer := self._own_transaction():
            with outer.joined():
                yield outer
            return
        with self._locked():
            saved = self._saved_or_restored()
            self._current = transaction = Transaction(
                thread=threading.get_ident(), generation=saved.generation, tables=saved.tables
            )
            try:
                yield transaction
            finally:
                self._current = None
            self._save(transaction)

    def _own_transaction(self) -> Transaction | None:
        current = self._current
        return current if current and current.thread == threading.get_ident() else None

    def _save(self, transaction: Transaction) -> None:
        if transaction.has_failed:
            raise StoreError(
                "Nothing was saved, because one of the changes that belong together failed.",
                "Repeat all of them.",
            )
        if transaction.has_changes:
            generation = transaction.generation + 1
            content = encode(Snapshot(tables=transaction.tables, generation=generation))
            with explained(self.path, "saved"):
                replace_file(self.path, content, backup=self._backup)

    def _saved(self) -> Snapshot:
        with explained(self.path, "read"):
            try:
                return decode(read_file(self.path), self.path)
            except FileNotFoundError:
                if not self._backup.exists():
                    return Snapshot(tables={}, generation=0)
        raise StoreDamagedError(
            f"{self.path} is missing.", f"Put it back, or remove {self._backup} to start anew."
        )

    def _last_good(self, damage: StoreDamagedError) -> Snapshot:
        """The backup; `damage` stands where it is missing or damaged too."""
        with explained(self._backup, "read"):
            try:
                return decode(read_file(self._backup), self._backup)
            except (FileNotFoundError, StoreDamagedError):
                raise damage from None

    def _repaired(self, damage: StoreDamagedError) -> Snapshot:
        try:
            with self._locked():
                return self._saved_or_restored()
        except (StoreReadOnlyError, StoreFullError):
            return self._last_good(damage)

    def _saved_or_restored(self) -> Snapshot:
        """To be called under the lock: another process may be repairing, or have done so."""
        try:
            return self._saved()
        except StoreDamagedError as damage:
            return self._restored(damage)

    def _restored(self, damage: StoreDamagedError) -> Snapshot:
        last_good = self._last_good(damage)
        aside = self._aside() if self.path.exists() else None
        with explained(self.path, "saved"):
            replace_file(self.path, encode(last_good), backup=aside)
        self.recovered = Recovery(
            reason=damage.message, damaged=aside, generation=last_good.generation
        )
        return last_good

    def _aside(self) -> Path:
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        return self.path.with_name(f"{self.path.name}.damaged-{moment}")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self._acquired_lock()
        try:
            yield
        finally:
            lock.release()

    def _acquired_lock(self) -> FileLock:
        # Readers never come here, so that the start of the program need not pay the 30 ms.
        from filelock import FileLock, Timeout  # noqa: PLC0415 - see above

        # A new lock each time: threads exclude each other too, and a fork inherits none.
        lock = FileLock(self.path.with_name(f"{self.path.name}.lock"), mode=0o600)
        with explained(self.path, "saved"):
            make_folder(self.path.parent)
            try:
                lock.acquire(timeout=self._lock_timeout_s, poll_interval=_POLL_S)
            except Timeout as error:
                raise StoreBusyError(
                    f"{self.path} is being saved by another process or window.",
                    "Wait until it is done, then try again.",
                ) from error
        return lock
