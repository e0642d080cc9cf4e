from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.stages import stage_of


@pytest.mark.parametrize(
    ("label", "stage"),
    [
        ("layer1.0.conv1", "layer1"),
        ("layers.0.q", "layers.0"),
        ("encoder.layer.3.attention.query", "encoder.layer.3"),
        ("features.0.0", "features.0"),
        ("model/stages.0/blocks.1/conv", "model/stages.0"),
        ("stem.conv", "stem"),
        ("stem.0", "stem"),
        ("p2o.Conv.12", "p2o.Conv"),
        ("conv1", "conv1"),
        ("head", "head"),
        ("", ""),
    ],
)
def test_a_stage_is_what_a_label_names_first(label: str, stage: str) -> None:
    assert stage_of(label) == stage


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab1./", max_size=20))
def test_a_stage_is_a_beginning_of_its_label(label: str) -> None:
    assert label.startswith(stage_of(label))
    assert bool(stage_of(label)) == bool(label)
