from __future__ import annotations

from sparsify_tui.tui.actions import actions_of
from tests.tui.screens.house import House, frame, until


async def test_keys_of_one_action_stand_together_and_the_sections_come_first(tmp_path) -> None:
    house = House(tmp_path)
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: "net" in frame(app), pilot)
        found = actions_of(app.screen)

    labels = [one.label for one in found]
    assert len(set(labels)) == len(labels)
    assert next(one.keys for one in found if one.label == "Down") == ("j", "down")
    assert labels.index("Rename the project") < labels.index("Quit") < labels.index("Down")
