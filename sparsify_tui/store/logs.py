"""Logs of long measurements: what a job has measured so far, so that it can be gone on with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sparsify_tui.store.failures import StoreBusyError, explained
from sparsify_tui.store.files import make_folder, read_file, replace_file


class LogStore:
    """One file for each measurement that is not complete, beside the projects of a home folder.

    The job itself appends to its log; only names and ends of the files are decided here.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / "logs"

    def path(self, item_id: str) -> Path:
        """Where the log of a measurement is, or would be."""
        return self._folder / f"{item_id}.jsonl"

    @contextmanager
    def claimed(self, item_id: str) -> Iterator[Path]:
        """The log, for one process at a time; its folder is made.

        Raises:
            StoreBusyError: Another process measures the same.
            StoreError: The folder cannot be written.
        """
        from filelock import FileLock, Timeout  # noqa: PLC0415 - the list of projects needs none

        file = self._folder / f"{item_id}.lock"
        lock = FileLock(file, mode=0o600)
        with explained(self._folder, "saved"):
            make_folder(self._folder)
            try:
                lock.acquire(timeout=0)
            except Timeout as error:
                raise StoreBusyError(
                    "Another window or command is measuring this right now.",
                    "Wait until it is done, or stop it there.",
                ) from error
        try:
            yield self.path(item_id)
        finally:
            file.unlink(missing_ok=True)  # before the release, so that no other's is removed
            lock.release()

    def copy(self, item_id: str, twin_id: str) -> None:
        """Gives a copy of a measurement what has been measured for it, if anything."""
        with explained(self._folder, "saved"), suppress(FileNotFoundError):
            replace_file(self.path(twin_id), read_file(self.path(item_id)))

    def discard(self, item_ids: Iterable[str]) -> None:
        """Removes logs that are of no more use."""
        for item_id in item_ids:
            with explained(self._folder, "saved"):
                self.path(item_id).unlink(missing_ok=True)
