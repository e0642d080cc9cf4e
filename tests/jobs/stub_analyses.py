"""Analyses that misbehave, for real children to run."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

from sparsify_tui.core.loss_profile import LayerLoss, Losses, LossProfile, LossRequest
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.protocols import Partial, Progress
from sparsify_tui.errors import ModelError

Stub = Generator[Progress | Partial, None, Progress]

STUBS = {
    name: f"{__name__}:{name}"
    for name in (
        "noisy", "large", "greedy", "broken", "buggy", "sleeping", "stubborn", "timed", "growing",
        "loss", "threads",
    )
}  # fmt: skip
ROOT = str(Path(__file__).parents[2])
CHILD = f"""
import sys
sys.path.insert(0, {ROOT!r})
from sparsify_tui import analyses
from sparsify_tui.jobs.child import main
from tests.jobs.stub_analyses import STUBS
analyses.ANALYSES = STUBS
sys.exit(main())
"""
"""The script of a real child that knows these analyses only."""
LOSS_LAYERS = ("one", "two", "three")
ITEM_S = 0.01


def threads() -> Stub:
    yield Progress(done=0, total=1, item="")
    return Progress(done=1, total=1, item=os.environ["OPENBLAS_NUM_THREADS"])


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


def growing(values: list[str]) -> Stub:
    """Has each value so far, with progress in between."""
    for done, value in enumerate(values):
        yield Progress(done=done, total=len(values), item=value)
        yield Partial(value=Progress(done=done, total=len(values), item=value))
    return Progress(done=len(values), total=len(values), item="all")


def loss(
    *, options: dict[str, Any], request: dict[str, Any], profile_id: str, name: str, created: str,
    log: str, shares: dict[str, float],
) -> Generator[Progress | Partial, None, LossProfile]:  # fmt: skip
    """Measures each layer at each level, slowly; an item that is in the log is not done again.

    Beside the log, in `<log>.begun`, every measurement leaves a line when it begins.
    """
    del options, shares
    levels = tuple(request["levels"])
    found = _logged(Path(log))

    def profile(stage: Any) -> LossProfile:
        rows = tuple(_row(layer, levels, found) for layer in LOSS_LAYERS)
        asked = LossRequest(levels=levels, schemes=(), samples=1)
        return LossProfile(
            id=profile_id, name=name, created=created, model_digest="d1", method="one-shot",
            metric="mse", source="stub", samples=1, levels=levels, cpu_s=0.0, wall_s=0.0,
            layers=rows, stage=stage, request=asked,
        )  # fmt: skip

    items = [(layer, level) for level in levels for layer in LOSS_LAYERS]
    yield Partial(value=profile("anchors"))
    for done, (layer, level) in enumerate(items):
        key = f"{layer} {level}"
        if key not in found:
            yield Progress(done=done, total=len(items), item=f"{os.getpid()} {key}")
            _append(Path(f"{log}.begun"), f"{key}\n")
            time.sleep(ITEM_S)
            found[key] = round(level * len(layer), 3)
            _append(Path(log), json.dumps([key, found[key]]) + "\n")
            yield Partial(value=profile("levels"))
    return profile("done")


def _row(layer: str, levels: tuple[float, ...], found: dict[str, float]) -> LayerLoss:
    values = tuple(found.get(f"{layer} {level}") for level in levels)
    return LayerLoss(
        id=LayerId(layer),
        weight=f"{layer}.weight",
        status="measured" if None not in values else "not measured",
        pruning=Losses(values=values, samples=tuple(int(value is not None) for value in values)),
    )


def _logged(log: Path) -> dict[str, float]:
    """What the log holds; the line that a kill has cut off is dropped."""
    if not log.exists():
        return {}
    lines = log.read_text().splitlines(keepends=True)
    whole = [line for line in lines if line.endswith("\n")]
    log.write_text("".join(whole))
    return dict(map(json.loads, whole))


def _append(file: Path, line: str) -> None:
    with file.open("a") as end:
        end.write(line)
        end.flush()
        os.fsync(end.fileno())
