from __future__ import annotations

import pytest

from sparsify_tui.core.modifiers import Pruning
from sparsify_tui.errors import UsageError
from sparsify_tui.export import EXPORTERS, NOT_BUILT_YET, export_text, target_of
from sparsify_tui.export.pytorch_code import integration_code
from sparsify_tui.export.recipe_yml import recipe_text
from tests.core.examples import layer, level, model_of, plan_of

MODEL = model_of(layer("a"))
PLAN = plan_of(Pruning(layers=(level("a", 0.5),)))


def test_each_target_leads_to_its_function() -> None:
    assert export_text("sparseml", MODEL, PLAN) == recipe_text(MODEL, PLAN)
    assert export_text("pytorch", MODEL, PLAN) == integration_code(MODEL, PLAN)
    assert set(EXPORTERS) == {"sparseml", "pytorch"}


def test_a_target_says_what_its_file_is_called() -> None:
    assert target_of("sparseml").filename == "recipe.yml"
    assert target_of("pytorch").filename.endswith(".py")


@pytest.mark.parametrize("name", NOT_BUILT_YET)
def test_what_is_not_built_is_refused_not_ignored(name: str) -> None:
    with pytest.raises(UsageError, match="is not built yet"):
        target_of(name)


def test_an_unknown_target_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="'tflite' is unknown") as caught:
        export_text("tflite", MODEL, PLAN)

    assert caught.value.hint == "Built: sparseml, pytorch."
