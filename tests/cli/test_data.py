from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.analyses.models import saved
from tests.analyses.pictures import one_conv, picture
from tests.cli.driver import Commands


def test_a_weak_calibration_set_is_told_when_it_is_attached(
    run: Commands, small: Path, tmp_path: Path
) -> None:
    np.savez(tmp_path / "few.npz", x=np.random.default_rng(0).random((3, 4)))
    np.savez(tmp_path / "good.npz", x=np.random.default_rng(0).random((64, 4)))

    weak = run.ok("data", "add", small, tmp_path / "few.npz")
    assert "as calibration it is weak: only 3 samples" in weak.err
    assert "as calibration" not in run.ok("data", "add", small, tmp_path / "good.npz").err


def test_images_are_read_as_the_options_say_and_data_keeps_them(
    run: Commands, tmp_path: Path
) -> None:
    model = saved(one_conv(), tmp_path / "conv.onnx")
    for seed in range(20):
        picture(tmp_path / "images" / f"{seed}.png", seed)

    added = run.ok(
        "data", "add", model, tmp_path / "images", "--mean", "0.1,0.2,0.3", "--std", "0.5",
        "--scale", "0..1", "--layout", "nchw", "--resize", "stretch",
    )  # fmt: skip
    assert "RGB, stretched to 8x8, nchw, pixels 0..1, mean 0.1,0.2,0.3, std 0.5" in added.err
    run.ok(
        "profile", "perf", model, "--data", tmp_path / "images", "--seconds", 0.1, "--no-channels"
    )

    (kept,) = run.json("data", "list", "conv")["data"]
    assert kept["images"]["mean"] == [0.1, 0.2, 0.3]
    assert (kept["images"]["resize"], kept["role"]) == ("stretch", "calibration")
    assert "stretched to 8x8" in run.ok("data", "list", "conv").out


def test_options_of_images_are_checked(run: Commands, small: Path, tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")

    wrong = run("data", "add", small, tmp_path / "images", "--std", "0")
    assert (wrong.code, "--std" in wrong.err) == (2, True)
    assert (
        "no input could take them: x is float32 1x4"
        in run("data", "add", small, tmp_path / "images").err
    )


def test_a_test_set_is_no_calibration_set_as_well(
    run: Commands, small: Path, tmp_path: Path
) -> None:
    samples = np.random.default_rng(0).random((20, 4))
    np.savez(tmp_path / "d.npz", x=samples, labels=np.arange(20) % 3)
    run.ok("data", "add", small, tmp_path / "d.npz")

    refused = run("data", "add", small, tmp_path / "d.npz", "--role", "calibration")
    assert refused.code == 1
    assert "are in the test set d.npz, too" in refused.err
    assert [one["role"] for one in run.json("data", "list", "small")["data"]] == ["test"]
