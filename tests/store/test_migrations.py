from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sparsify_tui.core.loss_profile import Losses
from sparsify_tui.store import StoreDamagedError
from sparsify_tui.store.envelope import decode, encode
from sparsify_tui.store.migrations import MIGRATIONS, SCHEMA
from sparsify_tui.store.projects import ProjectStore
from tests.core import examples

PATH = Path("project.json")
OLD_ROW = {
    "id": "conv", "weight": "conv.weight", "status": "estimated", "values": [0.1, 0.6],
    "magnitudes": [0.0, 0.5, 1.0], "reason": "",
}  # fmt: skip
OLD_UNMEASURED_ROW = {
    **OLD_ROW, "id": "odd", "status": "not measured", "values": [], "magnitudes": [],
    "reason": "its weights hold NaN or infinity",
}  # fmt: skip
OLD_LOSS: dict[str, Any] = {
    "id": "l1", "name": "magnitude", "created": examples.MOMENT, "model_digest": "ab",
    "method": "magnitude", "metric": "removed weight energy", "source": "the weights alone",
    "samples": 0, "levels": [0.5, 0.9], "cpu_s": 0.5, "wall_s": 0.75,
    "layers": [OLD_ROW, OLD_UNMEASURED_ROW],
}  # fmt: skip


def test_there_is_a_migration_from_every_older_schema() -> None:
    assert set(MIGRATIONS) == set(range(SCHEMA))


@pytest.mark.parametrize(
    ("verdict", "note"), [("faster", ""), ("no difference", "not faster in every case")]
)
def test_a_benchmark_of_one_optimization_becomes_one_of_many(verdict: str, note: str) -> None:
    metric = {"name": "top-1", "before": 0.98, "after": 0.97}
    sizes = {"sparsity": 0.5, "file_bytes": 10, "compressed_bytes": 6}
    old = {
        "id": "b1", "optimization": "half", "metric": metric, **sizes,
        "runs": [{"label": "original b1 t2"}, {"label": "half b1 t2"}],
        "comparisons": [{"a": "original b1 t2", "b": "half b1 t2", "verdict": verdict}],
    }  # fmt: skip

    (new,) = MIGRATIONS[1]({"benchmarks": {"7": old}})["benchmarks"].values()

    assert new["models"] == [{"optimization": "half", **sizes, "metrics": [metric], "note": note}]
    assert [run["optimization"] for run in new["runs"]] == ["", "half"]
    assert not new.keys() & {"optimization", "metric", "sparsity"}


def test_a_benchmark_that_makes_no_sense_is_damage() -> None:
    tables = {"benchmarks": {"1": {"optimization": "half"}}}

    with pytest.raises(StoreDamagedError):
        decode(json.dumps(tables).encode(), PATH)


def test_a_loss_profile_of_one_list_of_values_gets_it_as_its_pruning() -> None:
    tables = {"loss_profiles": {"4": OLD_LOSS}, "other": {"1": {"values": [1]}}}

    new = MIGRATIONS[2](tables)

    measured, unmeasured = new["loss_profiles"]["4"]["layers"]
    assert measured["pruning"] == {"values": [0.1, 0.6], "samples": [0, 0]}
    assert unmeasured["pruning"] == {"values": [], "samples": []}
    assert "values" not in measured
    assert new["other"] == tables["other"]


def test_a_project_of_the_version_before_opens_with_its_loss_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, project = ProjectStore(tmp_path), examples.full_project()
    store.create(project)
    file = store.path(project.id)
    snapshot = decode(file.read_bytes(), file)
    snapshot.tables["loss_profiles"] = {"1": OLD_LOSS}
    with monkeypatch.context() as patch:
        patch.setattr("sparsify_tui.store.envelope.SCHEMA", 2)
        file.write_bytes(encode(snapshot))

    profile = store.load(project.id).loss_profiles[0]

    assert profile.is_complete
    assert profile.layers[0].pruning == Losses(values=(0.1, 0.6), samples=(0, 0))
    assert profile.layers[0].magnitudes == (0.0, 0.5, 1.0)
    assert (profile.layers[1].pruning, profile.layers[1].status) == (Losses(), "not measured")
    store.update(project.id, lambda stored: stored, examples.MOMENT)
    assert store.load(project.id).loss_profiles == (profile,)


@pytest.mark.parametrize("layers", [None, 3, [{"values": 5}], [7]])
def test_a_loss_profile_that_makes_no_sense_is_damage(layers: object) -> None:
    tables = {"loss_profiles": {"1": {"layers": layers}}}

    with pytest.raises(StoreDamagedError):
        decode(json.dumps(tables).encode(), PATH)
