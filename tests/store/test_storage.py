from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock
from tinydb import TinyDB

from sparsify_tui.errors import StoreError
from sparsify_tui.store import (
    StoreBusyError,
    StoreDamagedError,
    open_documents,
    recovery_of,
    transaction,
)
from sparsify_tui.store.storage import DocumentStorage


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


@pytest.mark.parametrize("content", [b"", b"{", b"\0" * 500, b"[]"])
def test_a_damaged_file_is_moved_aside_and_the_last_good_one_comes_back(
    path: Path, content: bytes
) -> None:
    path.write_bytes(content)
    db = open_documents(path)

    assert numbers(db) == [1, 2]

    recovery = recovery_of(db)
    assert recovery is not None
    assert recovery.damaged is not None
    assert recovery.damaged.read_bytes() == content
    assert recovery.generation == 2
    assert "damaged" in recovery.message
    assert recovery.damaged.name in recovery.message
    again = open_documents(path)
    assert numbers(again) == [1, 2]
    assert recovery_of(again) is None
    assert names(path) == {
        "project.json",
        "project.json.bak",
        "project.json.lock",
        recovery.damaged.name,
    }


def test_a_change_to_a_damaged_file_is_made_to_the_last_good_one(path: Path) -> None:
    path.write_bytes(b"garbage")
    db = open_documents(path)
    db.insert({"n": 4})

    assert numbers(open_documents(path)) == [1, 2, 4]


def test_replacing_everything_in_a_damaged_file_keeps_the_good_backup(path: Path) -> None:
    path.write_bytes(b"garbage")
    open_documents(path).drop_tables()

    assert numbers(open_documents(path.with_name("project.json.bak"))) == [1, 2]


def test_a_missing_file_comes_back_from_its_backup(path: Path) -> None:
    path.unlink()
    db = open_documents(path)

    assert numbers(db) == [1, 2]
    recovery = recovery_of(db)
    assert recovery is not None
    assert recovery.damaged is None
    assert "missing" in recovery.message


def test_two_damages_are_kept_apart(path: Path) -> None:
    db = open_documents(path)
    for content in (b"first", b"second"):
        path.write_bytes(content)
        assert numbers(db) == [1, 2]

    kept = sorted(path.parent.glob("*.damaged-*"))
    assert [file.read_bytes() for file in kept] == [b"first", b"second"]


def test_without_a_good_backup_nothing_is_touched(path: Path) -> None:
    backup = path.with_name("project.json.bak")
    path.write_bytes(b"garbage")
    backup.write_bytes(b"worse")
    before = names(path)

    for use in (numbers, lambda db: db.insert({"n": 4})):
        with pytest.raises(StoreDamagedError, match=r"project\.json is damaged") as caught:
            use(open_documents(path))
        assert caught.value.hint

    assert (path.read_bytes(), backup.read_bytes()) == (b"garbage", b"worse")
    assert names(path) == before


def test_a_missing_file_with_a_damaged_backup_is_not_taken_for_a_new_project(path: Path) -> None:
    path.unlink()
    path.with_name("project.json.bak").write_bytes(b"worse")

    with pytest.raises(StoreDamagedError, match="missing") as caught:
        open_documents(path).all()
    assert "project.json.bak" in caught.value.hint


def test_a_plain_tinydb_file_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "project.json"
    TinyDB(path).insert({"n": 1})
    plain = path.read_bytes()

    db = open_documents(path)
    assert numbers(db) == [1]
    assert path.read_bytes() == plain, "reading alone rewrites nothing"

    db.insert({"n": 2})
    assert numbers(open_documents(path)) == [1, 2]
    assert path.with_name("project.json.bak").read_bytes() == plain


def test_the_files_are_for_the_user_alone(path: Path) -> None:
    for file in path.parent.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600, file


def test_a_symbolic_link_is_refused(path: Path) -> None:
    link = path.with_name("link.json")
    for target in (path, path.with_name("nowhere")):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        for use in (numbers, lambda db: db.insert({"n": 4}), TinyDB.drop_tables):
            with pytest.raises(StoreError, match="symbolic link"):
                use(open_documents(link))
        assert link.is_symlink()

    assert numbers(open_documents(path)) == [1, 2, 3]
    assert not path.with_name("nowhere").exists()


def test_a_folder_in_the_files_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not a regular file"):
        open_documents(tmp_path).all()


def test_a_file_in_the_folders_place_is_refused(path: Path) -> None:
    db = open_documents(path / "project.json")
    for use in (numbers, lambda db: db.insert({"n": 1})):
        with pytest.raises(StoreError, match="a file, not a folder"):
            use(db)


def test_a_writer_waits_only_so_long(path: Path) -> None:
    storage = DocumentStorage(path, lock_timeout_s=0.05)
    script = (
        "import sys, filelock\n"
        "with filelock.FileLock(sys.argv[1]): print(flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, f"{path}.lock"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        start = time.monotonic()
        with pytest.raises(StoreBusyError) as caught:
            storage.write({})
        assert time.monotonic() - start < 0.9
        assert storage.read()["_default"], "readers do not wait"
        holder.communicate()

    assert "try again" in caught.value.hint
    storage.write({})


def test_the_lock_is_free_again_after_every_failure(path: Path) -> None:
    db = open_documents(path)
    with pytest.raises(ZeroDivisionError), transaction(db):
        1 / 0  # noqa: B018

    FileLock(f"{path}.lock").acquire(timeout=0).lock.release()


def test_reading_does_not_load_the_lock_library(path: Path) -> None:
    script = (
        "import sys\n"
        "from sparsify_tui.store import open_documents\n"
        "print(len(open_documents(sys.argv[1])), 'filelock' in sys.modules)"
    )
    command = [sys.executable, "-c", script, str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)

    assert result.stdout == "3 False\n"
