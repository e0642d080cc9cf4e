"""Analyses that misbehave, for real children to run."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

from sparsify_tui.core.protocols import Progress
from sparsify_tui.errors import ModelError

Stub = Generator[Progress, None, Progress]

STUBS = {
    name: f"{__name__}:{name}"
    for name in ("noisy", "large", "greedy", "broken", "buggy", "sleeping", "stubborn", "timed")
}


def noisy(text: str) -> Stub:
    """Prints as Python does and as a C library does, then gives `text` back."""
    print("noise from python", flush=True)
    os.write(1, b'{"event": "result", "value": "from C"}\n')
    yield Progress(done=0, total=1, item=text)
    os.write(1, b"\xff\xfe half a line")
    return Progress(done=1, total=1, item=text)


def large(size: int) -> Stub:
    """Gives back a text of `size` characters."""
    yield Progress(done=0, total=1, item="")
    return Progress(done=1, total=1, item="x" * size)


def greedy() -> Stub:
    """Asks for more memory than there is."""
    yield Progress(done=0, total=1, item="")
    return Progress(done=len(bytearray(1 << 44)), total=1, item="")


def broken() -> Stub:
    """Explains what is wrong."""
    yield Progress(done=0, total=1, item="")
    raise ModelError("The model is broken.", "Mend it.")


def buggy() -> Stub:
    """Fails as only a bug does."""
    yield Progress(done=1 // 0, total=1, item="")
    return Progress(done=1, total=1, item="")


def sleeping(folder: str) -> Stub:
    """Sleeps beside a temporary folder; its process id is in `awake`, and then in `asleep`."""
    awake = Path(folder) / "awake"
    with tempfile.TemporaryDirectory(dir=folder):
        awake.write_text(str(os.getpid()))
        yield Progress(done=0, total=1, item="good night")
        awake.rename(awake.with_name("asleep"))
        time.sleep(60)
    return Progress(done=1, total=1, item="")


def stubborn(folder: str) -> Stub:
    """Like `sleeping`, but deaf to a polite request."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return (yield from sleeping(folder))


def timed(log: str, name: str) -> Stub:
    """Writes down when it began and ended."""
    for word in ("begins", "ends"):
        with Path(log).open("a") as file:
            file.write(f"{name} {word}\n")
        yield Progress(done=0, total=1, item=word)
        time.sleep(0.2)
    return Progress(done=1, total=1, item=name)
