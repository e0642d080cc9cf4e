from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from sparsify_tui.analyses import chunks, suffix
from sparsify_tui.analyses.evaluate import Evaluator, evaluate_layer, evaluator_of, level_of
from sparsify_tui.analyses.loss_log import Item
from sparsify_tui.core.distances import distance_between
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.protocols import Array
from sparsify_tui.engines.ort import OnnxRuntime
from sparsify_tui.errors import DataError, InputError, ModelError
from sparsify_tui.onnxio.rewrite import prune_layers
from tests.analyses.losses import REQUEST, evaluator, samples, setup
from tests.analyses.models import (
    branches_at,
    divides_by_its_norm,
    fixed_batch,
    model,
    saved,
    tensor,
    two_layers,
    weight,
)
from tests.onnxio.grown import body


def items(
    found: Evaluator, layer: str, *changes: str, span: tuple[int, int] = (0, 6)
) -> list[Item]:
    return list(found.items(layer, changes, *span))


def only(found: Evaluator, layer: str, change: str) -> Item:
    (item,) = items(found, layer, change)
    return item


def test_a_change_is_a_level_or_a_scheme() -> None:
    assert level_of("0.85") == 0.85
    assert level_of("int8-w8a8") is None


@pytest.mark.parametrize("a_run", [1, 100, 1e9])
@pytest.mark.parametrize("metric", ["mse", "kl", "cosine", "agreement"])
def test_a_loss_is_that_of_the_pruned_model_run_as_a_whole(
    a_run: float, metric: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "_FLOPS_A_RUN", a_run)
    found = evaluator(
        saved(two_layers(), tmp_path / "m.onnx"),
        replace(REQUEST, metric=metric),
        data=samples(tmp_path / "d.npz"),
    )
    for layer in found.layers:
        pruned, _ = prune_layers(found.opened.loaded, found.opened.model, {LayerId(layer.id): 0.5})
        fed = {"x": np.load(tmp_path / "d.npz")["x"][:6]}
        base, changed = (
            OnnxRuntime().open(one.SerializeToString(), threads=1).run(fed)
            for one in (found.opened.loaded.proto, pruned)
        )
        item = only(found, layer.id, "0.5")

        assert len(item.terms) == 6
        assert found.distance.value(np.array(item.terms)) == pytest.approx(
            distance_between(metric, base, changed), rel=1e-4, abs=1e-12
        )


def test_rows_that_fill_up_the_last_batch_do_not_count(tmp_path: Path) -> None:
    found = evaluator(
        saved(fixed_batch(), tmp_path / "m.onnx"), data=samples(tmp_path / "d.npz", count=5)
    )

    (item,) = items(found, "y", "0.5", span=(0, 5))
    assert (found.chunk, found.count, len(item.terms)) == (2, 5, 5)


def test_samples_of_several_ranges_are_those_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "_FLOPS_A_RUN", 1)
    found = evaluator(
        saved(two_layers(), tmp_path / "m.onnx"),
        data=samples(tmp_path / "d.npz", labelled=True),
    )
    (whole,) = items(found, "a", "0.5")
    parts = [items(found, "a", "0.5", span=span)[0] for span in ((0, 2), (2, 4), (4, 6))]

    assert whole.terms == tuple(row for part in parts for row in part.terms)
    assert whole.correct == tuple(one for part in parts for one in part.correct)


def test_with_labels_each_sample_is_right_or_wrong(tmp_path: Path) -> None:
    data = samples(tmp_path / "d.npz", labelled=True)
    found = evaluator(saved(two_layers(), tmp_path / "m.onnx"), data=data)
    outputs = found.base(0, 6)[0]

    assert found.is_labelled
    assert found.correct(0, 6) == tuple(
        (outputs.argmax(axis=1) == [0, 1, 2, 0, 1, 2]).astype(float)
    )
    assert set(only(found, "a", "0.9").correct) <= {0.0, 1.0}


def test_an_output_that_is_not_a_number_is_never_right(tmp_path: Path) -> None:
    """argmax takes a NaN for the largest, at place 0."""
    data = samples(tmp_path / "d.npz", labelled=True)
    found = evaluator(saved(divides_by_its_norm(), tmp_path / "m.onnx"), data=data)
    item = only(found, "a", "1.0")

    assert "NaN" in item.reason
    assert item.correct == (0.0,) * 6
    assert all(None in row for row in item.terms)


def test_the_users_metric_sees_all_outputs_and_labels_at_once(tmp_path: Path) -> None:
    (tmp_path / "score.py").write_text(
        "def spread(outputs, labels):\n"
        "    assert outputs[0].shape == (6, 3) and list(labels) == [0, 1, 2, 0, 1, 2]\n"
        "    return outputs[0].std()\n"
    )
    found = evaluator(
        saved(two_layers(), tmp_path / "m.onnx"),
        replace(REQUEST, score=f"{tmp_path}/score.py:spread"),
        data=samples(tmp_path / "d.npz", labelled=True),
    )

    assert found.score_of_base(0, 6) == pytest.approx(found.base(0, 6)[0].std())
    assert only(found, "a", "0.9").score != found.score_of_base(0, 6)


def test_made_up_samples_are_few(tmp_path: Path) -> None:
    found = evaluator(saved(two_layers(), tmp_path / "m.onnx"), replace(REQUEST, samples=64))

    assert found.count == 8


def test_a_branch_that_does_not_run_is_not_measured(tmp_path: Path) -> None:
    path = saved(branches_at(3), tmp_path / "m.onnx")
    runs = evaluator(path, values=(("sr", 3.0),))
    (layer,) = runs.layers

    assert only(runs, layer.id, "0.5").terms
    assert runs.problem(layer) == ""


def two_branches() -> ModelProto:
    """`then` where the sum of x is huge, which it is not."""
    here = body(
        [helper.make_node("MatMul", ["x", "p"], ["a"])], "a", {"p": 1 + np.eye(4, dtype="f4")}
    )
    there = body([helper.make_node("MatMul", ["x", "q"], ["b"])], "b", {"q": np.eye(4, dtype="f4")})
    return model(
        [
            helper.make_node("ReduceSum", ["x"], ["sum"], keepdims=0),
            helper.make_node("Greater", ["sum", "huge"], ["c"]),
            helper.make_node("If", ["c"], ["y"], then_branch=here, else_branch=there),
        ],
        [tensor("x", "n", 4)],
        [tensor("y", "n", 4)],
        [numpy_helper.from_array(np.float32(1e9), "huge")],
    )


def test_of_two_branches_only_the_one_that_runs_is_measured(tmp_path: Path) -> None:
    found = evaluator(saved(two_branches(), tmp_path / "m.onnx"), data=samples(tmp_path / "d.npz"))
    by_weight = {layer.weight: layer for layer in found.layers}

    assert found.problem(by_weight["q"]) == ""
    assert "does not run" in found.problem(by_weight["p"])
    idle = only(found, by_weight["p"].id, "0.5")
    assert (idle.terms, "does not run" in idle.reason) == ((), True)


def test_zeros_in_a_branch_that_runs_are_measured(tmp_path: Path) -> None:
    proto = two_branches()
    zeros = proto.graph.node[2].attribute[0].g.initializer[0]
    assert zeros.name == "q"
    zeros.CopyFrom(numpy_helper.from_array(np.zeros((4, 4), np.float32), "q"))
    found = evaluator(saved(proto, tmp_path / "m.onnx"), data=samples(tmp_path / "d.npz"))

    assert found.problem(next(one for one in found.layers if one.weight == "q")) == ""


def test_shared_data_is_not_quantised_for_one_of_its_layers(tmp_path: Path) -> None:
    proto = model(
        [
            helper.make_node("MatMul", ["x", "w"], ["a"]),
            helper.make_node("MatMul", ["a", "w"], ["y"]),
        ],
        [tensor("x", "n", 4)],
        [tensor("y", "n", 4)],
        [weight("w", 4, 4)],
    )
    found = evaluator(saved(proto, tmp_path / "m.onnx"))

    both, weights = items(found, "a", "int8-w8a8", "int8")
    assert "apart from other layers" in both.reason
    assert weights.terms
    assert not weights.reason


def test_what_the_runtime_refuses_costs_only_that_item(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = evaluator(saved(two_layers(), tmp_path / "m.onnx"))
    outputs = suffix.ChangedWeight.outputs

    def refusing(self: suffix.ChangedWeight, *args: object, quantized_data: bool) -> object:
        if quantized_data:
            raise InputError("The runtime takes no such weight.")
        return outputs(self, *args, quantized_data=quantized_data)

    monkeypatch.setattr(suffix.ChangedWeight, "outputs", refusing)
    refused, good = items(found, "a", "int8-w8a8", "int8")

    assert (refused.reason, refused.terms) == ("The runtime takes no such weight.", ())
    assert good.terms


def test_data_that_the_model_refuses_is_no_fault_of_a_layer(tmp_path: Path) -> None:
    proto = model(
        [
            helper.make_node("Gather", ["table", "x"], ["e"]),
            helper.make_node("MatMul", ["e", "w"], ["y"]),
        ],
        [tensor("x", "n", 3, dtype=TensorProto.INT64)],
        [tensor("y", "n", 3, 2)],
        [weight("table", 5, 4), weight("w", 4, 2)],
    )
    np.savez(tmp_path / "d.npz", x=np.full((6, 3), 9))

    with pytest.raises((DataError, ModelError)):
        items(
            evaluator(saved(proto, tmp_path / "m.onnx"), data=str(tmp_path / "d.npz")), "y", "0.5"
        )


def counts_hits() -> ModelProto:
    """y = x·w, and the places of the entries above 0, of which there are more or fewer."""
    return model(
        [
            helper.make_node("MatMul", ["x", "w"], ["y"]),
            helper.make_node("Relu", ["y"], ["r"]),
            helper.make_node("NonZero", ["r"], ["hits"]),
        ],
        [tensor("x", "n", 4)],
        [tensor("y", "n", 4), tensor("hits", 2, None, dtype=TensorProto.INT64)],
        [weight("w", 4, 4)],
    )


def test_outputs_whose_size_depends_on_the_data_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing has to be joined where no metric asks for it; where one does, that is the reason."""
    monkeypatch.setattr(chunks, "_FLOPS_A_RUN", 1)
    path, data = saved(counts_hits(), tmp_path / "m.onnx"), samples(tmp_path / "d.npz")
    (tmp_path / "score.py").write_text("def one(outputs, labels):\n    return 1.0\n")

    assert len(only(evaluator(path, data=data), "y", "0.5").terms) == 6
    scored = evaluator(path, replace(REQUEST, score=f"{tmp_path}/score.py:one"), data=data)
    assert "depends on the sample" in only(scored, "y", "0.5").reason


def test_a_process_makes_one_evaluator_until_a_file_changes(tmp_path: Path) -> None:
    path = saved(two_layers(), tmp_path / "m.onnx")
    text = setup(path).to_text()
    first = evaluator_of(text)

    assert evaluator_of(text) is first
    saved(two_layers(scale=3.0), path)
    os.utime(path, (1, 1))
    assert evaluator_of(text).opened.model.sha256 != first.opened.model.sha256


def test_any_process_may_evaluate_a_layer(tmp_path: Path) -> None:
    one = setup(saved(two_layers(), tmp_path / "m.onnx"))

    found = evaluate_layer(one.to_text(), "a", ["0.5", "int8"], 0, 6)

    wanted = items(Evaluator(one), "a", "0.5", "int8")
    assert [replace(item, cpu_s=0) for item in found] == [replace(item, cpu_s=0) for item in wanted]
    assert all(item.cpu_s > 0 for item in found)


def test_another_model_at_the_same_path_is_refused(tmp_path: Path) -> None:
    found = setup(saved(two_layers(), tmp_path / "m.onnx"), REQUEST)

    with pytest.raises(ModelError, match="another file here"):
        evaluate_layer(replace(found, digest="ab" * 32).to_text(), "a", ("0.5",), 0, 2)


def test_a_metric_that_fails_is_the_reason_of_its_item(tmp_path: Path) -> None:
    file = tmp_path / "score.py"
    file.write_text("def half(outputs, labels):\n    return 1 / float((outputs[0] != 0).any())\n")
    found = evaluator(
        saved(two_layers(), tmp_path / "m.onnx"),
        replace(REQUEST, score=f"{file}:half", levels=(0.5, 1.0)),
        data=samples(tmp_path / "d.npz"),
    )
    last = found.layers[-1].id

    assert only(found, last, "0.5").score == 1.0
    assert "half failed: ZeroDivisionError" in only(found, last, "1.0").reason


@pytest.mark.parametrize("labels", [np.linspace(0.1, 9, 12), np.arange(12) + 5])
def test_labels_that_are_no_classes_make_no_answer_right(labels: Array, tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    np.savez(tmp_path / "d.npz", x=x, labels=labels)
    found = evaluator(saved(two_layers(), tmp_path / "m.onnx"), data=str(tmp_path / "d.npz"))

    assert not found.is_labelled
    assert found.correct(0, 6) == only(found, "a", "0.5").correct == ()


def test_classes_may_be_stored_as_floats(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    np.savez(tmp_path / "d.npz", x=x, labels=np.arange(12.0) % 3)

    found = evaluator(saved(two_layers(), tmp_path / "m.onnx"), data=str(tmp_path / "d.npz"))
    assert found.is_labelled


def test_int8_inputs_have_the_range_of_all_samples_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are run together."""
    path, data = saved(two_layers(), tmp_path / "m.onnx"), samples(tmp_path / "d.npz")
    together = [only(evaluator(path, data=data), layer, "int8-w8a8") for layer in ("a", "y")]
    monkeypatch.setattr(chunks, "_FLOPS_A_RUN", 1)

    for item in together:
        alone = only(evaluator(path, data=data), item.layer, "int8-w8a8")
        assert np.array(alone.terms) == pytest.approx(np.array(item.terms), rel=1e-4, abs=1e-9)


def test_a_fixed_batch_makes_no_more_up_than_asked(tmp_path: Path) -> None:
    path = saved(fixed_batch(), tmp_path / "m.onnx")

    assert evaluator(path, replace(REQUEST, samples=64)).samples.count == 8
    assert evaluator(path, replace(REQUEST, samples=3)).samples.count == 4


def test_other_data_at_the_same_path_is_refused(tmp_path: Path) -> None:
    data = samples(tmp_path / "d.npz")
    one = setup(saved(two_layers(), tmp_path / "m.onnx"), data=data)
    digest = Evaluator(one).opened.model.sha256
    sent = replace(one, digest=digest, sizes=one.data_sizes()).to_text()
    os.utime(data, (1, 1))

    assert evaluate_layer(sent, "a", ("0.5",), 0, 2)
    samples(tmp_path / "d.npz", count=13)
    with pytest.raises(DataError, match="other data here"):
        evaluate_layer(sent, "a", ("0.5",), 0, 2)
