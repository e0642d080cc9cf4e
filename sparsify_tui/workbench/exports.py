"""Previews and saves what leaves the house."""

from __future__ import annotations

from pathlib import Path

from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.project import Project


class Exports:
    """The export targets of a project's optimizations."""

    def targets(self) -> tuple[tuple[str, str], ...]:
        """Name and title of each target that is built."""
        from sparsify_tui.export import EXPORTERS  # noqa: PLC0415 - yaml is loaded when asked for

        return tuple((target.name, target.title) for target in EXPORTERS.values())

    def later_targets(self) -> tuple[str, ...]:
        """Targets of the contract that are not built yet."""
        from sparsify_tui.export import NOT_BUILT_YET  # noqa: PLC0415

        return NOT_BUILT_YET

    def language(self, target: str) -> str:
        """The lexer that colours a target."""
        from sparsify_tui.export import target_of  # noqa: PLC0415

        return target_of(target).language

    def preview(self, project: Project, plan: Optimization, target: str) -> str:
        """The text of a target. Raises ExportError when there is nothing to write."""
        from sparsify_tui.export import export_text  # noqa: PLC0415

        return export_text(target, project.model, plan)

    def default_path(self, target: str, folder: Path) -> Path:
        """Where a target goes when only a folder is given."""
        from sparsify_tui.export import target_of  # noqa: PLC0415

        return folder / target_of(target).filename

    def save(self, text: str, path: Path, *, overwrite: bool = True) -> Path:
        """Writes a text whole or not at all; returns its full path. Raises ExportError."""
        from sparsify_tui.export.atomic import write_text  # noqa: PLC0415

        return write_text(path, text, overwrite=overwrite)
