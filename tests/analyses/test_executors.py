"""Items give the same answers wherever they run, and a lost worker costs only its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import Executor, as_completed
from pathlib import Path

import pytest
from distributed import LocalCluster

from sparsify_tui.analyses import executors
from sparsify_tui.analyses.executors import open_executor
from sparsify_tui.errors import JobError, MissingEngineError, ModelError, UsageError

ITEMS = range(24)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "_PATIENCE_S", 0.5)


def square(value: int, log: Path | None = None) -> int:
    """Notes who does what, with a little time for each."""
    if log is not None:
        time.sleep(0.05)
        with log.open("a") as lines:
            lines.write(f"{value} {os.getpid()}\n")
    return value * value


def missing_model(path: str) -> None:
    raise ModelError(f"There is no file {path}.", "Check the path.")


def runs_of(log: Path) -> list[tuple[int, int]]:
    """Item and process of each run, in order."""
    return [(int(item), int(pid)) for item, pid in map(str.split, log.read_text().splitlines())]


def squares(executor: Executor) -> list[int]:
    return [one.result() for one in [executor.submit(square, item) for item in ITEMS]]


@pytest.mark.parametrize("workers", [1, 3])
def test_threads_answer_as_a_loop_does(workers: int) -> None:
    with open_executor(workers) as executor:
        assert squares(executor) == [item * item for item in ITEMS]


def test_what_is_not_begun_is_given_up_on_leaving() -> None:
    begun, go = threading.Event(), threading.Event()

    def wait_for_it() -> None:
        begun.set()
        go.wait(10)

    with open_executor(1) as executor:
        executor.submit(wait_for_it)
        late = [executor.submit(square, item) for item in ITEMS]
        begun.wait(10)
        threading.Timer(0.05, go.set).start()
    assert all(one.cancelled() for one in late)


def test_a_cluster_answers_as_threads_do(cluster: LocalCluster) -> None:
    with open_executor(1) as here, open_executor(1, cluster.scheduler_address) as there:
        assert squares(there) == squares(here)


def test_both_workers_take_part(cluster: LocalCluster, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with open_executor(1, cluster.scheduler_address) as executor:
        for one in [executor.submit(square, item, log) for item in ITEMS]:
            one.result()
    assert len({pid for _, pid in runs_of(log)}) == 2


def test_equal_items_are_each_run(cluster: LocalCluster, tmp_path: Path) -> None:
    """The file that an item reads may have changed since it was last asked for."""
    log = tmp_path / "log"
    with open_executor(1, cluster.scheduler_address) as executor:
        for one in [executor.submit(square, 3, log) for _ in range(2)]:
            assert one.result() == 9
    assert len(runs_of(log)) == 2


def test_a_worker_that_is_killed_costs_only_its_items(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    found = {}
    with open_executor(1, cluster.scheduler_address) as executor:
        futures = {executor.submit(square, item, log): item for item in ITEMS}
        for one in as_completed(futures):
            found[futures[one]] = one.result()
            if len(found) == 8:
                finished = runs_of(log)
                os.kill(finished[-1][1], signal.SIGKILL)
    assert found == {item: item * item for item in ITEMS}
    again = [item for item, count in Counter(item for item, _ in runs_of(log)).items() if count > 1]
    assert len(again) <= 2, "finished items are not measured again"


def test_an_error_says_on_which_machine(cluster: LocalCluster) -> None:
    with open_executor(1, cluster.scheduler_address) as executor:
        failed = executor.submit(missing_model, "/data/model.onnx")
        with pytest.raises(ModelError) as raised:
            failed.result()
    assert raised.value.message == f"On {socket.gethostname()}: There is no file /data/model.onnx."
    assert raised.value.hint.startswith("Check the path.")
    assert "same paths" in raised.value.hint


def result_without(cluster: LocalCluster) -> None:
    with open_executor(1, cluster.scheduler_address) as executor:
        item = executor.submit(time.sleep, 0.5)
        cluster.close()
        item.result()


def test_a_lost_scheduler_is_named() -> None:
    passing = LocalCluster(
        n_workers=1, processes=False, protocol="tcp", host="127.0.0.1", dashboard_address=":0"
    )
    with passing, pytest.raises(JobError, match=r"scheduler at .* was lost"):
        result_without(passing)


@pytest.mark.usefixtures("impatient")
def test_a_scheduler_without_workers_is_named() -> None:
    with (
        LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address=":0") as empty,
        pytest.raises(JobError, match="has no worker") as raised,
        open_executor(1, empty.scheduler_address),
    ):
        pass
    assert f"dask worker {empty.scheduler_address}" in raised.value.hint


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("answers", [True, False])
def test_who_is_no_scheduler_is_left_soon(answers: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        address = f"tcp://127.0.0.1:{stranger.getsockname()[1]}"
        if answers:
            threading.Thread(target=greet, args=(stranger,), daemon=True).start()
        began = time.perf_counter()
        with pytest.raises(JobError, match="No Dask scheduler answers"), open_executor(1, address):
            pass
    assert time.perf_counter() - began < 5


def greet(stranger: socket.socket) -> None:
    while True:
        try:
            stranger.accept()[0].sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 9)
        except OSError:
            return


@pytest.mark.parametrize("address", ["here", "http://127.0.0.1:80", "127.0.0.1"])
def test_what_is_no_address_is_said_at_once(address: str) -> None:
    with pytest.raises(UsageError, match="is no address"), open_executor(1, address):
        pass


def test_a_worker_of_another_version_is_refused(
    cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executors, "__version__", "99.9")
    with (
        pytest.raises(JobError, match=r"lacks sparsify-tui 99\.9"),
        open_executor(1, cluster.scheduler_address),
    ):
        pass


def test_without_dask_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingEngineError) as raised, open_executor(1, "tcp://127.0.0.1:8786"):
        pass
    assert raised.value.exit_code == 3
    assert raised.value.hint == "pip install sparsify-tui[dask]"


def test_dask_is_not_loaded_until_a_scheduler_is_named() -> None:
    script = (
        "import sys; from sparsify_tui.analyses.executors import open_executor\n"
        "with open_executor(2) as threads: threads.submit(print)\n"
        "sys.exit(bool({'dask', 'distributed'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == 0
