from __future__ import annotations

from dataclasses import replace

import pytest

from sparsify_tui.core.model import LayerId
from sparsify_tui.core.modifiers import Pruning, Quantization
from sparsify_tui.tui.outlook import plan_detail
from tests.core import examples
from tests.tui.loss.profiles import measured, one_shot, unmeasured


def told(level: float, loss, *, int8: bool = False, structure: str = "unstructured") -> str:
    pruning = Pruning(layers=(examples.level("a", level),), structure=structure)
    int8_layers = (LayerId("a"),) if int8 else ()
    plan = examples.plan_of(pruning, Quantization(layers=int8_layers))
    return plan_detail(examples.layer("a"), plan, loss, None).plain


@pytest.mark.parametrize(
    ("level", "text"),
    [
        (0.8, "KL divergence 0.400"),
        (0.85, "KL divergence ~0.567"),
        (0.0, "KL divergence 0.000"),
    ],
)
def test_a_loss_that_was_not_measured_at_this_level_has_a_tilde(level, text):
    assert text in told(level, one_shot(measured("a")))


def test_a_loss_of_another_structure_is_only_an_estimate():
    assert "KL divergence ~0.400" in told(0.8, one_shot(measured("a")), structure="2:4")


def test_what_the_weights_alone_say_is_named_and_never_called_measured():
    assert "removed weight energy 0.100" in told(
        0.5, examples.loss_profile(examples.layer_loss("a"))
    )


def test_a_layer_in_int8_tells_what_that_loses_as_far_as_it_is_known():
    profile = one_shot(measured("a"))
    assert "in int8 0.020" in told(0.8, profile, int8=True)
    assert "in int8" not in told(0.8, profile)
    assert "in int8" not in told(0.8, replace(profile, schemes=("int8",)), int8=True)


def test_without_a_value_it_says_so():
    assert "KL divergence: not measured" in told(0.8, one_shot(unmeasured("a")))
    assert "no loss profile" in told(0.8, None)
