"""`g`, and a second key that says where to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsify_tui.tui.dialogs.pick_list import PickLine
from sparsify_tui.tui.dialogs.which_key import WhichKey

if TYPE_CHECKING:
    from sparsify_tui.tui.screens.section import SectionScreen

GOES = (
    PickLine(key="g", label="first row", value="top"),
    PickLine(key="p", label="projects", value="app.section('0')"),
    PickLine(key="j", label="jobs", value="app.jobs"),
    PickLine(key="e", label="errors", value="app.log"),
)
"""The second key, and the action of the section or the app that it does."""


def ask_where_to(section: SectionScreen) -> None:
    """Shows the keys, and does what the one that is pressed stands for."""

    async def go(action: str | None) -> None:
        if action is not None:
            await section.owner.run_action(action, section)

    section.owner.push_screen(WhichKey("Go to", GOES), go)
