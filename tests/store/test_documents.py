from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tinydb import TinyDB, where
from tinydb.storages import MemoryStorage
from tinydb.table import Document

from sparsify_tui.errors import StoreError
from sparsify_tui.store import StoreBusyError, open_documents, recovery_of, transaction
from sparsify_tui.store.documents import DocumentDB
from sparsify_tui.store.storage import DocumentStorage


class Interruption(BaseException):
    """Like a Ctrl+C: not even an Exception."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "project.json"


def test_documents_are_there_for_another_handle_once_the_call_returned(path: Path) -> None:
    open_documents(path).table("runs").insert({"name": "first"})

    assert open_documents(path).table("runs").all() == [{"name": "first"}]


def test_opening_alone_makes_no_file(path: Path) -> None:
    db = open_documents(path)

    assert db.table("runs").all() == []
    assert db.tables() == set()
    assert list(path.parent.iterdir()) == []


def test_a_path_may_be_a_string(path: Path) -> None:
    open_documents(str(path)).insert({"a": 1})

    assert path.exists()


def test_a_relative_path_means_the_folder_at_opening(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    db = open_documents(path.name)
    monkeypatch.chdir("/")
    db.insert({"a": 1})

    assert path.exists()


def test_missing_folders_are_made_for_the_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "projects" / "one" / "project.json"
    open_documents(path).insert({"a": 1})

    assert path.exists()
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_what_another_handle_saved_is_seen(path: Path) -> None:
    """Neither a query cache nor a cached next id may outlive a save by somebody else."""
    here, there = open_documents(path), open_documents(path)
    query = where("name") == "one"
    here.table("runs").insert({"name": "one"})
    assert len(here.table("runs").search(query)) == 1

    there.table("runs").insert({"name": "one"})

    assert len(here.table("runs").search(query)) == 2
    assert here.table("runs").insert({"name": "three"}) == 3
    assert there.table("runs").insert_multiple([{}, {}]) == [4, 5]
    assert here.table("runs").insert_multiple([{}, {}]) == [6, 7]
    assert there.table("runs").insert({}) == 8
    assert here.table("runs").insert({}) == 9


def test_changing_what_was_read_changes_nothing(path: Path) -> None:
    table = open_documents(path).table("runs")
    table.insert({"values": [1]})

    table.all()[0]["values"].append(2)

    assert table.all() == [{"values": [1]}]


def test_every_way_to_change_documents_is_saved(path: Path) -> None:
    db, other = open_documents(path), open_documents(path)
    table = db.table("runs")
    table.insert_multiple([{"n": 1}, {"n": 2}, {"n": 3}])
    table.update({"seen": True}, where("n") == 1)
    table.remove(where("n") == 2)
    table.upsert({"n": 3, "last": True}, where("n") == 3)
    table.upsert({"n": 4}, where("n") == 4)

    assert other.table("runs").all() == [
        {"n": 1, "seen": True},
        {"n": 3, "last": True},
        {"n": 4},
    ]
    table.truncate()
    assert other.table("runs").all() == []
    db.drop_table("runs")
    assert other.tables() == set()
    db.insert({"n": 5})
    db.drop_tables()
    assert other.tables() == set()


def test_a_transaction_is_saved_once(path: Path) -> None:
    db = open_documents(path)
    db.insert({"before": True})
    with transaction(db):
        db.table("runs").insert({"n": 1})
        db.table("runs").upsert({"n": 2}, where("n") == 2)
        assert len(db.table("runs")) == 2
        assert len(open_documents(path).table("runs")) == 0

    assert len(open_documents(path).table("runs")) == 2
    backup = open_documents(path.with_name("project.json.bak"))
    assert backup.tables() == {"_default"}, "the save before the last has neither document"


def test_upsert_is_one_save(path: Path) -> None:
    db = open_documents(path)
    db.upsert({"n": 1}, where("n") == 1)

    assert not path.with_name("project.json.bak").exists()


def test_an_exception_drops_the_whole_transaction(path: Path) -> None:
    db = open_documents(path)
    db.insert({"n": 1})
    before = path.read_bytes()

    def change_and_fail() -> None:
        with transaction(db):
            db.insert({"n": 2})
            db.drop_table("_default")
            raise Interruption

    with pytest.raises(Interruption):
        change_and_fail()

    assert path.read_bytes() == before
    assert db.all() == [{"n": 1}]
    assert db.insert({"n": 2}) == 2


def test_a_failed_change_drops_the_transaction_even_if_it_was_caught(path: Path) -> None:
    """The change may be half done, as here, where one document of two was updated."""
    db = open_documents(path)
    db.insert_multiple([{"n": 1}, {"n": 0}])

    def invert(document: dict[str, float]) -> None:
        document["n"] = 10 / document["n"]

    def change_and_go_on() -> None:
        with transaction(db):
            with pytest.raises(ZeroDivisionError):
                db.update(invert)
            db.insert({"n": 3})

    with pytest.raises(StoreError, match="Nothing was saved"):
        change_and_go_on()

    assert db.all() == [{"n": 1}, {"n": 0}]


def test_a_transaction_inside_another_joins_it(path: Path) -> None:
    db = open_documents(path)

    def change_and_fail() -> None:
        with transaction(db):
            with transaction(db):
                db.insert({"n": 1})
            raise Interruption

    with pytest.raises(Interruption):
        change_and_fail()

    assert db.all() == []


def test_a_transaction_that_changes_nothing_saves_nothing(path: Path) -> None:
    db = open_documents(path)
    with transaction(db):
        assert db.all() == []

    assert not path.exists()


def test_a_value_that_json_cannot_hold_is_refused_and_nothing_is_saved(path: Path) -> None:
    db = open_documents(path)
    db.insert({"n": 1})
    before = path.read_bytes()

    for value in (float("nan"), float("inf"), {1, 2}, b"bytes", object()):
        with pytest.raises(StoreError, match="cannot be saved"):
            db.insert({"value": value})

    assert path.read_bytes() == before
    assert db.all() == [{"n": 1}]


def test_a_given_id_is_kept_and_a_taken_one_refused(path: Path) -> None:
    db = open_documents(path)
    assert db.insert(Document({"n": 1}, doc_id=7)) == 7
    with pytest.raises(ValueError, match="already exists"):
        db.insert(Document({"n": 2}, doc_id=7))

    assert db.insert({"n": 3}) == 8


def test_another_thread_reads_the_saved_state_during_a_transaction(path: Path) -> None:
    db = open_documents(path)
    seen: list[int] = []
    with transaction(db):
        db.insert({"n": 1})
        reader = threading.Thread(target=lambda: seen.append(len(db)))
        reader.start()
        reader.join(timeout=5)

    assert seen == [0]
    assert len(db) == 1


def test_threads_that_share_a_handle_lose_nothing(path: Path) -> None:
    db = open_documents(path)

    def insert_ten() -> None:
        for n in range(10):
            db.table("runs").insert({"n": n})

    threads = [threading.Thread(target=insert_ten) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(document.doc_id for document in db.table("runs")) == list(range(1, 41))


def test_a_second_handle_inside_a_transaction_is_told_to_wait(path: Path) -> None:
    second = DocumentDB(path, storage=DocumentStorage, lock_timeout_s=0.02)
    with transaction(open_documents(path)), pytest.raises(StoreBusyError, match="being saved"):
        second.insert({"n": 1})


@pytest.mark.parametrize(
    "change",
    [
        lambda db: db.insert({"n": 2}),
        lambda db: db.insert_multiple([{"n": 2}]),
        lambda db: db.update({"n": 2}),
        lambda db: db.upsert({"n": 2}, where("n") == 2),
        lambda db: db.remove(where("n") == 1),
        lambda db: db.drop_table("_default"),
    ],
)
def test_what_a_change_has_read_holds_until_it_is_saved(
    path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[TinyDB], object]
) -> None:
    db = open_documents(path)
    db.insert({"n": 1})
    rival = DocumentDB(path, storage=DocumentStorage, lock_timeout_s=0.01)
    read = db.storage.read

    def read_and_be_overtaken() -> object:
        tables = read()
        with pytest.raises(StoreBusyError):
            rival.insert({"n": 3})
        return tables

    monkeypatch.setattr(db.storage, "read", read_and_be_overtaken)
    change(db)


def test_transactions_need_a_document_file() -> None:
    db = TinyDB(storage=MemoryStorage)
    with pytest.raises(TypeError, match="open_documents"), transaction(db):
        pass


def test_without_a_repair_there_is_nothing_to_tell(path: Path) -> None:
    db = open_documents(path)
    db.insert({"n": 1})

    assert recovery_of(db) is None


def test_an_empty_table_can_be_kept(path: Path) -> None:
    open_documents(path).table("runs", persist_empty=True)

    assert open_documents(path).tables() == {"runs"}
