from __future__ import annotations

from sparsify_tui.core.model import LayerId
from sparsify_tui.core.profile import LayerTime
from sparsify_tui.tui.loss.entries import entries_of
from tests.core import examples
from tests.tui.loss.profiles import measured, one_shot, unmeasured


def test_layers_keep_graph_order_and_what_the_model_lost_comes_last():
    model = examples.model_of(
        examples.layer("a"), examples.layer("norm", prunable=False), examples.layer("b")
    )
    profile = one_shot(measured("gone"), measured("b"), measured("a"))
    entries = entries_of(model, profile, None)
    assert [one.key for one in entries] == ["a", "b", "gone"]
    assert (entries[2].label, entries[2].op_type, entries[2].params) == ("gone", "", None)


def test_a_layer_that_cannot_be_pruned_is_there_when_the_profile_tells_of_it():
    model = examples.model_of(examples.layer("a"), examples.layer("lstm", prunable=False))
    entries = entries_of(model, one_shot(measured("a"), unmeasured("lstm")), None)
    assert [one.key for one in entries] == ["a", "lstm"]


def test_a_layer_that_the_profile_does_not_know_has_no_loss():
    model = examples.model_of(examples.layer("a"), examples.layer("b"))
    assert entries_of(model, one_shot(measured("a")), None)[1].loss is None


def test_times_count_only_when_they_are_of_the_same_model():
    model, profile = examples.model_of(examples.layer("a")), one_shot(measured("a"))
    perf = examples.perf_profile(layers=(LayerTime(id=LayerId("a"), ms=6.0, share=0.6),))
    assert entries_of(model, profile, perf)[0].share == 0.6
    other = examples.perf_profile(model_digest="cd" * 32, layers=perf.layers)
    assert entries_of(model, profile, other)[0].ms is None
