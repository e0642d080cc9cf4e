from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.analyses.metrics import HIGHEST_SQNR_DB, Scorer, load_metric, sqnr_db, top_k
from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.protocols import Array
from sparsify_tui.errors import UsageError
from tests.analyses.models import saved, two_layers

SCORE = """
def right(outputs, labels):
    return float((outputs[0].argmax(1) == labels).mean())

def no_number(outputs, labels):
    return float("nan")

def breaks(outputs, labels):
    raise KeyError("gone")

def samples(outputs, labels):
    assert labels is None
    return len(outputs[0])

four = 4
"""


@pytest.fixture
def plain(tmp_path: Path) -> Opened:
    """A model with 100 samples."""
    path, data = saved(two_layers(), tmp_path / "m.onnx"), tmp_path / "d.npz"
    x = np.random.default_rng(1).standard_normal((100, 4)).astype(np.float32)
    np.savez(data, x=x)
    return open_model(RunOptions(path=str(path), data=str(data)))


@pytest.fixture
def labelled(plain: Opened) -> Opened:
    """The same with labels, of which the model gets one in four wrong."""
    file = str(plain.options.data)
    x = np.load(file)["x"]
    (outputs,) = plain.engine.open(Path(plain.options.path), threads=1).run({"x": x})
    labels = outputs.argmax(axis=1)
    labels[::4] = (labels[::4] + 1) % 3
    np.savez(file, x=x, labels=labels)
    return open_model(plain.options)


@pytest.fixture
def negated(tmp_path: Path) -> Path:
    return saved(two_layers(scale=-1.0), tmp_path / "changed.onnx")


@pytest.fixture
def score(tmp_path: Path) -> Path:
    file = tmp_path / "score.py"
    file.write_text(SCORE)
    return file


def test_labels_make_the_metric_top_1_over_all_samples(labelled: Opened, negated: Path) -> None:
    scorer = Scorer(labelled)

    (same,) = scorer.changes(Path(labelled.options.path))
    (worse,) = scorer.changes(negated)

    assert (same.name, same.before, same.after) == ("top-1", 0.75, 0.75)
    assert worse.before == 0.75
    assert worse.after < 0.5


@pytest.mark.parametrize("labels", [np.linspace(0.1, 9, 100), np.arange(100)])
def test_labels_that_are_no_classes_make_no_top_1(
    plain: Opened, negated: Path, labels: Array
) -> None:
    file = str(plain.options.data)
    np.savez(file, x=np.load(file)["x"], labels=labels)

    first, *_ = Scorer(open_model(plain.options)).changes(negated)
    assert first.name == "agreement"


def test_without_labels_the_original_is_the_measure(plain: Opened, negated: Path) -> None:
    scorer = Scorer(plain)

    same = {one.name: (one.before, one.after) for one in scorer.changes(Path(plain.options.path))}
    worse = {one.name: (one.before, one.after) for one in scorer.changes(negated)}

    assert list(same) == ["agreement", "KL", "output error", "SQNR dB"]
    assert all(before == after for before, after in same.values())
    assert worse["agreement"][1] < 1
    assert worse["KL"][1] > 0
    assert worse["output error"][1] > 0
    assert worse["SQNR dB"][1] < HIGHEST_SQNR_DB


def test_outputs_that_do_not_vary_have_no_distance_but_noise(
    tmp_path: Path, plain: Opened, negated: Path
) -> None:
    dead = saved(two_layers(scale=0.0), tmp_path / "dead.onnx")
    scorer = Scorer(open_model(replace(plain.options, path=str(dead))))

    (same,) = scorer.changes(dead)
    (worse,) = scorer.changes(negated)

    assert (same.name, same.before, same.after) == ("SQNR dB", HIGHEST_SQNR_DB, HIGHEST_SQNR_DB)
    assert worse.after == -HIGHEST_SQNR_DB


def test_the_users_own_metric_comes_first(labelled: Opened, negated: Path, score: Path) -> None:
    own, top_1 = Scorer(labelled, f"{score}:right").changes(negated)

    assert own.name == "right"
    assert (own.before, own.after) == (top_1.before, top_1.after)


def test_the_users_own_metric_does_without_labels_and_sees_all_samples(
    plain: Opened, negated: Path, score: Path
) -> None:
    (own,) = Scorer(plain, f"{score}:samples").changes(negated)

    assert own.after == 100


@pytest.mark.parametrize(
    ("name", "said"), [("no_number", "gave nan"), ("breaks", "KeyError: 'gone'")]
)
def test_a_metric_that_fails_is_explained(
    labelled: Opened, negated: Path, score: Path, name: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        Scorer(labelled, f"{score}:{name}").changes(negated)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("score.py", "names no function"),
        ("score.py:", "names no function"),
        ("missing.py:right", "no file"),
        ("score.py:wrong", "no function wrong"),
        ("score.py:four", "no function four"),
        ("broken.py:right", "SyntaxError"),
        ("score.txt:right", "no Python file"),
    ],
)
def test_a_metric_that_cannot_be_loaded_is_explained(
    score: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.chdir(score.parent)
    Path("broken.py").write_text("def right(")
    Path("score.txt").write_text(SCORE)

    with pytest.raises(UsageError, match=said) as caught:
        load_metric(text)

    assert caught.value.hint


def test_top_5_counts_the_label_among_the_five_largest() -> None:
    scores = np.array([[7, 6, 5, 4, 3, 2, 1], [1, 2, 3, 4, 5, 6, 7]])

    assert top_k(scores, np.array([4, 4]), 5) == 1.0
    assert top_k(scores, np.array([5, 0]), 5) == 0.0


@settings(max_examples=30, deadline=None)
@given(st.floats(1e-3, 0.5))
def test_noise_of_a_given_share_has_its_decibels(share: float) -> None:
    base = np.ones((10, 4))

    assert sqnr_db([base], [base * (1 + share)]) == pytest.approx(-20 * np.log10(share))


def test_equal_outputs_have_the_highest_sqnr() -> None:
    base = np.zeros((2, 2))

    assert sqnr_db([base], [base]) == HIGHEST_SQNR_DB
    assert sqnr_db([base], [base + 1]) == -HIGHEST_SQNR_DB
