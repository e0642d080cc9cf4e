from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from sparsify_tui.core.model import LayerId
from sparsify_tui.core.modifiers import Epochs, LearningRate, Pruning, Quantization
from sparsify_tui.core.recipe import RecipeEntry
from sparsify_tui.errors import ExportError
from sparsify_tui.export import recipe_yml
from sparsify_tui.export.recipe_yml import recipe_text
from tests.core.examples import layer, level, model_of, plan_of
from tests.export.hostile import HOSTILE_NAMES

PLAN = plan_of(
    Epochs(end_epoch=53.0),
    Pruning(
        layers=(level("a", 0.5), level("b", 0.9)),
        start_epoch=1.0,
        end_epoch=31.0,
        update_frequency=0.75,
    ),
    LearningRate(rate=0.0505, decay_epoch=31.0, decay_rate=0.012625, step_epochs=6, end_epoch=53.0),
)
GOLDEN = """\
# half: made with sparsify-tui for net.onnx
# model sha256 abababababababababababababababababababababababababababababababab
# note: 1 of 3 layers stay dense and are left out
version: 1.1.0

modifiers:
  - !EpochRangeModifier
    start_epoch: 0.0
    end_epoch: 53.0

  - !GMPruningModifier
    start_epoch: 1.0
    end_epoch: 31.0
    update_frequency: 0.75
    init_sparsity: 0.05
    final_sparsity:
      0.5:
      - a.weight
      0.9:
      - b.weight
    params: []
    inter_func: cubic
    leave_enabled: true
    mask_type: unstructured

  - !SetLearningRateModifier
    start_epoch: 0.0
    learning_rate: 0.0505

  - !LearningRateModifier
    start_epoch: 31.0
    end_epoch: 53.0
    lr_class: StepLR
    lr_kwargs:
      step_size: 6
      gamma: 0.25
    init_lr: 0.012625

"""


class SparseMLLoader(yaml.SafeLoader):
    """Keeps a modifier as its mapping, with the class under `class`."""


def _modifier(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    assert isinstance(node, yaml.MappingNode)
    return {"class": suffix, **loader.construct_mapping(node, deep=True)}


SparseMLLoader.add_multi_constructor("!pytorch.", _modifier)


def read_as_sparseml(text: str) -> list[dict[str, Any]]:
    """Rewrites class tags by lines, anywhere, as SparseML 1.8.0 does before it parses."""
    tag = re.compile(r"!(?P<name>(?!.*\.)[a-zA-Z_][a-zA-Z^._0-9]+)")
    document = yaml.load(tag.sub(r"!pytorch.\g<name>", text), Loader=SparseMLLoader)
    assert document["version"] == "1.1.0"
    modifiers: list[dict[str, Any]] = document["modifiers"]
    return modifiers


def parameters(entry: str) -> list[str]:
    """The names that SparseML would find for an entry, of those in `HOSTILE_NAMES`."""
    if entry.startswith("re:"):
        return [name for name in HOSTILE_NAMES if re.match(entry[3:], name)]
    assert not (entry.startswith("eval(") and entry.endswith(")"))
    return [name for name in HOSTILE_NAMES if name == entry]


def test_the_text_is_the_one_that_was_trained_with() -> None:
    assert recipe_text(model_of(layer("a"), layer("b"), layer("c")), PLAN) == GOLDEN


def test_sparseml_reads_what_was_meant() -> None:
    epochs, pruning, constant, decay = read_as_sparseml(GOLDEN)

    assert epochs == {"class": "EpochRangeModifier", "start_epoch": 0.0, "end_epoch": 53.0}
    assert pruning["final_sparsity"] == {0.5: ["a.weight"], 0.9: ["b.weight"]}
    assert constant["learning_rate"] == 0.0505
    assert decay["lr_kwargs"] == {"step_size": 6, "gamma": 0.25}


def test_a_tag_stands_alone_on_its_line() -> None:
    tags = [line for line in GOLDEN.splitlines() if "!" in line]

    assert len(tags) == 4
    assert all(re.fullmatch(r"  - !\w+", line) for line in tags)


@pytest.mark.parametrize("levels", [(0.5, 0.5), (0.5, 0.9)], ids=["params", "mapping"])
@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=ascii)
def test_a_hostile_weight_is_named_and_nothing_else(name: str, levels: tuple[float, float]) -> None:
    model = model_of(layer("a", weight=name), layer("b"))
    plan = plan_of(Pruning(layers=(level("a", levels[0]), level("b", levels[1]))))

    (pruning,) = read_as_sparseml(recipe_text(model, plan))

    listed = pruning["params"] or pruning["final_sparsity"][0.5]
    assert parameters(listed[0]) == [name]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=ascii)
def test_hostile_names_of_plan_and_file_stay_in_their_comment(name: str) -> None:
    plan = plan_of(Pruning(layers=(level("a", 0.5),)), name=name)

    text = recipe_text(model_of(layer("a"), path=f"/models/{name}"), plan)

    assert [one["class"] for one in read_as_sparseml(text)] == ["GMPruningModifier"]
    assert text.splitlines()[2].startswith("version:")
    assert text.replace("\n", "").isprintable()


def test_a_plans_name_keeps_its_slash_and_the_file_loses_its_folder() -> None:
    plan = plan_of(Pruning(layers=(level("a", 0.5),)), name="50/50")

    assert recipe_text(model_of(layer("a")), plan).startswith(
        "# 50/50: made with sparsify-tui for net.onnx\n"
    )


def test_the_modules_that_round_to_int8_are_named() -> None:
    quantization = Quantization(
        layers=(LayerId("a"), LayerId("c")), start_epoch=2.0, observe_until=3.0, freeze_epoch=3.0
    )
    model = model_of(layer("a", module_path="layer1.0"), layer("b"), layer("c", module_path=None))

    text = recipe_text(model, plan_of(Epochs(end_epoch=4.0), quantization))
    _, entry = read_as_sparseml(text)

    assert entry["class"] == "QuantizationModifier"
    assert list(entry["scheme_overrides"]) == ["layer1.0"]
    assert entry["ignore"] == ["b"]
    assert entry["freeze_bn_stats_epoch"] == 3.0
    assert "# note: 1 int8 layers have no PyTorch name in this file and are left out: c\n" in text


def test_an_optimization_that_changes_nothing_has_no_recipe() -> None:
    with pytest.raises(ExportError, match="changes nothing"):
        recipe_text(model_of(layer("a")), plan_of(Pruning()))


def test_a_text_that_does_not_read_back_is_never_handed_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lossy(entry: RecipeEntry) -> list[str]:
        return [f"  - !{entry.tag}", "    start_epoch: 0.0", ""]

    monkeypatch.setattr(recipe_yml, "_entry_lines", lossy)

    with pytest.raises(ExportError, match="does not read back"):
        recipe_text(model_of(layer("a")), PLAN)
