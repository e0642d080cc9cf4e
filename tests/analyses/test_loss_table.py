from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sparsify_tui.analyses import chunks
from sparsify_tui.analyses.evaluate import Evaluator
from sparsify_tui.analyses.loss_log import Item, ItemLog
from sparsify_tui.analyses.loss_table import LossTable
from sparsify_tui.analyses.spent import Spent
from sparsify_tui.core.anchors import anchored
from sparsify_tui.core.distances import reading
from sparsify_tui.core.loss_profile import LayerLoss, LossProfile
from tests.analyses.losses import REQUEST, evaluator, samples, timeless
from tests.analyses.models import saved, two_layers

LEVELS = (0.25, 0.5, 0.75, 0.9)
SCHEMES = ("int8",)
HEAD = LossProfile(
    id="p",
    name="n",
    created="c",
    model_digest="d",
    method="one-shot",
    metric="",
    source="s",
    samples=0,
    levels=LEVELS,
    cpu_s=0,
    wall_s=0,
    layers=(),
    schemes=SCHEMES,
)


@pytest.fixture
def found(tmp_path: Path) -> Evaluator:
    return evaluator_on(tmp_path, labelled=False)


def evaluator_on(folder: Path, *, labelled: bool) -> Evaluator:
    data = samples(folder / "d.npz", labelled=labelled)
    request = replace(REQUEST, metric="mse")
    return evaluator(saved(two_layers(), folder / "m.onnx"), request, data=data)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[ItemLog]:
    with ItemLog(tmp_path / "log", {}) as items:
        yield items


@pytest.fixture
def table(found: Evaluator, log: ItemLog) -> LossTable:
    return LossTable(found, HEAD, log, Spent())


def item(layer: str, change: str, values: Sequence[float | None] = (), **more: object) -> Item:
    """With terms of mse: count, mean, scatter and Σ (changed − base)² of each sample."""
    terms = tuple((3.0, 0.0, 2.0, value) for value in values)
    return Item(layer=layer, change=change, start=0, stop=6, terms=terms, **more)


def row_of(table: LossTable, layer: str) -> LayerLoss:
    row = table.profile("levels").layer(layer)
    assert row is not None
    return row


def test_without_items_a_row_is_the_energy_that_magnitude_removes(
    table: LossTable, found: Evaluator
) -> None:
    profile = table.profile("magnitude")

    assert profile.samples == 0
    for row, layer in zip(profile.layers, found.layers, strict=True):
        energies = found.replacements(layer).energies(LEVELS, "unstructured")
        assert row.pruning.values == pytest.approx(list(energies), rel=1e-6)
        assert set(row.pruning.samples) == {0}
        assert row.status == "estimated"
        assert row.quantization.values == (None,)


def test_a_value_is_read_from_the_terms_of_all_its_items(
    table: LossTable, found: Evaluator
) -> None:
    (whole,) = found.items("a", ["0.5"], 0, 6)
    table.keep(
        [
            replace(whole, start=3, terms=whole.terms[3:]),
            replace(whole, stop=3, terms=whole.terms[:3]),
        ]
    )
    wanted = reading(found.distance, np.array(whole.terms))

    losses = row_of(table, "a").pruning
    assert losses.values[1] == pytest.approx(wanted.value, rel=1e-6)
    assert losses.lows[1] == pytest.approx(wanted.low, rel=1e-6)
    assert losses.highs[1] == pytest.approx(wanted.high, rel=1e-6)


def test_between_measured_levels_values_are_estimated(table: LossTable, found: Evaluator) -> None:
    table.keep(found.items("a", ["0.5", "0.9"], 0, 6))

    row, layer = row_of(table, "a"), found.layers[0]
    measured = {level: row.pruning.values[LEVELS.index(level)] for level in (0.5, 0.9)}
    energies = found.replacements(layer).energies(LEVELS, "unstructured").tolist()
    assert row.pruning.values == pytest.approx(anchored(LEVELS, energies, measured), rel=1e-5)
    assert row.pruning.samples == (0, 6, 0, 6)
    assert row.status == "estimated"


def test_rows_without_items_come_in_the_unit_of_the_others(
    table: LossTable, found: Evaluator
) -> None:
    table.keep(found.items("a", [str(level) for level in LEVELS], 0, 6))
    first, second = table.profile("anchors").layers
    energies = [found.replacements(one).energies(LEVELS, "unstructured") for one in found.layers]

    scales = np.array(first.pruning.values) / energies[0]
    assert second.pruning.values == pytest.approx(list(energies[1] * scales), rel=1e-5)
    assert second.status == "estimated"


def test_what_could_not_be_measured_is_none_and_never_estimated(table: LossTable) -> None:
    table.keep(
        [
            item("a", "0.5", [1.0] * 6),
            item("a", "0.9", [None] * 6, reason="the outputs hold NaN or infinity"),
        ]
    )

    row = row_of(table, "a")
    assert row.pruning.values[3] is None
    assert row.pruning.values[2] is not None
    assert not row.pruning.is_measured(3)
    assert row.reason == "0.9: the outputs hold NaN or infinity"


def test_a_layer_of_which_nothing_could_be_measured_says_why_once(table: LossTable) -> None:
    changes = (*map(str, LEVELS), *SCHEMES)
    table.keep([item("a", change, reason="its branch does not run") for change in changes])

    row = row_of(table, "a")
    assert row.status == "not measured"
    assert row.reason == "its branch does not run"
    assert {*row.pruning.values, *row.quantization.values} == {None}


def test_drops_are_what_is_lost_of_the_share_of_right_answers(tmp_path: Path, log: ItemLog) -> None:
    found = evaluator_on(tmp_path, labelled=True)
    table = LossTable(found, HEAD, log, Spent())
    before = found.correct(0, 6)
    table.keep([item("a", "0.5", [0.1] * 6, correct=(1.0, 0.0, 0.0, 0.0, 0.0, 0.0))])

    profile = table.profile("levels")
    assert profile.score == "top-1"
    assert profile.score_before == pytest.approx(sum(before) / 6)
    assert row_of(table, "a").pruning.drops[1] == pytest.approx(sum(before) / 6 - 1 / 6)
    assert row_of(table, "y").pruning.drops == (None,) * 4


def test_the_users_metric_of_the_base_is_asked_for_once(tmp_path: Path, log: ItemLog) -> None:
    calls = tmp_path / "calls"
    (tmp_path / "score.py").write_text(
        "def spread(outputs, labels):\n"
        f"    with open({str(calls)!r}, 'a') as file:\n"
        "        file.write('x')\n"
        "    return outputs[0].std()\n"
    )
    found = evaluator(
        saved(two_layers(), tmp_path / "m.onnx"),
        replace(REQUEST, score=f"{tmp_path}/score.py:spread"),
        data=samples(tmp_path / "d.npz"),
    )
    table = LossTable(found, HEAD, log, Spent())
    for layer in ("a", "y"):
        table.keep(found.items(layer, ["0.5", "0.9"], 0, 6))
        assert row_of(table, layer).pruning.drops[1] is not None

    assert len(calls.read_text()) == 4 + 1


def test_a_drop_compares_the_same_samples(
    tmp_path: Path, log: ItemLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the first ones could not be measured, too."""
    monkeypatch.setattr(chunks, "_FLOPS_A_RUN", 1)
    found = evaluator_on(tmp_path, labelled=True)
    table = LossTable(found, HEAD, log, Spent())
    missing = replace(item("a", "0.5", reason="no"), stop=4)
    table.keep([missing, replace(item("a", "0.5", [0.1] * 2, correct=(1.0, 0.0)), start=4)])

    losses = row_of(table, "a").pruning
    assert losses.drops[1] == sum(found.correct(4, 6)) / 2 - 0.5
    assert losses.samples[1] == 2


def test_what_could_not_be_measured_rests_on_no_samples(table: LossTable) -> None:
    table.keep([item("a", "0.5", reason="no")])

    assert row_of(table, "a").pruning.samples == (0, 0, 0, 0)
    assert table.profile("levels").samples == 0


def test_only_layers_whose_values_may_move_need_more_samples(table: LossTable) -> None:
    eight = {"stop": 8}
    table.keep(
        [
            replace(item("a", "0.5", [1.0] * 8), **eight),
            replace(item("y", "0.5", [0, 0, 0, 0, 0, 0, 0, 50.0]), **eight),
        ]
    )

    assert [layer.id for layer in table.unsettled(8)] == ["y"]
    assert row_of(table, "a").settled
    assert not row_of(table, "y").settled


def test_later_samples_have_no_say_in_what_had_to_be_measured(table: LossTable) -> None:
    table.keep([item("a", "0.5", [1.0, 1.0])])
    table.keep([replace(item("a", "0.5", [1.0] * 20), start=6, stop=26)])

    assert [layer.id for layer in table.unsettled(6)] == ["a"]
    assert table.unsettled(26) == ()


def test_of_a_layer_without_values_no_more_samples_are_asked(table: LossTable) -> None:
    table.keep([item("a", "0.5", reason="no"), item("a", "int8", reason="no")])

    assert table.unsettled(6) == ()


def test_a_table_goes_on_from_what_its_log_holds(
    table: LossTable, found: Evaluator, log: ItemLog
) -> None:
    table.keep(found.items("a", ["0.5", "0.9", "int8"], 0, 6))

    again = LossTable(found, HEAD, log, Spent())

    assert again.count == 3
    assert timeless(again.profile("levels")) == timeless(table.profile("levels"))


def test_time_that_was_spent_elsewhere_or_earlier_counts(
    table: LossTable, found: Evaluator, log: ItemLog
) -> None:
    before = table.profile("levels").cpu_s
    table.keep([item("a", "0.5", [1.0], cpu_s=100.0)])
    assert table.profile("levels").cpu_s - before < 50
    table.keep([item("a", "0.9", [1.0], cpu_s=1000.0)], from_elsewhere=True)
    assert 1000 <= table.profile("levels").cpu_s - before < 1050
    assert LossTable(found, HEAD, log, Spent()).profile("levels").cpu_s >= 1100


def test_the_time_of_earlier_runs_counts(found: Evaluator, log: ItemLog) -> None:
    spent = Spent()
    spent._wall -= 100
    LossTable(found, HEAD, log, spent).keep([item("a", "0.5", [1.0])])
    spent = Spent()
    spent._wall -= 20
    table = LossTable(found, HEAD, log, spent)

    assert 120 <= table.profile("levels").wall_s < 125
    table.keep([item("a", "0.9", [1.0])])
    assert 120 <= LossTable(found, HEAD, log, Spent()).profile("levels").wall_s < 125


def test_items_of_several_threads_all_reach_the_table(
    table: LossTable, found: Evaluator, log: ItemLog
) -> None:
    """While it is read, which must not bring back a row without the newest item."""
    values = np.linspace(0.1, 5, 240).reshape(2, 20, 6)
    items = [
        replace(item(layer, "0.5", part), start=6 * at, stop=6 * at + 6)
        for layer, parts in zip(("a", "y"), values.tolist(), strict=True)
        for at, part in enumerate(parts)
    ]
    with ThreadPoolExecutor(4) as pool:
        pending = {pool.submit(table.keep, [one]) for one in items}
        while pending:
            _, pending = wait(pending, 0)
            table.profile("levels")

    assert timeless(table.profile("levels")) == timeless(
        LossTable(found, HEAD, log, Spent()).profile("levels")
    )
