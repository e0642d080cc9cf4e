from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sparsify_tui.engines import ENGINES
from tests.cli.driver import Commands


def test_doctor_lists_its_checks(run: Commands) -> None:
    answer = run.json("doctor")

    assert {check["name"] for check in answer["checks"]} >= {"onnx", "projects", *ENGINES}
    assert all(check.keys() == {"name", "ok", "detail", "hint"} for check in answer["checks"])
    assert all(check["ok"] for check in answer["checks"] if check["name"] not in ENGINES)
    assert all(bool(check["hint"]) is not check["ok"] for check in answer["checks"])


def test_doctor_is_content_without_the_engines_that_are_extras(
    run: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.delitem(sys.modules, "sparsify_tui.engines.openvino", raising=False)
    (line, cure) = _lines_about("openvino", run.ok("doctor").out)

    assert line.split()[:2] == ["-", "openvino"]
    assert "is missing" in line
    assert cure.strip() == "pip install sparsify-tui[openvino]"


def test_doctor_fails_without_the_default_engine(
    run: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.delitem(sys.modules, "sparsify_tui.engines.ort", raising=False)
    answer = run("doctor")

    assert answer.code == 1
    line, cure = _lines_about("onnxruntime", answer.out)
    assert line.split()[:2] == ["NO", "onnxruntime"]
    assert cure.strip() == "pip install onnxruntime"


def test_doctor_fails_where_nothing_can_be_saved(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    answer = Commands(home=tmp_path / "file" / "home")("doctor", "--json")

    (store,) = (check for check in answer.json["checks"] if check["name"] == "projects")
    assert answer.code == 1
    assert not store["ok"]
    assert "--home" in store["hint"]


def _lines_about(name: str, text: str) -> tuple[str, str]:
    lines = text.splitlines()
    at = next(at for at, line in enumerate(lines) if line[3:].split()[0] == name)
    return lines[at], lines[at + 1]
