from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sparsify_tui.errors import StoreError
from sparsify_tui.store import StoreBusyError
from sparsify_tui.store.logs import LogStore

HOLDER = """
import sys, time
from pathlib import Path
from sparsify_tui.store.logs import LogStore
with LogStore(Path(sys.argv[1])).claimed("p1"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_log_is_beside_the_projects_and_makes_its_folder_when_claimed(tmp_path: Path) -> None:
    logs = LogStore(tmp_path / "home")

    with logs.claimed("p1") as path:
        assert path == tmp_path / "home" / "logs" / "p1.jsonl" == logs.path("p1")
        assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == []


def test_two_never_write_one_log(tmp_path: Path) -> None:
    logs = LogStore(tmp_path)
    busy = pytest.raises(StoreBusyError, match="right now")
    with logs.claimed("p1"), logs.claimed("p2"), busy, LogStore(tmp_path).claimed("p1"):
        pass
    with logs.claimed("p1"):
        pass


def test_a_process_that_is_killed_gives_its_log_away(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(StoreBusyError), LogStore(tmp_path).claimed("p1"):
        pass

    holder.send_signal(signal.SIGKILL)
    holder.wait()

    with LogStore(tmp_path).claimed("p1") as path:
        path.write_text("item\n")
    assert path.read_text() == "item\n"


def test_a_copy_has_what_the_first_one_has_measured(tmp_path: Path) -> None:
    logs = LogStore(tmp_path)
    with logs.claimed("p1") as path:
        path.write_text("item\n")

    logs.copy("p1", "p2")
    logs.copy("nothing", "p3")

    assert logs.path("p2").read_text() == "item\n"
    assert not logs.path("p3").exists()


def test_discarded_logs_are_gone_and_those_that_never_were_are_no_failure(tmp_path: Path) -> None:
    logs = LogStore(tmp_path)
    with logs.claimed("p1") as path:
        path.write_text("item\n")

    logs.discard(("p1", "p2"))
    LogStore(tmp_path / "nowhere").discard(("p1",))

    assert not path.exists()


def test_a_folder_that_is_a_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("")

    with pytest.raises(StoreError, match="not a folder"), LogStore(tmp_path).claimed("p1"):
        pass
