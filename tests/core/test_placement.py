from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.model import LayerId
from sparsify_tui.core.placement import Edge, MixModel

A, B, C = LayerId("a"), LayerId("b"), LayerId("c")
CHAIN = (
    Edge(source=None, target=A, elements=1000),
    Edge(source=A, target=B, elements=2_000_000),
    Edge(source=B, target=C, elements=3_000_000),
    Edge(source=C, target=None, elements=10),
)
MODEL = MixModel(float_ms=10.0, gains_ms={A: 3.0, B: -1.0, C: 2.0}, edges=CHAIN)


def test_a_mix_costs_its_layers_own_times():
    assert MODEL.predict(()) == 10.0
    assert MODEL.predict((A, B, C)) == pytest.approx(6.0)
    assert MODEL.predict((A, C)) == pytest.approx(5.0)


def test_only_edges_between_an_int8_and_a_float_layer_cross():
    assert MODEL.crossing(()) == MODEL.crossing((A, B, C)) == 0
    assert MODEL.crossing((A,)) == 2_000_000
    assert MODEL.crossing((A, C)) == 5_000_000


def test_the_cheapest_mix_weighs_gains_against_boundaries():
    assert MODEL.cheapest() == {A, C}
    assert MODEL.cheapest(element_ns=0.3) == {A, B, C}


@given(st.floats(0, 2), st.floats(0, 3))
@settings(max_examples=40, deadline=None)
def test_a_fit_finds_the_factors_that_made_the_figures(element_ns: float, share_ms: float):
    truth = MixModel(
        float_ms=10.0,
        gains_ms=MODEL.gains_ms,
        edges=CHAIN,
        element_ns=element_ns,
        share_ms=share_ms,
    )
    mixes = [(A, B, C), (A,), (A, C), (B,)]
    fitted = MODEL.fitted((mix, truth.predict(mix)) for mix in mixes)
    assert fitted.element_ns == pytest.approx(element_ns, abs=1e-6)
    assert fitted.share_ms == pytest.approx(share_ms, abs=1e-6)


def test_a_fit_never_rewards_a_boundary():
    cheaper = [((A, C), 1.0), ((A, B, C), 6.0), ((A,), 2.0)]
    fitted = MODEL.fitted(cheaper)
    assert fitted.element_ns >= 0
    assert fitted.share_ms >= 0


def test_without_a_measured_mix_nothing_is_added():
    fitted = MODEL.fitted(())
    assert (fitted.element_ns, fitted.share_ms) == (0.0, 0.0)
