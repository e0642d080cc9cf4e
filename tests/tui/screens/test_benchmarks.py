from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from sparsify_tui.codec import document_from
from sparsify_tui.core.cases import Case
from sparsify_tui.core.project import BenchmarkRun
from sparsify_tui.errors import StoreError
from sparsify_tui.jobs.spec import JobSpec
from sparsify_tui.store.projects import ProjectStore
from sparsify_tui.tui.app import SparsifyApp
from sparsify_tui.workbench import Workbench
from tests.core import examples
from tests.tui.screens.house import House, frame, until, write

SCALED = examples.benchmark_run(
    id="b2",
    name="scaled",
    runs=tuple(
        examples.run_of(f"{name or 'original'} b{batch} t{threads}", optimization=name,
                        batch=batch, threads=threads,
                        timing=examples.timing(samples_ms=(9.0, 10.0, 11.0)))
        for batch in (1, 8) for threads in (1, 2) for name in ("", "half")
    ),
    comparisons=tuple(
        examples.compared(f"original b{batch} t{threads}", f"half b{batch} t{threads}",
                          1.7, 0.1, "faster")
        for batch in (1, 8) for threads in (1, 2)
    ),
    environment=examples.environment(cores=4),
)  # fmt: skip


def keep(house: House, *benchmarks: BenchmarkRun) -> None:
    """Stores these benchmarks in place of the house's own."""
    ProjectStore(house.bench.home).update(
        house.project.id, lambda stored: replace(stored, benchmarks=benchmarks), examples.MOMENT
    )


def copied(app: SparsifyApp) -> str:
    """What was copied last."""
    return app.clipboard


async def test_a_run_has_interval_verdict_and_quality(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4")
        await until(lambda: "no difference" in frame(app), pilot)
        assert "[0.98×, 1.04×]" in frame(app)
        assert "before any fine-tuning" in frame(app)


async def test_what_is_not_faster_is_not_called_optimized(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4")
        await until(lambda: "NOT optimized: smaller when compressed" in frame(app), pilot)
        assert "zeros too" in frame(app)


async def test_memory_load_and_prediction_are_beside_the_run(house: House):
    app = house.app()
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.press("enter", "4")
        await until(lambda: "3.00 MB more at most" in frame(app), pilot)
        assert "load 12.0 ms" in frame(app)
        assert "predicted 9.80 ms, measured 10.0 ms (-2.0%)" in frame(app)


async def test_each_batch_thread_and_stream_count_asked_for_is_measured(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4", "r", "tab")
        for answer in ("1,8", "1,2", "2"):
            write(app, answer)
            await pilot.press("tab")
        await pilot.press("f2")
        await until(lambda: len(house.stored().benchmarks) == 2, pilot)
        asked = house.jobs.specs[-1].args["request"]
        assert (asked["batches"], asked["threads"], asked["streams"]) == ([1, 8], [1, 2], [2])
        assert [one["name"] for one in house.jobs.specs[-1].args["models"]] == ["half"]
        assert house.jobs.specs[-1].exclusive


@pytest.mark.parametrize(("text", "count"), [("", 0), ("all", 1), ("half, half", 1)])
async def test_optimizations_are_named_in_the_form(house: House, text: str, count: int):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4", "r")
        write(app, text)
        await pilot.press("f2")
        await until(lambda: len(house.stored().benchmarks) == 2, pilot)
        assert len(house.jobs.specs[-1].args["models"]) == count


async def test_an_optimization_that_is_not_there_is_said_in_the_form(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4", "r")
        write(app, "nothing")
        await pilot.press("f2")
        await until(lambda: "There is no optimization nothing." in frame(app), pilot)
        assert len(house.stored().benchmarks) == 1


async def test_the_same_is_measured_again(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4")
        await until(lambda: "no difference" in frame(app), pilot)
        await pilot.press("ctrl+r")
        await until(lambda: len(house.stored().benchmarks) == 2, pilot)
        asked = house.jobs.specs[-1].args
        assert asked["name"] == "benchmark"
        assert asked["request"]["optimizations"] == ["o1"]


async def test_charts_turn_from_intervals_to_scaling(house: House):
    keep(house, SCALED)
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4")
        await until(lambda: "median with its 95 % interval" in frame(app), pilot)
        for said in ("run to run", "core scaling  items/s over threads", "items/s over batch"):
            await pilot.press("v")
            await until(lambda said=said: said in frame(app), pilot)
        assert "half t1" in frame(app)
        await pilot.press("v")
        await until(lambda: "median with its 95 % interval" in frame(app), pilot)


async def test_a_chart_without_data_says_what_would_fill_it(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4", "v", "v")
        await until(lambda: "Core scaling needs two thread counts" in frame(app), pilot)


async def test_marked_runs_are_compared_and_never_silently_across_machines(house: House):
    keep(house, examples.benchmark_run(), SCALED)
    app = house.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("enter", "4")
        await until(lambda: "scaled" in frame(app), pilot)
        await pilot.press("g", "g", "space", "G", "space", "c")
        await until(lambda: "2 runs beside scaled: original b1 t1" in frame(app), pilot)
        assert "not all measured in turn" in frame(app)
        await pilot.press("C")
        await until(lambda: copied(app), pilot)
        assert copied(app).startswith("| run | ms |")
        assert "not in turn" in copied(app)
        await pilot.press("escape", "escape")
        await until(lambda: "baseline" in frame(app), pilot)


async def test_other_conditions_are_warned_of(house: House):
    other = examples.environment(cores=4)
    runs = (examples.run_of("original b1 t1", environment=other),)
    keep(house, examples.benchmark_run(), replace(SCALED, runs=runs, comparisons=()))
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4")
        await until(lambda: "scaled" in frame(app), pilot)
        await pilot.press("g", "g", "space", "G", "space", "c")
        await until(lambda: "not the same conditions: cores 4 and 2" in frame(app), pilot)


async def test_two_runs_are_needed_to_compare(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4", "space", "c")
        await until(lambda: "mark two to four runs" in frame(app), pilot)


async def test_five_runs_are_too_many_to_compare(house: House):
    keep(house, SCALED)
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4")
        await until(lambda: "scaled" in frame(app), pilot)
        await pilot.press("asterisk", "c")
        await until(lambda: "8 runs were chosen; 2 to 4 can be compared" in frame(app), pilot)


async def test_a_benchmark_is_copied_as_markdown(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4")
        await until(lambda: "no difference" in frame(app), pilot)
        await pilot.press("C")
        await until(lambda: copied(app), pilot)
        assert "### benchmark" in copied(app)
        assert "| half b1 t1 | 10.0 |" in copied(app)


async def test_enter_shows_all_of_a_run(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4")
        await until(lambda: "no difference" in frame(app), pilot)
        await pilot.press("enter")
        await until(lambda: "load 12.0 ms  cold 31.5 ms" in frame(app), pilot)


async def test_notes_are_kept(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4")
        await until(lambda: "no difference" in frame(app), pilot)
        await pilot.press("N")
        await until(lambda: "Notes of benchmark" in frame(app), pilot)
        write(app, "on mains power")
        await pilot.press("enter")
        await until(lambda: house.stored().benchmarks[0].notes == "on mains power", pilot)


async def test_renaming_a_benchmark_is_stored(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4")
        await until(lambda: "no difference" in frame(app), pilot)
        await pilot.press("R", "end", "2", "enter")
        await until(lambda: house.stored().benchmarks[0].name == "benchmark2", pilot)


async def test_a_saved_model_that_is_not_faster_is_called_so(house: House, tmp_path: Any):
    app = house.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("enter", "4")
        await until(lambda: "no difference" in frame(app), pilot)
        await pilot.press("a")
        await until(lambda: "Save half as" in frame(app), pilot)
        write(app, str(tmp_path / "o.onnx"))
        await pilot.press("enter")
        await until(lambda: house.jobs.specs[-1].kind == "apply", pilot)
        await until(lambda: "NOT optimized" in frame(app), pilot)
        assert house.jobs.specs[-1].args["model"]["name"] == "half"


HALF_DONE = examples.benchmark_run(
    id="half-done",
    name="half done",
    cases=tuple(Case(batch=batch, threads=1) for batch in (1, 8, 64)),
    cases_done=1,
)


def never_done(house: House) -> House:
    """The same house, in which a benchmark gets no further than its first case."""

    async def run(_spec: JobSpec, _progress: object, on_partial: Any) -> None:
        on_partial(document_from(HALF_DONE))
        await asyncio.Event().wait()

    house.bench = Workbench(house.bench.home, run=run)
    return house


async def test_a_case_is_shown_as_soon_as_it_is_over(house: House):
    app = never_done(house).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4", "r", "f2")
        await until(lambda: "1 of 3 cases so far" in frame(app), pilot)
        assert "half done" in frame(app)
        await pilot.press("enter")
        await until(lambda: "fed with" in frame(app), pilot)
        assert "1 of 3 cases so far" in frame(app)


async def test_a_store_that_cannot_be_read_ends_no_benchmark(house: House):
    """What was measured is handed over; hours of work do not hang on reading it again."""
    done = asyncio.Event()

    def refuse(_project_id: str) -> None:
        raise StoreError("The disk is gone.")

    async def run(_spec: JobSpec, _progress: object, on_partial: Any) -> Any:
        house.bench.projects.load = refuse  # type: ignore[method-assign]
        on_partial(document_from(HALF_DONE))
        await done.wait()
        return document_from(replace(HALF_DONE, cases_done=3))

    house.bench = Workbench(house.bench.home, run=run)
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4", "r", "f2")
        await until(lambda: "1 of 3 cases so far" in frame(app), pilot)
        done.set()
        await until(lambda: "The disk is gone." in frame(app), pilot)
        assert app.queue.jobs[-1].state == "done"


async def test_only_what_is_being_measured_is_called_so(house: House):
    keep(house, HALF_DONE)
    house.jobs.hold.clear()
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4", "r", "f2")
        await until(lambda: "benchmark 1/4" in frame(app), pilot)
        await until(lambda: "stopped after 1 of 3 cases" in frame(app), pilot)
        assert "so far" not in frame(app)


async def test_a_stopped_benchmark_keeps_its_cases_and_says_how_many(house: House):
    app = never_done(house).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "4", "r", "f2")
        await until(lambda: "1 of 3 cases so far" in frame(app), pilot)
        await pilot.press("J", "c", "escape")
        await until(lambda: "stopped after 1 of 3 cases" in frame(app), pilot)
        assert house.stored().benchmarks[-1] == HALF_DONE
        await pilot.press("C")
        await until(lambda: "- stopped after 1 of 3 cases" in copied(app), pilot)
