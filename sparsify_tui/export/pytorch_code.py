"""The few lines that put a recipe to work in the user's own PyTorch training."""

from __future__ import annotations

from sparsify_tui.core.model import Model
from sparsify_tui.core.modifiers import Epochs, LearningRate
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.text import clean_text
from sparsify_tui.export.narrow_code import narrow_code

_CODE = '''\
"""Trains with the recipe of {name}.

    pip install torch "sparseml==1.8.0" "sparsezoo==1.8.1" "setuptools<81"

SparseML refuses a path that ends in .yml, so the recipe is handed over as text.
{parameters}{narrowing}
"""

import math
{imports}from pathlib import Path

import torch
{int8_support}from sparseml.pytorch.optim import ScheduledModifierManager{lint}

RECIPE = Path(__file__).with_name("recipe.yml")


def train(model, loader, loss_function, device="cpu"{parameter}):
    """Trains `model` on batches (inputs, targets) of `loader`, for {epochs:g} epochs."""
    model.to(device).train()
    optimizer = torch.optim.SGD(model.parameters(), lr={rate:g}, momentum=0.9)
    manager = ScheduledModifierManager.from_yaml({recipe})
    optimizer = manager.modify(model, optimizer, steps_per_epoch=len(loader))
    for epoch in range(math.ceil(manager.max_epochs)):
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = loss_function(model(inputs.to(device)), targets.to(device))
            loss.backward()
            optimizer.step()
{silence}        print(f"epoch {{epoch + 1}}: loss {{loss.item():.4f}}")
    manager.finalize(model)
    return model
'''
_BY_MASKS = """

The recipe's masks of channels make nothing smaller by themselves. Either train with them, and
then cut what they have zeroed:

    train(model, loader, loss_function)
    narrow(model, inputs, kept_after_training(model))

or cut the channels of the optimization at once, and train what is left:
"""
_AT_ONCE = """

Cut the channels of the optimization first, and then train what is left; with int8 in it, a
recipe's masks cannot be cut out afterwards:
"""
_NARROWING = """
    narrow(model, inputs)
    train(model, loader, loss_function, recipe=narrow_recipe())

The weights that a closed-form repair has fitted are in the .onnx file of `apply` only."""
_SILENCE = """\
        if recipe is None:
            silence(model, inputs.to(device))
"""
_INT8_SUPPORT = '''

class QConfig(torch.ao.quantization.QConfig):
    """Takes the attribute that SparseML hangs on it, which recent PyTorch forbids."""


torch.quantization.QConfig = torch.ao.quantization.QConfig = QConfig

'''
_UNMAPPED = """
These weights have no PyTorch name in the ONNX file; the recipe holds their ONNX names, and
SparseML stops at the first that your model lacks:
"""
_MOST_NAMED = 10
_DEFAULT_RATE = 0.01


def integration_code(model: Model, optimization: Optimization) -> str:
    """A training function filled in with the optimization's epochs and rate."""
    epochs = optimization.find(Epochs) or Epochs()
    rate = optimization.find(LearningRate)
    narrowing = narrow_code(model, optimization.channels)
    code = _CODE.format(
        name=_inside_docstring(optimization.name),
        parameters=_parameters(model),
        lint="  # noqa: E402 - after the line above" if optimization.quantized else "",
        int8_support=_INT8_SUPPORT if optimization.quantized else "",
        epochs=epochs.end_epoch,
        rate=rate.rate if rate else _DEFAULT_RATE,
        narrowing=f"{_AT_ONCE if optimization.quantized else _BY_MASKS}{_NARROWING}"
        if narrowing
        else "",
        imports="import re\n" if narrowing else "",
        parameter=", recipe=None" if narrowing else "",
        silence=_SILENCE if narrowing and not optimization.quantized else "",
        recipe="recipe or RECIPE.read_text()" if narrowing else "RECIPE.read_text()",
    )
    return code + narrowing


def _parameters(model: Model) -> str:
    foreign = [layer.weight for layer in model.prunable if layer.module_path is None]
    if not foreign:
        return "The recipe names the parameters of the PyTorch model that the file came from."
    names = "\n".join(f"    {_inside_docstring(name)}" for name in foreign[:_MOST_NAMED])
    more = f"\n    … and {len(foreign) - _MOST_NAMED} more" if len(foreign) > _MOST_NAMED else ""
    return f"{_UNMAPPED}{names}{more}"


def _inside_docstring(text: str) -> str:
    """A name that can neither end the string nor be read as an escape."""
    return clean_text(text).replace("\\", "/").replace('"', "'")
