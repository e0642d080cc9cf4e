"""The gate: a form is called faster only after three passes, apart, in fresh sessions."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from sparsify_tui.analyses.clock import compare_laps
from sparsify_tui.analyses.opened import Opened
from sparsify_tui.analyses.race import race
from sparsify_tui.core.protocols import Progress
from sparsify_tui.core.timing import Ratio

PASSES = 3
APART_S = 10.0
"""Between two passes: one run in turn, however tight its interval, can be off by 25 %."""
LEAST_GAIN = 1.05
"""Pooled over the passes; below it a change of the file is not worth its risk.

With 1.02 one of twelve placements, measured again from its file, was not surely faster.
"""
_REPORT_EVERY_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What the passes found."""

    passes: tuple[Ratio, ...]
    """The fastest float form's time over the chosen one's."""
    speed_ups: tuple[Ratio, ...]
    """The original's time over the chosen one's."""
    chosen_ms: float

    @property
    def ratio(self) -> Ratio:
        """Of all passes together."""
        return pooled(self.passes)

    @property
    def speed_up(self) -> Ratio:
        """Of all passes together."""
        return pooled(self.speed_ups)

    @property
    def is_passed(self) -> bool:
        """Whether every pass had its whole interval at 1 or above, and the gain is worth it."""
        return (
            len(self.passes) == PASSES
            and all(one.low >= 1 for one in self.passes)
            and self.ratio.value >= LEAST_GAIN
        )


def pooled(ratios: Sequence[Ratio]) -> Ratio:
    """The median of some ratios, within the widest of their intervals."""
    return Ratio(
        value=median(one.value for one in ratios),
        low=min(one.low for one in ratios),
        high=max(one.high for one in ratios),
    )


def pass_gate(
    opened: Opened, original: Path, fastest: Path, chosen: Path, seconds: float
) -> Generator[Progress, None, Gate]:
    """Measures the chosen form against the original and the fastest float form, three times.

    It stops at the first pass that does not show it faster.

    Args:
        opened: The model and what it is fed.
        original: The user's file.
        fastest: The float form that is the fastest; may be the original.
        chosen: What is to be called faster.
        seconds: Least time of a pass.
    """
    files = {"original": original, "float": fastest, "chosen": chosen}
    if fastest == original:
        del files["float"]
    passes: list[Ratio] = []
    speed_ups: list[Ratio] = []
    times: list[float] = []
    for number in range(PASSES):
        if number:
            yield from _wait(f"waiting between passes {number} and {number + 1}")
        laps = yield from race(opened, files, seconds, f"gate, pass {number + 1} of {PASSES}")
        mine, threads = laps["chosen"], opened.options.threads
        passes.append(compare_laps(laps.get("float", laps["original"]), mine, threads=threads))
        speed_ups.append(compare_laps(laps["original"], mine, threads=threads))
        times.append(median(mine.samples_ms))
        if passes[-1].low < 1:
            break
    return Gate(passes=tuple(passes), speed_ups=tuple(speed_ups), chosen_ms=median(times))


def _wait(item: str) -> Generator[Progress, None, None]:
    end = time.monotonic() + APART_S
    while (left := end - time.monotonic()) > 0:
        yield Progress(done=0, total=1, item=item, left_s=left)
        time.sleep(min(left, _REPORT_EVERY_S))
