from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sparsify_tui.core.loss_profile import LossProfile, LossRequest
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.profile import LayerTime, PerfProfile
from sparsify_tui.workbench.loss_time import expected_time
from tests.core import examples
from tests.workbench.fakes import project

ASKED = LossRequest(levels=(0.5, 0.6, 0.95), schemes=("int8",), samples=10)
START_S = 1.0 + 2 * 0.05


def perf(**changes: Any) -> PerfProfile:
    """10 ms on one thread: a quarter of the layers' time in the first, the rest in the second."""
    layers = (
        LayerTime(id=LayerId("node_one"), ms=2.0, share=0.2),
        LayerTime(id=LayerId("node_two"), ms=6.0, share=0.6),
    )
    return examples.perf_profile(**{"layers": layers, "model_digest": "d1"} | changes)


def earlier(**changes: Any) -> LossProfile:
    """Four changes on ten samples within 40 s."""
    profile = examples.loss_profile(levels=ASKED.levels)
    fields: dict[str, Any] = {
        "method": "one-shot", "model_digest": "d1", "schemes": ("int8",), "samples": 10,
        "wall_s": 40.0, "cpu_s": 40.0, "request": ASKED,
    }  # fmt: skip
    return replace(profile, **fields | changes)


def test_channels_take_what_an_earlier_channel_profile_took_and_nothing_else_tells() -> None:
    asked = LossRequest(structure="channel", levels=(0.25, 0.5, 0.75), schemes=())
    two = replace(asked, levels=(0.5, 0.75))
    channels = earlier(name="cut", wall_s=8.0, levels=two.levels, request=two)
    net = project(Path("net.onnx"), perf_profiles=(perf(),), loss_profiles=(earlier(),))

    unknown = expected_time(net, asked, cores=1)
    known = expected_time(replace(net, loss_profiles=(channels, earlier())), asked, cores=1)
    weights = expected_time(replace(net, loss_profiles=(channels,)), ASKED, cores=1)

    assert (unknown.anchors, unknown.full) == (None, None)
    assert "before a first channel profile" in unknown.basis
    assert (known.anchors, known.full, known.basis) == (4.0, 12.0, "how long cut took")
    assert "perf" in weights.basis


def test_without_any_measurement_only_the_magnitudes_have_a_time() -> None:
    time = expected_time(project(Path("net.onnx")), ASKED, cores=2)

    assert time.magnitude == pytest.approx(1, abs=0.01)
    assert (time.anchors, time.full) == (None, None)
    assert "unknown" in time.basis


def test_a_changed_layer_costs_what_lies_behind_it() -> None:
    """First layer: all 10 ms; second: its three quarters. 17.5 ms a sweep."""
    net = project(Path("net.onnx"), perf_profiles=(perf(),))

    time = expected_time(net, ASKED, cores=1)

    assert time.full == pytest.approx(START_S + 0.0175 * 4 * 10)
    assert time.anchors == pytest.approx(START_S + 0.0175 * 2 * 2)
    assert "perf" in time.basis


def test_a_score_is_taken_of_all_samples_from_the_first_table_on() -> None:
    net = project(Path("net.onnx"), perf_profiles=(perf(),))

    time = expected_time(net, replace(ASKED, score="score.py:f1"), cores=1)

    assert time.anchors == pytest.approx(START_S + 0.0175 * 2 * 10)


def test_batch_and_threads_count() -> None:
    wide = perf(batch=8, environment=examples.environment(threads=2))
    net = project(Path("net.onnx"), perf_profiles=(wide,))

    time = expected_time(net, ASKED, cores=9)

    assert time.full == pytest.approx(START_S + 0.0175 * 4 * 10 * 2 / 8)


def test_layers_without_a_time_are_taken_for_the_whole_model() -> None:
    net = project(Path("net.onnx"), perf_profiles=(perf(layers=()),))

    assert expected_time(net, ASKED, cores=1).full == pytest.approx(START_S + 0.02 * 4 * 10)


def test_an_earlier_profile_tells_better_and_counts_more_samples_and_levels() -> None:
    net = project(Path("net.onnx"), perf_profiles=(perf(),), loss_profiles=(earlier(),))

    time = expected_time(net, replace(ASKED, schemes=(), samples=20), cores=1)

    assert time.full == pytest.approx(START_S + 40 / 4 / 10 * 3 * 20)
    assert time.basis == "how long loss took"


def test_one_that_was_resumed_took_longer_than_its_last_part() -> None:
    resumed = earlier(wall_s=1.0, cpu_s=80.0)
    net = project(Path("net.onnx"), loss_profiles=(resumed,))

    assert expected_time(net, ASKED, cores=2).full == pytest.approx(START_S + 40)


@pytest.mark.parametrize(
    "changes",
    [
        {"stage": "levels"},
        {"model_digest": "another"},
        {"request": replace(ASKED, anchors_only=True)},
        {"method": "magnitude", "request": None},
    ],
)
def test_profiles_that_tell_nothing_are_passed_over(changes: dict[str, Any]) -> None:
    net = project(Path("net.onnx"), loss_profiles=(earlier(), earlier(name="odd", **changes)))

    assert expected_time(net, ASKED, cores=1).basis == "how long loss took"
