from __future__ import annotations

from sparsify_tui.core.modifiers import Epochs
from tests.core.examples import model_of


def test_the_range_is_one_entry() -> None:
    (entry,) = Epochs(start_epoch=0.0, end_epoch=53.0).entries(model_of())

    assert entry.tag == "EpochRangeModifier"
    assert entry.args == (("start_epoch", 0.0), ("end_epoch", 53.0))


def test_a_training_must_end_after_it_starts() -> None:
    assert Epochs(start_epoch=0.0, end_epoch=1.0).problems() == ()
    assert Epochs(start_epoch=5.0, end_epoch=5.0).problems()
