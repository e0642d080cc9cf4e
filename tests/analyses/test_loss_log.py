from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.analyses.loss_log import Item, ItemLog
from sparsify_tui.store import files

HEADER = {"version": 1, "digest": "abc", "levels": (0.5, 0.9)}
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
ITEMS = st.builds(
    Item,
    layer=st.text(),
    change=st.text(),
    start=st.integers(0, 9),
    stop=st.integers(0, 9),
    terms=st.lists(st.lists(st.none() | FLOATS).map(tuple), max_size=3).map(tuple),
    correct=st.lists(st.sampled_from([0.0, 1.0])).map(tuple),
    score=st.none() | FLOATS,
    reason=st.text(),
    cpu_s=FLOATS,
    wall_s=FLOATS,
)


def item(layer: str, change: str = "0.5", start: int = 0, stop: int = 2) -> Item:
    return Item(layer=layer, change=change, start=start, stop=stop, terms=((1.0, None), (2.0, 3.0)))


def written(path: Path, *items: Item) -> Path:
    with ItemLog(path, HEADER) as log:
        for one in items:
            log.append(one)
    return path


def kept(path: Path, header: dict = HEADER) -> list[Item]:
    with ItemLog(path, header) as log:
        return list(log.items.values())


@settings(max_examples=20, deadline=None)
@given(items=st.lists(ITEMS, max_size=5, unique_by=lambda one: one.key))
def test_items_come_back_as_they_were(
    items: list[Item], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("log") / "deeper" / "log.jsonl"

    assert kept(written(path, *items)) == items


def test_an_item_is_on_disk_when_append_returns(tmp_path: Path) -> None:
    with ItemLog(tmp_path / "log", HEADER) as log:
        log.append(item("a"))

        assert kept(tmp_path / "log") == [item("a")]


@pytest.mark.parametrize("lost", [1, 2, 20])
def test_a_last_line_that_was_cut_off_is_dropped(tmp_path: Path, lost: int) -> None:
    path = written(tmp_path / "log", item("a"), item("b"))
    path.write_bytes(path.read_bytes()[:-lost])

    assert kept(path) == [item("a")]
    assert kept(written(path, item("c"))) == [item("a"), item("c")]


def test_a_damaged_line_costs_only_itself(tmp_path: Path) -> None:
    path = written(tmp_path / "log", item("a"), item("b"), item("c"))
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = b"\xff\x00" + lines[2][2:]
    path.write_bytes(b"".join(lines))

    assert kept(path) == [item("a"), item("c")]


def test_a_file_of_other_measurements_is_begun_anew(tmp_path: Path) -> None:
    path = written(tmp_path / "log", item("a"))

    assert kept(path, {**HEADER, "digest": "other"}) == []
    assert kept(path) == []


@pytest.mark.parametrize("content", [b"", b"\n", b"not json\n", b'{"version": 1', b"null\n{}\n"])
def test_a_file_that_is_no_log_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(content)

    assert kept(path) == []
    assert json.loads(path.read_text().splitlines()[0])["digest"] == "abc"


def test_the_same_item_again_takes_the_place_of_the_first(tmp_path: Path) -> None:
    again = replace(item("a"), reason="no")

    assert kept(written(tmp_path / "log", item("a"), again)) == [again]


def test_layer_change_and_range_tell_items_apart(tmp_path: Path) -> None:
    items = [item("a"), item("b"), item("a", "int8"), item("a", start=2), item("a", stop=4)]

    assert kept(written(tmp_path / "log", *items)) == items


def test_threads_may_append_at_a_time(tmp_path: Path) -> None:
    with ItemLog(tmp_path / "log", HEADER) as log, ThreadPoolExecutor(8) as pool:
        list(pool.map(log.append, (item(str(at)) for at in range(60))))

    assert len(kept(tmp_path / "log")) == 60


def test_that_a_log_was_begun_is_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(files, "sync_folder", synced.append)

    written(tmp_path / "log")

    assert synced == [tmp_path]
    assert list(tmp_path.iterdir()) == [tmp_path / "log"]
