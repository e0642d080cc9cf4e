from __future__ import annotations

from sparsify_tui.core.candidates import candidates, late_starts, probes
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.placement import Edge, MixModel

STEM, SQUEEZE, DEPTHWISE, HEAD = (LayerId(name) for name in ("stem", "squeeze", "dw", "head"))
GAINS = {STEM: 2.0, SQUEEZE: -0.1, DEPTHWISE: -0.2, HEAD: 1.0}
MODEL = MixModel(
    float_ms=10.0,
    gains_ms=GAINS,
    edges=(Edge(source=STEM, target=DEPTHWISE, elements=100_000),),
)
KINDS = {STEM: "spatial", SQUEEZE: "squeeze", DEPTHWISE: "depthwise", HEAD: "matrix"}


def test_all_layers_come_first_and_no_mix_comes_twice():
    found = candidates(MODEL, KINDS)
    assert found[0].layers == frozenset(GAINS)
    assert len({(one.layers, one.between) for one in found}) == len(found)
    assert all(one.layers for one in found)


def test_kinds_that_seldom_pay_are_left_out_of_a_mix_each():
    mixes = [one.layers for one in candidates(MODEL, KINDS)]
    assert frozenset(GAINS) - {SQUEEZE} in mixes
    assert frozenset((STEM, HEAD)) in mixes


def test_probes_are_scattered_and_the_same_each_time():
    layers = tuple(LayerId(f"layer{at}") for at in range(20))
    many = MixModel(float_ms=1.0, gains_ms=dict.fromkeys(layers, 0.1), edges=())
    found = probes(many)
    assert [len(one.layers) for one in found] == [5, 9, 13, 17]
    assert found == probes(many)
    assert found[0].layers != frozenset(layers[:5])


def test_a_model_of_one_layer_has_nothing_to_probe():
    assert probes(MixModel(float_ms=1.0, gains_ms={STEM: 0.1}, edges=())) == ()


def test_a_late_start_keeps_the_first_layers_exact():
    assert [len(one.layers) for one in late_starts(MODEL)] == [3, 2]
    assert all(STEM not in one.layers for one in late_starts(MODEL))
    one_layer = MixModel(float_ms=1.0, gains_ms={STEM: 0.1}, edges=())
    assert late_starts(one_layer) == ()
