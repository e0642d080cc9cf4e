"""One sentence with the cause and the cure, no traceback, nothing half-written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.bad_input import DATA, FILES, HOMES, OUTPUTS, Bad, fill
from tests.cli.bad_usage import USAGE
from tests.cli.driver import Answer, Commands, in_a_process

CASES = {**FILES, **DATA, **HOMES, **OUTPUTS, **USAGE}
KEPT = {"nothing to prune", "nothing to profile", "an operator the runtime lacks"}
"""Models that can be read, so that their project stays."""


WITHOUT_JSON = {
    "a misspelt verb", "no terminal", "no terminal for a project", "no terminal for a model",
    "no profile yet", "a section of no one",
}  # fmt: skip


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models, and a home in which two have a plan and one has none."""
    folder = tmp_path_factory.mktemp("ground")
    fill(folder)
    run = Commands(home=folder / "home")
    run.ok("optimize", folder / "small.onnx")
    run.ok("projects", "rename", "small", "planned")
    run.ok("optimize", folder / "fragile.onnx", "--layer", "fc.weight=0.999")
    run.ok("settings", "set", folder / "bare.onnx", "epochs=3")
    return folder


@pytest.mark.parametrize("name", CASES)
def test_bad_input_gets_a_cause_and_a_cure_and_leaves_nothing_behind(
    ground: Path, name: str
) -> None:
    bad = CASES[name]
    words = bad.words(ground)
    before = _contents(ground)

    answer = _commands(ground, bad)(*words, *(() if name in WITHOUT_JSON else ("--json",)))

    _check_sentence(answer, bad)
    if name not in WITHOUT_JSON:
        assert answer.json.keys() == {"error"}
        assert answer.json["error"].keys() == {"message", "hint"}
        assert bad.says in answer.json["error"]["message"]
    assert name in KEPT or _contents(ground) == before, "nothing is half-written"


@pytest.mark.parametrize("name", [*HOMES, *OUTPUTS, *USAGE, "truncated", "data of another width"])
def test_without_json_standard_output_stays_empty(ground: Path, name: str) -> None:
    bad = CASES[name]

    answer = _commands(ground, bad)(*bad.words(ground))

    assert answer.out == ""
    _check_sentence(answer, bad)


@pytest.mark.parametrize(
    "name", ["truncated", "data of another width", "a home below a file", "a misspelt verb"]
)
def test_bad_input_ends_a_real_process_alike(ground: Path, name: str) -> None:
    bad = CASES[name]

    answer = in_a_process(ground / bad.home, *bad.words(ground))

    assert answer.out == ""
    _check_sentence(answer, bad)


def _commands(ground: Path, bad: Bad) -> Commands:
    return Commands(home=Path(bad.home) if bad.home.startswith("~") else ground / bad.home)


def _check_sentence(answer: Answer, bad: Bad) -> None:
    assert answer.code == bad.code, answer.err
    assert "Traceback" not in answer.err
    lines = [line for line in answer.err.splitlines() if not re.match(r"\w+: \d+/\d+ ", line)]
    assert lines[0].startswith("error: ")
    assert bad.says in lines[0]
    assert lines[0].endswith((".", "?", ".)", "?)"))
    assert all(line.startswith("  ") for line in lines[1:])
    assert len(lines) == 2 or bad.code == 2, "a failure comes with a cure"


def _contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
