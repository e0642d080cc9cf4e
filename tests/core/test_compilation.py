from __future__ import annotations

from dataclasses import replace

from sparsify_tui.core.changes import Changes
from sparsify_tui.core.channels.edits import with_channels
from sparsify_tui.core.compilation import compile_recipe
from sparsify_tui.core.model import LayerId, Model
from sparsify_tui.core.modifiers import Epochs, LearningRate, Pruning, Quantization
from sparsify_tui.core.optimization import Optimization, adopt_placement, set_quantized
from tests.core.channel_examples import NET, analysis, group, net_map
from tests.core.examples import layer, level, model_of, placement, plan_of


def test_a_recipe_holds_all_entries_and_notes_what_it_leaves_out() -> None:
    model = model_of(layer("a"), layer("b", module_path=None), layer("c"))
    recipe = compile_recipe(
        plan_of(Epochs(), Pruning(layers=(level("a", 0.5),)), LearningRate()), model
    )

    assert [entry.tag for entry in recipe.entries] == [
        "EpochRangeModifier",
        "GMPruningModifier",
        "SetLearningRateModifier",
    ]
    assert recipe.notes == (
        "2 of 3 layers stay dense and are left out",
        "1 weights have no PyTorch name in this file: their ONNX names are used",
    )


def test_a_recipe_of_a_flawless_plan_has_no_notes() -> None:
    plan = plan_of(Epochs(), Pruning(layers=(level("a", 0.5),)))

    assert compile_recipe(plan, model_of(layer("a"))).notes == ()


def tuned(*names: str) -> Optimization:
    return plan_of(Epochs(), Quantization(layers=tuple(map(LayerId, names)), start_epoch=1.0))


def test_int8_without_pruning_says_nothing_of_dense_layers() -> None:
    recipe = compile_recipe(tuned("a"), model_of(layer("a"), layer("b")))

    assert [entry.tag for entry in recipe.entries] == [
        "EpochRangeModifier",
        "QuantizationModifier",
    ]
    assert recipe.notes == ()


def test_int8_layers_that_a_recipe_cannot_name_are_named_in_its_notes() -> None:
    model = model_of(layer("a"), *(layer(f"b{at}", module_path=None) for at in range(12)))

    (note,) = compile_recipe(tuned("a", "b1", "b3"), model).notes
    assert note == "2 int8 layers have no PyTorch name in this file and are left out: b1, b3"
    (note,) = compile_recipe(tuned(*(f"b{at}" for at in range(12))), model).notes
    assert note.endswith("b8, b9 and 2 more")


def test_a_rewriting_that_the_search_found_to_matter_is_noted() -> None:
    found = placement(changes=Changes(int8=(LayerId("a"),), respelled=True))
    plan = adopt_placement(plan_of(Epochs()), found)
    model = model_of(layer("a"), layer("b"))

    (note,) = compile_recipe(plan, model).notes
    assert "slow spellings" in note
    assert compile_recipe(set_quantized(plan, ["b"], on=True), model).notes == ()


def notes_of_channels(plan: Optimization, model: Model = NET) -> tuple[str, ...]:
    return compile_recipe(plan, model).notes


def test_masks_of_channels_are_said_to_make_nothing_smaller() -> None:
    (note,) = notes_of_channels(with_channels(plan_of(), analysis(), 0.5))

    assert "make nothing smaller" in note
    assert notes_of_channels(with_channels(plan_of(Epochs()), analysis())) == (
        "no layer is pruned or computes in int8",
    )


def test_groups_that_a_recipe_cannot_say_are_named_with_the_reason() -> None:
    groups = tuple(group(f"g{at}", 8, "stem", "", fixed=(0,)) for at in range(12))
    plan = with_channels(plan_of(), analysis(net_map(groups=groups)), 0.5)

    first, *_, more, last = notes_of_channels(plan)

    assert first.startswith("the channels of g0 are left out: some of its units must stay")
    assert more == "2 more groups of channels are left out"
    assert "make nothing smaller" in last


def test_masked_weights_without_a_pytorch_name_are_counted() -> None:
    model = model_of(*(replace(one, module_path=None) for one in NET.layers))

    assert "3 weights have no PyTorch name" in "".join(
        notes_of_channels(with_channels(plan_of(), analysis(), 0.5), model)
    )


def test_weights_with_both_kinds_of_zeros_are_told_of() -> None:
    zeros = plan_of(Pruning(layers=(level("one", 0.5),), start_epoch=1.0))

    notes = notes_of_channels(with_channels(zeros, analysis(), 0.5))

    assert any("both kinds of zeros" in note for note in notes)
