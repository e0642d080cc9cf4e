"""Makes the pictures of this folder from the demo, with `python screenshots/make.py`.

Walks the whole path on the bundled model in a home of its own, then draws each section at 80x24
and 160x50. Every number in them was measured on the machine that ran this. PNGs need Chromium.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from sparsify_tui import demo
from sparsify_tui.core.cases import BenchmarkRequest
from sparsify_tui.core.training import TrainingSettings
from sparsify_tui.tui.app import SparsifyApp
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.plans import PlanRequest

HERE = Path(__file__).parent
SIZES = ((80, 24), (160, 50))
STEPS = (
    ("", "projects"),
    ("enter 1 j j j j", "performance"),
    ("t", "roofline"),
    ("2 space j j j space j j j space j j", "loss"),
    ("v", "loss-curves"),
    ("v", "loss-scatter"),
    ("3 j j j j", "optimization"),
    ("o j enter enter j j", "channels"),
    ("v", "channels-front"),
    ("v o enter 4", "benchmarks"),
    ("5", "settings"),
    ("6", "export"),
)
"""Keys, and what the picture of the screen after them is called."""
RUNNING = "digits-running"
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_SETTLE_S = 0.4


async def prepare(home: Path) -> None:
    """A project of the demo model with everything in it, and two emptier ones."""
    models = home / "models"
    models.mkdir()
    for file in (demo.MODEL, demo.CALIBRATION, demo.TEST):
        shutil.copy(file, models)
    bench = Workbench(home / "projects")
    for name in ("digits-int8-trial", "digits-pruned-twice"):
        await bench.projects.create(models / demo.MODEL.name, name=name)
    running = await bench.projects.create(models / demo.MODEL.name, name=RUNNING)
    await bench.inputs.attach_data(running.id, models / demo.CALIBRATION.name, "calibration")
    project = await bench.projects.create(
        models / demo.MODEL.name, name="digits", description="Digit classifier on MNIST images."
    )
    await bench.inputs.attach_data(project.id, models / demo.CALIBRATION.name, "calibration")
    await bench.inputs.attach_data(project.id, models / demo.TEST.name, "test")
    training = TrainingSettings(optimizer="SGD", epochs=90, initial_lr=0.1, final_lr=0.001)
    bench.projects.set_training(project.id, training)
    await bench.measure.perf(project.id, batch=64)
    await bench.loss.magnitude(project.id)
    await bench.loss.one_shot(project.id)
    pruned = bench.plans.create(project.id, PlanRequest(sparsity=0.5, scope="global"))
    search = await bench.measure.narrow(project.id, batch=64)
    narrow = PlanRequest(sparsity=None, structure="channel", channels=search, name="channels")
    bench.plans.create(project.id, narrow)
    placement = await bench.measure.place(project.id, batch=64)
    request = PlanRequest(sparsity=0.5, scope="global", placement=placement, name="global-50-int8")
    both = bench.plans.create(project.id, request)
    for plan in (pruned, both):
        measured = BenchmarkRequest(optimizations=(plan.id,), batches=(1, 64))
        await bench.benchmarks.run(project.id, measured)


async def draw(home: Path, size: tuple[int, int]) -> list[Path]:
    """One SVG a step."""
    files = []
    app = SparsifyApp(Workbench(home / "projects"))
    async with app.run_test(size=size) as pilot:
        await pilot.pause(_SETTLE_S)
        for keys, name in STEPS:
            for key in keys.split():
                await pilot.press(key)
                await pilot.pause(_SETTLE_S if key.isdecimal() or key == "enter" else 0)
            await pilot.pause(_SETTLE_S)
            files.append(picture(app, name))
    return files


async def draw_running(home: Path, size: tuple[int, int]) -> list[Path]:
    """A loss profile while it is measured, the jobs above it, and what is left when stopped."""
    bench = Workbench(home / "projects")
    project = next(one for one in bench.projects.list() if one.name == RUNNING)
    app, files = SparsifyApp(bench, project.id), []
    async with app.run_test(size=size) as pilot:
        await pilot.pause(_SETTLE_S)
        await pilot.press("2")
        await pilot.pause(_SETTLE_S)
        await pilot.press("r", "f2")
        while not is_half_way(app):
            await pilot.pause(_SETTLE_S)
        files.append(picture(app, "loss-running"))
        await pilot.press("J")
        await pilot.pause(_SETTLE_S)
        files.append(picture(app, "jobs"))
        await pilot.press("c", "escape")
        while app.queue.open_jobs:
            await pilot.pause(_SETTLE_S)
        await pilot.pause(_SETTLE_S)
        files.append(picture(app, "loss-stopped"))
    return files


def is_half_way(app: SparsifyApp) -> bool:
    """Whether the open loss profile has its first complete table, and is still being measured."""
    profile = app.desk.loss
    return profile is not None and profile.stage != "magnitude"


def picture(app: SparsifyApp, name: str) -> Path:
    """The screen as SVG."""
    file = HERE / f"{name}-{app.size.width}x{app.size.height}.svg"
    file.write_text(app.export_screenshot(), encoding="utf-8")
    return file


def rasterize(file: Path, folder: Path) -> None:
    """The same picture as PNG, drawn by Chromium, whose text is right."""
    browser = next((found for name in _CHROMIUM if (found := shutil.which(name))), None)
    if browser is None:
        print("no Chromium: the PNGs are not made")
        return
    svg = file.read_text(encoding="utf-8")
    width, height = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups()  # type: ignore[union-attr]
    page = folder / "page.html"
    page.write_text(f'<body style="margin:0;background:#000">{svg}</body>', encoding="utf-8")
    subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--hide-scrollbars",
            f"--user-data-dir={folder / 'browser'}",
            f"--window-size={round(float(width))},{round(float(height))}",
            f"--screenshot={file.with_suffix('.png')}",
            str(page),
        ],
        check=True,
        capture_output=True,
    )


def main() -> None:
    """Makes all pictures."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        home = Path(folder)
        asyncio.run(prepare(home))
        for make in (draw, draw_running):  # what runs changes which project is on top
            for size in SIZES:
                for file in asyncio.run(make(home, size)):
                    rasterize(file, home)


if __name__ == "__main__":
    main()
