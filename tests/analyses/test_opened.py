from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.core.model import Found
from sparsify_tui.core.options import RunOptions
from sparsify_tui.errors import InputError, UsageError
from tests.analyses.models import fixed_batch, on_tokens, saved, two_layers, with_state


def opened(path: Path, **more: object) -> Opened:
    return open_model(RunOptions(path=str(path), **more))  # type: ignore[arg-type]


def test_an_open_batch_is_the_one_asked_for(tmp_path: Path) -> None:
    model = opened(saved(two_layers(), tmp_path / "m.onnx"), batch=6)

    assert model.batch == 6
    assert model.feeds(6)["x"].shape == (6, 4)
    assert model.scoring_batch == 32


@pytest.mark.parametrize("key", ["n", "x:0"])
def test_a_size_given_for_the_first_axis_is_the_batch(tmp_path: Path, key: str) -> None:
    path = saved(two_layers(), tmp_path / "m.onnx")

    assert opened(path, dims=((key, 3),)).batch == 3
    with pytest.raises(UsageError, match="fixed at 3, so it cannot be 2"):
        opened(path, dims=((key, 3),), batch=2)


def test_a_batch_that_the_file_fixes_is_kept(tmp_path: Path) -> None:
    path = saved(fixed_batch(), tmp_path / "m.onnx")

    model = opened(path)
    assert (model.batch, model.scoring_batch) == (2, 2)
    assert model.feeds(2)["x"].shape == (2, 4)
    with pytest.raises(UsageError, match="fixed at 2, so it cannot be 8") as caught:
        opened(path, batch=8)
    assert "--batch 2" in caught.value.hint


def test_a_state_is_shaped_for_every_batch(tmp_path: Path) -> None:
    path = saved(with_state(), tmp_path / "m.onnx")

    for values in ((), (("state", 0.0), ("rate", 3.0))):
        model = opened(path, batch=1, values=values)
        for batch in (1, 5):
            feeds = model.feeds(batch)
            assert feeds["state"].shape == (2, batch, 3)
            (outputs,) = model.engine.open(path, threads=1).run(feeds)
            assert outputs.shape == (batch, 3)
        assert model.scoring_batch == 1


def test_the_environment_says_what_runs_where(tmp_path: Path) -> None:
    environment = opened(saved(two_layers(), tmp_path / "m.onnx"), threads=1).environment

    assert (environment.engine, environment.threads) == ("onnxruntime", 1)
    assert environment.cores >= 1
    assert environment.spinning
    assert environment.cpu
    assert np.all([environment.isa, environment.engine_version, environment.provider])


def test_a_model_that_refuses_guessed_sizes_names_them(tmp_path: Path) -> None:
    path = saved(with_state(), tmp_path / "m.onnx")
    refusal = InputError("It does not run.", "Try others.")

    with pytest.raises(InputError, match="does not run") as caught, opened(path).named_guesses():
        raise refusal
    assert "Guessed: --dim n=1 --value rate=0." in caught.value.hint
    assert "x float32 [n, 4], state float32 [2, n, 3], rate int64 scalar" in caught.value.hint

    known = opened(path, dims=(("n", 2),), values=(("rate", 1.0),))
    with pytest.raises(InputError) as caught, known.named_guesses():
        raise refusal
    assert caught.value.hint == "Try others."


def test_what_was_found_by_trying_holds_until_something_is_given(tmp_path: Path) -> None:
    path = saved(with_state(), tmp_path / "m.onnx")
    found = Found(dims=(("n", 3),), values=(("rate", 5.0),))

    model = opened(path, found=found)
    assert (model.batch, model.feeds(3)["rate"]) == (3, 5)
    given = opened(path, found=found, dims=(("n", 2),), values=(("rate", 6.0),))
    assert (given.batch, given.feeds(2)["rate"]) == (2, 6)


def test_with_data_a_batch_that_was_found_by_trying_binds_nothing(tmp_path: Path) -> None:
    path, data = saved(two_layers(), tmp_path / "m.onnx"), tmp_path / "d.npz"
    np.savez(data, x=np.zeros((7, 4), np.float32))

    model = opened(path, found=Found(dims=(("n", 3),)), data=str(data), batch=5)
    assert (model.batch, model.fixed_batch) == (5, None)


def test_samples_of_another_file_share_all_else(tmp_path: Path) -> None:
    path = saved(with_state(), tmp_path / "m.onnx")
    for count in (3, 6):
        state = np.zeros((count, 1, 3), np.float32)
        np.savez(tmp_path / f"{count}.npz", x=np.zeros((count, 4), np.float32), state=state)
    model = opened(path, data=str(tmp_path / "3.npz"), values=(("rate", 2.0), ("state", 0.0)))

    other = model.samples_of(str(tmp_path / "6.npz"), model.batch)
    assert (model.samples.count, other.count) == (3, 6)
    assert other.constants["rate"] == 2
    assert model.samples_of(None, 4).is_made_up


def test_tokens_are_made_up_from_the_rows_of_their_table(tmp_path: Path) -> None:
    feeds = opened(saved(on_tokens(40), tmp_path / "m.onnx")).feeds(8)

    assert feeds["ids"].max() > 30
    assert (feeds["mask"] == 1).all()
