from __future__ import annotations

from tests.tui.screens.house import House, frame, until


async def test_a_comparison_has_interval_and_verdict(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4")
        await until(lambda: "no difference" in frame(app), pilot)
        assert "[0.98×, 1.04×]" in frame(app)
        assert "before any fine-tuning" in frame(app)


async def test_each_batch_and_thread_count_asked_for_is_measured(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4", "r", "tab", "end", *",8", "f2")
        await until(lambda: len(house.stored().benchmarks) == 2, pilot)
        batches = {batch for batch, _ in house.jobs.specs[-1].args["cases"]}
        assert batches == {1, 8}
        assert house.jobs.specs[-1].exclusive


async def test_renaming_a_benchmark_is_stored(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4")
        await until(lambda: "no difference" in frame(app), pilot)
        await pilot.press("R", "end", "2", "enter")
        await until(lambda: house.stored().benchmarks[0].name == "benchmark2", pilot)
