from __future__ import annotations

import errno
import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tinydb import TinyDB, where

from sparsify_tui.store import (
    StoreFullError,
    StoreReadOnlyError,
    open_documents,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that was saved three times, with documents 1 to 3."""
    path = tmp_path / "project.json"
    db = open_documents(path)
    for n in (1, 2, 3):
        db.insert({"n": n})
    return path


def numbers(db: TinyDB) -> list[int]:
    return [document["n"] for document in db]


def names(path: Path) -> set[str]:
    return {entry.name for entry in path.parent.iterdir()}


def refuse_writing(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Permissions do not stop the root user, who may run the tests, so the kernel is played."""
    opened: Callable[..., int] = os.open

    def read_only(name: Any, flags: int, *rest: Any, **named: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(number, os.strerror(number), str(name))
        return opened(name, flags, *rest, **named)

    monkeypatch.setattr(os, "open", read_only)


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_read_only_folder_can_be_read_and_says_why_it_is_not_saved(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path.with_name("project.json.lock").unlink()
    refuse_writing(monkeypatch, number)
    db = open_documents(path)

    assert numbers(db) == [1, 2, 3]
    with pytest.raises(StoreReadOnlyError) as caught:
        db.insert({"n": 4})

    assert str(path.parent) in caught.value.message
    assert "--home DIR" in caught.value.hint


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC])
def test_a_damaged_file_that_cannot_be_replaced_is_read_from_its_backup(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path.write_bytes(b"garbage")
    refuse_writing(monkeypatch, number)

    assert numbers(open_documents(path)) == [1, 2]
    assert path.read_bytes() == b"garbage"


def test_a_file_that_may_not_be_read_is_not_taken_for_an_empty_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: Any, *_: Any) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(name))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StoreReadOnlyError, match="cannot be read: permission denied"):
        open_documents(path).all()


def test_a_full_disk_leaves_the_last_save_and_no_litter(path: Path) -> None:
    """The limit on file sizes stands in for the disk: the write breaks off half way."""
    script = (
        "import resource, sys\n"
        "from sparsify_tui.store import StoreFullError, open_documents\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "db = open_documents(sys.argv[1])\n"
        "try: db.insert({'text': 'x' * 9000})\n"
        "except StoreFullError as error: print(error.hint, len(db))\n"
    )
    before = names(path)
    command = [sys.executable, "-c", script, str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)

    assert result.stdout.startswith("Free some space")
    assert result.stdout.endswith("intact. 3\n")
    assert numbers(open_documents(path)) == [1, 2, 3]
    assert names(path) == before


@pytest.mark.parametrize("call", ["open", "fsync", "link", "replace"])
def test_whichever_call_fails_the_file_is_old_or_new_and_nothing_is_left(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """The n-th call of its kind fails, for every n that a save gets to."""
    before = names(path)
    for nth in itertools.count(1):
        db = open_documents(path)
        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing_at(nth, getattr(os, call)))
            try:
                db.insert({"n": 4})
            except StoreFullError:
                pass
            else:
                break
        assert numbers(open_documents(path)) in ([1, 2, 3], [1, 2, 3, 4])
        assert names(path) == before
        open_documents(path).remove(where("n") == 4)
    assert nth > 1, "no such call was made"


def failing_at(nth: int, real: Callable[..., Any]) -> Callable[..., Any]:
    calls = itertools.count(1)

    def call(*given: Any, **named: Any) -> Any:
        if next(calls) == nth:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*given, **named)

    return call
