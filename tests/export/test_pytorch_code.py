from __future__ import annotations

import ast

import pytest

from sparsify_tui.core.model import LayerId
from sparsify_tui.core.modifiers import Epochs, LearningRate, Pruning, Quantization
from sparsify_tui.export import EXPORTERS
from sparsify_tui.export.pytorch_code import integration_code
from tests.core.examples import layer, model_of, plan_of
from tests.export.hostile import HOSTILE_NAMES

TRAINED_LIKE_THIS = plan_of(Epochs(end_epoch=53.0), Pruning(), LearningRate(rate=0.0505))


def strings_of(code: str) -> list[str]:
    """The constants of the code, its docstrings first."""
    return [
        node.value
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def test_the_code_is_filled_in_with_epochs_and_rate() -> None:
    code = integration_code(model_of(layer("a")), TRAINED_LIKE_THIS)

    assert "for 53 epochs" in code
    assert "lr=0.0505," in code


def test_the_code_hands_the_recipe_over_as_text() -> None:
    code = integration_code(model_of(layer("a")), TRAINED_LIKE_THIS)

    assert "from_yaml(RECIPE.read_text())" in code
    assert EXPORTERS["sparseml"].filename in strings_of(code)


def test_without_a_rate_a_usual_one_is_used() -> None:
    assert "lr=0.01," in integration_code(model_of(layer("a")), plan_of(Pruning()))


def test_weights_without_a_pytorch_name_are_listed() -> None:
    foreign = [layer(f"l{i}", weight=f"onnx::Conv_{i}", module_path=None) for i in range(12)]

    code = integration_code(model_of(layer("a"), *foreign), TRAINED_LIKE_THIS)

    assert "    onnx::Conv_9\n    … and 2 more\n" in code
    assert "onnx::Conv_10" not in code
    assert "a.weight" not in code


def test_with_pytorch_names_nothing_is_listed() -> None:
    assert "no PyTorch name" not in integration_code(model_of(layer("a")), TRAINED_LIKE_THIS)


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=ascii)
def test_hostile_names_stay_in_the_docstring(name: str) -> None:
    plain = integration_code(model_of(layer("a", module_path=None)), TRAINED_LIKE_THIS)
    model = model_of(layer("a", weight=name, module_path=None))

    code = integration_code(model, plan_of(*TRAINED_LIKE_THIS.modifiers, name=name))

    assert strings_of(code)[1:] == strings_of(plain)[1:]
    assert code.replace("\n", "").isprintable()


def test_int8_brings_what_recent_pytorch_needs_and_nothing_else_does() -> None:
    tuned = plan_of(*TRAINED_LIKE_THIS.modifiers, Quantization(layers=(LayerId("a"),)))

    code = integration_code(model_of(layer("a")), tuned)

    assert "class QConfig(torch.ao.quantization.QConfig)" in code
    assert "QConfig" not in integration_code(model_of(layer("a")), TRAINED_LIKE_THIS)
    lines = code.splitlines()
    patched = next(at for at, line in enumerate(lines) if line.endswith("= QConfig"))
    assert lines.index(next(one for one in lines if "from sparseml" in one)) > patched
    ast.parse(code)


def test_the_model_is_in_training_mode_when_the_recipe_takes_hold_of_it() -> None:
    code = integration_code(model_of(layer("a")), TRAINED_LIKE_THIS)

    assert code.index(".train()") < code.index("manager.modify")
