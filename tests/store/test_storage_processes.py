"""Writers that are processes of their own: killed at any moment, or two at once."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from sparsify_tui.store import open_documents

ENDLESS_WRITER = """
import sys
from tinydb.table import Document
from sparsify_tui.store import open_documents, transaction

db = open_documents(sys.argv[1])
print(len(db.table("runs")), flush=True)
while True:
    with transaction(db):
        number = db.table("runs").insert({"text": "x" * 3000})
        db.table("count").upsert(Document({"n": number}, doc_id=1))
    print(number, flush=True)
"""

COUNTING_WRITER = """
import sys
from sparsify_tui.store import open_documents

def increment(document):
    document["n"] += 1

db = open_documents(sys.argv[1])
for number in range(40):
    db.table("runs").insert({"writer": sys.argv[2], "number": number})
    db.table("count").update(increment)
"""


def start(script: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def acknowledged_before_kill(path: Path, delay_s: float) -> int:
    with start(ENDLESS_WRITER, str(path)) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline()]
        time.sleep(delay_s)
        writer.send_signal(signal.SIGKILL)
        lines += [line for line in writer.stdout if line.endswith("\n")]
    return int(lines[-1])


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """After each kill there is the last acknowledged transaction, or that and the next, whole."""
    path = tmp_path / "project.json"
    chance = random.Random(1)
    for _ in range(15):
        acknowledged = acknowledged_before_kill(path, chance.uniform(0, 0.03))
        db = open_documents(path)
        runs = db.table("runs").all()
        count = sum(document["n"] for document in db.table("count"))

        assert len(runs) in (acknowledged, acknowledged + 1)
        assert count == len(runs)
        assert all(len(run["text"]) == 3000 for run in runs)


def test_two_writers_lose_none_of_each_others_changes(tmp_path: Path) -> None:
    path = tmp_path / "project.json"
    open_documents(path).table("count").insert({"n": 0})

    writers = [start(COUNTING_WRITER, str(path), name) for name in "ab"]
    assert [writer.wait() for writer in writers] == [0, 0]

    db = open_documents(path)
    runs = {(run["writer"], run["number"]) for run in db.table("runs")}
    assert runs == {(name, number) for name in "ab" for number in range(40)}
    assert len(db.table("runs")) == 80
    assert db.table("count").all() == [{"n": 80}]
