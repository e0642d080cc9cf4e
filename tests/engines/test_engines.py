from __future__ import annotations

import pytest

from sparsify_tui import engines
from sparsify_tui.engines import DEFAULT_ENGINE, ENGINES, engine_of
from sparsify_tui.errors import MissingEngineError, UsageError


@pytest.mark.parametrize("name", ENGINES)
def test_every_listed_engine_opens_under_its_name(name: str) -> None:
    engine = engine_of(name)

    assert engine.name == name
    assert engine.version
    assert engine.provider


def test_the_default_is_listed() -> None:
    assert engine_of().name == DEFAULT_ENGINE


def test_an_unknown_engine_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="no engine 'warp'") as caught:
        engine_of("warp")

    assert caught.value.hint == "Known: onnxruntime."


def test_an_engine_that_is_not_installed_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engines, "ENGINES", {"warp": "warp_drive_that_nobody_has:Warp"})

    with pytest.raises(MissingEngineError, match="warp cannot be loaded") as caught:
        engine_of("warp")

    assert caught.value.hint == "pip install warp"
    assert caught.value.exit_code == 3
