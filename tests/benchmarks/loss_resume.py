"""Whether a loss profile that is killed again and again ends as one that is left in peace.

    python -m tests.benchmarks.loss_resume --models FOLDER … --work FOLDER [--only NAMES]
        [--kills N] [--samples N] [--workers N]

Through the command line: `profile loss` is started, and at a random moment the command, its
job, or both get SIGKILL; then it is resumed, as often as asked, and compared with one that was
not disturbed. Every log of items is kept. Prints one JSON document: by model the kills, items
that were in a log and were lost or measured again, jobs that outlived their command, and whether
the tables are the same.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.benchmarks.subjects import LOSS_SUBJECTS, Subject, chosen, parser, run_options

JUDGED = tuple(one for one in LOSS_SUBJECTS if one.name in {"digits", "lang"})
_OWN = frozenset({"profile", "name", "created", "cpu_s", "wall_s"})
"""What may differ between two equal tables."""
_ORPHAN_S = 2.0
_LOGS = "logs/*.jsonl"
_PART = 0.3
"""Of an undisturbed run, at most between two kills."""


@dataclass(slots=True)
class Course:
    """One model's profiles in one home."""

    command: list[str]
    home: Path
    model: Path
    options: list[str]
    kills: int = 0
    lost: int = 0
    again: int = 0
    orphans: int = 0
    resumed_at: list[int] = field(default_factory=list)
    """Items that were known at each resume."""
    logs: dict[str, list[list[str]]] = field(default_factory=dict)
    """Keys of the items of each run of a profile, in order."""

    def start(self, *more: str) -> subprocess.Popen[str]:
        """The command, as a user types it."""
        arguments = ["--home", str(self.home), "profile", "loss", str(self.model), *more, "--json"]
        return subprocess.Popen(
            [*self.command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def undisturbed(self) -> tuple[dict[str, Any], float]:
        """A whole table, and the seconds from its first item on."""
        process = self.start(*self.options)
        self._wait_for_log(process)
        began = time.perf_counter()
        out, _ = process.communicate()
        return json.loads(out), time.perf_counter() - began

    def disturbed(self, random: Random, most_s: float, kills: int) -> dict[str, Any]:
        """The table of a profile that was killed until it came to its end."""
        profile = ""
        while True:
            more = ["--resume", profile] if profile else self.options
            with self._watched():
                process = self.start(*more)
                if self.kills < kills:
                    self._kill(process, random, most_s)
                out, _ = process.communicate()
            profile = self._unfinished()
            if process.returncode == 0:
                return dict(json.loads(out))

    def _kill(self, process: subprocess.Popen[str], random: Random, most_s: float) -> None:
        """One time in five anywhere, else while items are measured."""
        if random.random() > 0.2:
            self._wait_for_log(process)
        try:
            process.wait(random.uniform(0, most_s))
        except subprocess.TimeoutExpired:
            jobs = _children(process.pid)
            victims = random.choice([[process.pid], jobs or [process.pid], [*jobs, process.pid]])
            for victim in victims:
                _sent(victim, signal.SIGKILL)
            self.kills += 1
            end = time.perf_counter() + _ORPHAN_S
            while any(map(_is_alive, jobs)) and time.perf_counter() < end:
                time.sleep(0.01)
            self.orphans += sum(map(_is_alive, jobs))

    def _wait_for_log(self, process: subprocess.Popen[str]) -> None:
        """Until this run has opened the log, which it writes anew."""
        before = set(map(_inode, self.home.glob(_LOGS)))
        while process.poll() is None and before >= set(map(_inode, self.home.glob(_LOGS))):
            time.sleep(0.003)

    def _unfinished(self) -> str:
        """Id of the profile that can be resumed; empty when there is none."""
        listing = ["loss-profiles", "list", str(self.model), "--json"]
        done = subprocess.run(
            [*self.command, "--home", str(self.home), *listing],
            capture_output=True,
            text=True,
            check=False,
        )
        items = json.loads(done.stdout).get("items", []) if done.returncode == 0 else []
        return next((str(one["id"]) for one in reversed(items) if not one["complete"]), "")

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Keeps each log that is begun meanwhile by a second name, since the end removes it."""
        kept = self.home.parent / "kept"
        kept.mkdir(exist_ok=True)
        known = set(map(_inode, self.home.glob(_LOGS)))
        ended = threading.Event()
        watcher = threading.Thread(target=_keep_logs, args=(self.home, kept, ended, known))
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()
        for path in sorted(kept.iterdir(), key=lambda one: one.stat().st_mtime):
            self._take(path.name.rpartition(".")[0], _keys(path))
            path.unlink()

    def _take(self, profile: str, keys: list[str]) -> None:
        """Compares a run's log with that of the run before."""
        runs = self.logs.setdefault(profile, [])
        before = set(runs[-1]) if runs else set()
        self.lost += len(before - set(keys))
        self.again += len(keys) - len(set(keys))
        if runs:
            self.resumed_at.append(len(before))
        runs.append(keys)


def measured(subject: Subject, path: Path, asked: Any) -> dict[str, Any]:
    """All kills of one model."""
    random = Random(0)
    folder = asked.work / f"resume_{subject.name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    options = ["--samples", str(asked.samples), "--workers", str(asked.workers)]
    if data := run_options(subject, path, asked).data:
        options += ["--data", data]
    command = [sys.executable, "-m", "sparsify_tui"]
    reference, whole_s = Course(command, folder / "peace", path, options).undisturbed()
    course = Course(command, folder / "war", path, options)
    tables = []
    while course.kills < asked.kills:
        tables.append(course.disturbed(random, _PART * whole_s, asked.kills))
    return {
        "kills": course.kills,
        "profiles": len(tables),
        "resumes": len(course.resumed_at),
        "items_at_resume": course.resumed_at,
        "items": max(len(runs[-1]) for runs in course.logs.values()),
        "lost": course.lost,
        "again": course.again,
        "orphans": course.orphans,
        "same": [_shown(one) == _shown(reference) for one in tables],
        "undisturbed_s": whole_s,
    }


def _shown(table: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in table.items() if name not in _OWN}


def _keep_logs(home: Path, kept: Path, ended: threading.Event, known: set[int | None]) -> None:
    while not ended.wait(0.003):
        for path in home.glob(_LOGS):
            if (inode := _inode(path)) in known:
                continue
            try:
                os.link(path, kept / f"{path.stem}.{inode}")
            except FileNotFoundError:
                continue
            known.add(inode)


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _keys(path: Path) -> list[str]:
    """Of the whole lines of a log, without its header."""
    found = []
    for line in path.read_text().split("\n")[1:-1]:
        try:
            body = json.loads(line)
        except ValueError:
            continue
        found.append(json.dumps([body[name] for name in ("layer", "change", "start", "stop")]))
    return found


def _children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(one) for task in tasks for one in (task / "children").read_text().split()]
    except FileNotFoundError:
        return []


def _is_alive(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def _sent(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def main() -> None:
    """Runs the command."""
    arguments = parser(__doc__)
    arguments.add_argument("--kills", type=int, default=30)
    arguments.add_argument("--samples", type=int, default=16)
    arguments.add_argument("--workers", type=int, default=1)
    asked = arguments.parse_args()
    found = {
        subject.name: measured(subject, path, asked) for subject, path in chosen(asked, JUDGED)
    }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
