from __future__ import annotations

import pytest

from sparsify_tui.core.fields import with_text
from sparsify_tui.core.training import OPTIMIZERS, TrainingSettings
from sparsify_tui.errors import UsageError


def test_nothing_need_be_known() -> None:
    assert TrainingSettings() == TrainingSettings(
        optimizer="", epochs=None, initial_lr=None, final_lr=None
    )


def test_what_is_known_is_typed_in() -> None:
    settings = TrainingSettings()
    for name, text in (("optimizer", "AdamW"), ("epochs", "90"), ("initial_lr", "1e-3")):
        settings = with_text(settings, name, text)

    assert settings == TrainingSettings(optimizer="AdamW", epochs=90, initial_lr=0.001)


@pytest.mark.parametrize(
    ("name", "text"), [("epochs", "0"), ("initial_lr", "0"), ("final_lr", "-1"), ("optimizer", "?")]
)
def test_what_cannot_be_is_refused(name: str, text: str) -> None:
    with pytest.raises(UsageError):
        with_text(TrainingSettings(), name, text)


def test_the_optimizer_may_stay_open() -> None:
    assert OPTIMIZERS[0] == ""
    assert with_text(TrainingSettings(optimizer="SGD"), "optimizer", "").optimizer == ""
