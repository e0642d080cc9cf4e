from __future__ import annotations

import numpy as np
import onnx
import onnxruntime

from sparsify_tui.onnxio.blank import INPUT, blank_chain, matrix_product


def test_the_chain_is_valid_and_keeps_all_its_kernels_when_optimized(tmp_path) -> None:
    chain = blank_chain(6)
    onnx.checker.check_model(chain)
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    session = onnxruntime.InferenceSession(chain.SerializeToString(), options)

    (value,) = session.run(None, {INPUT: np.float32([3])})

    assert value.tolist() == [3]
    assert len(onnx.load(tmp_path / "optimized.onnx").graph.node) == 6


def test_the_product_is_valid_and_sums_the_rows_of_what_it_is_fed() -> None:
    product = matrix_product(3)
    onnx.checker.check_model(product)
    session = onnxruntime.InferenceSession(product.SerializeToString())
    rows = np.arange(9, dtype=np.float32).reshape(3, 3)

    (sums,) = session.run(None, {INPUT: rows})

    assert sums.tolist() == [[3] * 3, [12] * 3, [21] * 3]
