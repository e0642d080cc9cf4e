"""Projects on disk: one document file each, changed only as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from tinydb import TinyDB

from sparsify_tui.core.summary import FileStamp, ProjectSummary
from sparsify_tui.errors import StoreError
from sparsify_tui.store.documents import open_documents, transaction
from sparsify_tui.store.failures import explained

if TYPE_CHECKING:
    from sparsify_tui.core.project import Project

COLLECTIONS = ("perf_profiles", "loss_profiles", "optimizations", "benchmarks")
"""Fields of a project that have a table of their own."""
_PROJECT = "project"
_SUFFIX = ".json"
_COMPANIONS = ("", ".bak", ".lock")


class ProjectStore:
    """The projects of one home folder.

    Every change is one transaction on the newest content of the file, so that two programs
    may write to one project without losing each other's work.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / "projects"

    def summaries(self) -> tuple[ProjectSummary, ...]:
        """All projects, the last changed first; unreadable ones with their problem."""
        files = sorted(self._folder.glob(f"*{_SUFFIX}")) if self._folder.is_dir() else []
        return tuple(sorted(map(_summary, files), key=lambda one: one.modified, reverse=True))

    def load(self, project_id: str) -> Project:
        """One project. Raises StoreError when there is none, or it cannot be read."""
        file = self.path(project_id)
        if not file.exists():
            raise StoreError(
                f"There is no project {project_id!r}.", "sparsify-tui projects lists them."
            )
        return _project_from(_tables(open_documents(file)))

    def create(self, project: Project) -> Project:
        """Writes a new project. Raises StoreError when the folder cannot be written."""
        with explained(self._folder, "saved"):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        documents = open_documents(self.path(project.id))
        with transaction(documents):
            _write(documents, None, project)
        return project

    def update(self, project_id: str, edit: Callable[[Project], Project], now: str) -> Project:
        """Applies a pure edit to the newest content; durable when this returns."""
        documents = open_documents(self.path(project_id))
        with transaction(documents):
            before = _project_from(_tables(documents))
            after = replace(edit(before), modified=now)
            _write(documents, before, after)
        return after

    def delete(self, project_id: str) -> None:
        """Removes the file and its companions."""
        for suffix in _COMPANIONS:
            file = self.path(project_id)
            with explained(self._folder, "saved"):
                file.with_name(file.name + suffix).unlink(missing_ok=True)

    def size(self, project_id: str) -> int:
        """Bytes of a project's document."""
        with explained(self._folder, "read"):
            return self.path(project_id).stat().st_size

    def path(self, project_id: str) -> Path:
        """Where a project's document is."""
        return self._folder / f"{project_id}{_SUFFIX}"


Tables: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]


def _tables(documents: TinyDB) -> Tables:
    """All tables from one reading of the file."""
    stored = documents.storage.read() or {}
    return {name: list(stored.get(name, {}).values()) for name in (_PROJECT, *COLLECTIONS)}


def _project_from(tables: Tables) -> Project:
    from sparsify_tui.codec import value_from  # noqa: PLC0415 - the list needs neither
    from sparsify_tui.core.project import Project  # noqa: PLC0415

    head = next(iter(tables[_PROJECT]), {})
    return value_from({**head, **{name: tables[name] for name in COLLECTIONS}}, Project)


def _write(documents: TinyDB, before: Project | None, after: Project) -> None:
    """Rewrites the tables whose content changed."""
    from sparsify_tui.codec import document_from  # noqa: PLC0415 - the list needs no converter

    old = document_from(before) if before is not None else {}
    new = document_from(after)
    for name in COLLECTIONS:
        rows = new.pop(name)
        if rows != old.pop(name, None):
            documents.table(name).truncate()
            documents.table(name).insert_multiple(rows)
    if new != old:
        documents.table(_PROJECT).truncate()
        documents.table(_PROJECT).insert(new)


def _summary(file: Path) -> ProjectSummary:
    try:
        return _summary_from(_tables(open_documents(file)))
    except StoreError as error:
        return ProjectSummary(id=file.stem, name=file.stem, problem=str(error))
    except (KeyError, IndexError, TypeError, AttributeError):
        return ProjectSummary(id=file.stem, name=file.stem, problem="The file is no project.")


def _summary_from(tables: Tables) -> ProjectSummary:
    head = tables[_PROJECT][0]
    model, stamp = head["model"], head["stamp"]
    counts: dict[str, Any] = {name: len(tables[name]) for name in COLLECTIONS}
    return ProjectSummary(
        **{name: head[name] for name in ("id", "name", "description", "created", "modified")},
        **{name: model[name] for name in ("bytes", "opset", "params", "flops")},
        **counts,
        model=model["path"],
        stamp=FileStamp(size=stamp["size"], mtime_ns=stamp["mtime_ns"]),
        inputs=tuple((spec["name"], tuple(spec["shape"])) for spec in model["inputs"]),
        layer_sizes=tuple(
            (layer["module_path"] or layer["id"], layer["params"])
            for layer in model["layers"]
            if layer["prunable"]
        ),
        data=tuple((one["role"], one["samples"]) for one in head["data"]),
    )
