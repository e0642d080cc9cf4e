"""Which screen shows which section. A screen's file is loaded when it is first shown."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from sparsify_tui.tui.screens.section import SectionScreen

SCREENS: Mapping[str, str] = {
    "0": "sparsify_tui.tui.screens.projects:ProjectsScreen",
    "1": "sparsify_tui.tui.screens.performance:PerformanceScreen",
    "2": "sparsify_tui.tui.screens.loss:LossScreen",
    "3": "sparsify_tui.tui.screens.optimization:OptimizationScreen",
    "4": "sparsify_tui.tui.screens.benchmarks:BenchmarksScreen",
    "5": "sparsify_tui.tui.screens.settings:SettingsScreen",
    "6": "sparsify_tui.tui.screens.export:ExportScreen",
}
"""Key of the section → where its screen lives."""


def new_screen(key: str) -> SectionScreen:
    """The screen of a section."""
    module, _, name = SCREENS[key].partition(":")
    return cast("SectionScreen", getattr(import_module(module), name)())
