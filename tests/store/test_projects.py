from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sparsify_tui.core.project import Project
from sparsify_tui.errors import SparsifyError, StoreError
from sparsify_tui.store import open_documents
from sparsify_tui.store.projects import COLLECTIONS, ProjectStore
from sparsify_tui.workbench.plans import PlanRequest, draft
from tests.workbench.fakes import project

LATER = "2030-01-01T00:00:00+00:00"


@pytest.fixture
def store(tmp_path: Path) -> ProjectStore:
    return ProjectStore(tmp_path / "home")


@pytest.fixture
def net(store: ProjectStore, tmp_path: Path) -> Project:
    plain = project(tmp_path / "net.onnx", dims=(("n", 2),))
    return store.create(replace(plain, optimizations=(draft(plain, PlanRequest()),)))


def named(name: str) -> Callable[[Project], Project]:
    return lambda stored: replace(stored, name=name)


def test_a_project_comes_back_as_it_was(store: ProjectStore, net: Project) -> None:
    assert store.load(net.id) == net


def test_an_edit_is_made_to_the_newest_content(store: ProjectStore, net: Project) -> None:
    other = ProjectStore(store.path(net.id).parent.parent)
    other.update(net.id, lambda stored: replace(stored, description="theirs"), LATER)

    after = store.update(net.id, named("ours"), LATER)

    assert (after.name, after.description, after.modified) == ("ours", "theirs", LATER)
    assert other.load(net.id) == after


def test_an_edit_that_fails_changes_nothing(store: ProjectStore, net: Project) -> None:
    def fail(_: Project) -> Project:
        raise SparsifyError("no")

    before = store.path(net.id).read_bytes()
    with pytest.raises(SparsifyError):
        store.update(net.id, fail, LATER)

    assert store.path(net.id).read_bytes() == before


def test_tables_that_did_not_change_are_left_as_they_are(store: ProjectStore, net: Project) -> None:
    plans = open_documents(store.path(net.id)).table("optimizations")
    plans.update({"added": "by another program"})
    store.update(net.id, named("renamed"), LATER)

    (kept,) = open_documents(store.path(net.id)).table("optimizations").all()
    assert kept["added"] == "by another program"


def test_collections_have_tables_of_their_own(store: ProjectStore, net: Project) -> None:
    tables = open_documents(store.path(net.id))

    assert len(tables.table("optimizations")) == 1
    assert not set(COLLECTIONS) & tables.table("project").all()[0].keys()


def test_the_list_begins_with_what_changed_last(
    store: ProjectStore, net: Project, tmp_path: Path
) -> None:
    other = store.create(replace(project(tmp_path / "o.onnx"), name="other", modified=LATER))

    first, second = store.summaries()

    assert (first.id, second.id) == (other.id, net.id)
    assert (second.layers, second.params, second.optimizations) == (2, 400, 1)
    assert second.model == net.model.path
    assert not first.problem


def test_an_empty_home_has_no_projects(store: ProjectStore) -> None:
    assert store.summaries() == ()
    with pytest.raises(StoreError, match="no project 'nope'"):
        store.load("nope")


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "{}", '{"project": {"1": {"id": "x"}}}', '{"project": {"1": {"model": 3}}}'],
)
def test_a_file_that_is_no_project_is_listed_with_its_problem(
    store: ProjectStore, net: Project, content: str
) -> None:
    file = store.path(net.id).with_name("foreign.json")
    file.write_text(content)

    (problem,) = (one for one in store.summaries() if one.problem)

    assert problem.name == "foreign"
    assert {one.id for one in store.summaries()} == {net.id, "foreign"}
    with pytest.raises(SparsifyError):
        store.load("foreign")


def test_a_project_of_unknown_fields_is_a_sentence(store: ProjectStore, net: Project) -> None:
    documents = open_documents(store.path(net.id))
    documents.table("project").update({"model": {"path": 1}})

    with pytest.raises(SparsifyError, match="cannot be understood") as caught:
        store.load(net.id)

    assert caught.value.hint


def test_deleting_takes_all_of_it(store: ProjectStore, net: Project) -> None:
    store.update(net.id, named("twice saved, so that there is a backup"), LATER)
    store.delete(net.id)

    assert list(store.path(net.id).parent.iterdir()) == []
    store.delete(net.id)


def test_a_home_below_a_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = ProjectStore(tmp_path / "file" / "home")

    assert store.summaries() == ()
    with pytest.raises(StoreError, match="not a folder") as caught:
        store.create(project(tmp_path / "net.onnx"))
    assert "--home" in caught.value.hint


def test_what_json_cannot_hold_is_refused_whole(store: ProjectStore, net: Project) -> None:
    before = store.path(net.id).read_bytes()

    with pytest.raises(StoreError, match="cannot be saved"):
        store.update(net.id, lambda one: replace(one, values=(("x", float("nan")),)), LATER)

    assert store.path(net.id).read_bytes() == before


def test_the_folder_of_the_projects_is_the_users_alone(store: ProjectStore, net: Project) -> None:
    folder = store.path(net.id).parent

    assert folder.stat().st_mode & 0o077 == 0
    assert store.size(net.id) == store.path(net.id).stat().st_size


def test_a_document_is_plain_json(store: ProjectStore, net: Project) -> None:
    body: dict[str, Any] = json.loads(store.path(net.id).read_text())

    assert body["project"]["1"]["name"] == "net"
