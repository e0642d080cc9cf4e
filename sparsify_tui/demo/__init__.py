"""A small trained model with its data: a digit classifier on MNIST images."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent

MODEL = _HERE / "digits.onnx"
CALIBRATION = _HERE / "digits_calib.npz"
TEST = _HERE / "digits_test.npz"
PROJECT = "demo-digits"
DESCRIPTION = "Digit classifier, trained on MNIST images; ships with sparsify-tui."
