from __future__ import annotations

import subprocess
import sys

import pytest

from sparsify_tui import engines
from sparsify_tui.engines import DEFAULT_ENGINE, ENGINES, EngineEntry, engine_of
from sparsify_tui.errors import MissingEngineError, UsageError


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
def test_an_engine_bears_the_name_it_is_listed_under(name: str) -> None:
    engine = engine_of(name)

    assert engine.name == name
    assert engine.version
    assert engine.provider == ENGINES[name].provider


@pytest.mark.parametrize("name", ENGINES)
def test_every_listed_engine_names_what_to_install(name: str) -> None:
    assert "pip install" in ENGINES[name].cure


def test_the_default_is_listed() -> None:
    assert engine_of().name == DEFAULT_ENGINE


def test_an_unknown_engine_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="no engine 'warp'") as caught:
        engine_of("warp")

    assert caught.value.hint.startswith("Known: onnxruntime, ")


@pytest.mark.parametrize(
    "entry",
    [
        EngineEntry("warp_drive_that_nobody_has:Warp", "CPU", "pip install warp"),
        EngineEntry(ENGINES["onnxruntime"].place, "WarpExecutionProvider", "pip install warp"),
    ],
    ids=["runtime", "provider"],
)
def test_an_engine_that_is_not_installed_says_how_to_get_it(
    entry: EngineEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "ENGINES", {"warp": entry})

    with pytest.raises(MissingEngineError, match=r"The engine warp is missing: .+\.") as caught:
        engine_of("warp")

    assert caught.value.hint == "pip install warp"
    assert caught.value.exit_code == 3


def test_listing_the_engines_loads_none_of_them() -> None:
    code = (
        "import sys; from sparsify_tui.engines import ENGINES; assert ENGINES;"
        "sys.exit('onnxruntime' in sys.modules or 'openvino' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
