"""A house whose profile predicts widths, and a plan of channels opened in it."""

from __future__ import annotations

from sparsify_tui.core.optimization import Optimization
from tests.tui.channels import HEADS, HIDDEN, STEM
from tests.tui.screens.house import House, frame, until


def stored(house: House, at: int = 0) -> Optimization:
    """An optimization as it is on disk."""
    return house.stored().optimizations[at]


def kept(house: House, at: int = 0) -> dict[str, int]:
    """The units that it keeps, of the groups that lose any."""
    return dict(stored(house, at).channels.kept)


async def opened(pilot, app) -> None:
    """The editor, on a plan that sets half of the weights to zero."""
    await until(lambda: "net" in frame(app), pilot)
    await pilot.press("enter", "3")
    await until(lambda: app.screen.KEY == "3" and app.screen.plan is not None, pilot)


async def turned(house: House, pilot, app) -> None:
    """Half of all units go, in place of half of the weights."""
    await opened(pilot, app)
    await pilot.press("z", "f2")
    await until(lambda: kept(house) == {STEM: 32, HIDDEN: 16, HEADS: 1}, pilot)
