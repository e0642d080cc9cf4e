"""Asks where, and saves the changed model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.project import Project
from sparsify_tui.tui import questions
from sparsify_tui.tui.measuring import save_changed_model

if TYPE_CHECKING:
    from sparsify_tui.tui.app import SparsifyApp


def ask_and_save(app: SparsifyApp, project: Project, plan: Optimization) -> None:
    """Writes what an optimization makes of the project's model, by default in this folder."""

    def save(text: str) -> None:
        file = str(Path(text).expanduser().absolute())
        save_changed_model(app, project.id, plan, file)

    default = f"{Path(project.model.path).stem}-{plan.name}.onnx"
    questions.ask_text(app, f"Save {plan.name} as", default, save)
