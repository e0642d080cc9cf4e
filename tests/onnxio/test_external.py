from __future__ import annotations

import os

import numpy as np
import pytest
from onnx import TensorProto

from sparsify_tui.errors import ModelError
from tests.onnxio.graphs_by_code import build, constant, load, node, random


def external(weight, /, **entries):
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=weight.shape)
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in entries.items():
        tensor.external_data.add(key=key, value=str(text))
    proto = build([node("MatMul", "x w", "y")])
    proto.graph.initializer.append(tensor)
    return proto


def test_data_beside_the_model_is_read_at_its_offset_and_counted(tmp_path):
    weight = random(8, 4)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "data.bin").write_bytes(bytes(64) + weight.tobytes() + bytes(9))
    proto = external(weight, location="sub/data.bin", offset=64, length=weight.nbytes)
    loaded = load(proto, tmp_path)
    np.testing.assert_array_equal(loaded.constants.stored("w"), weight)
    assert loaded.bytes == loaded.path.stat().st_size + weight.nbytes


def test_offset_and_length_may_be_left_out(tmp_path):
    weight = random(8, 4)
    (tmp_path / "data.bin").write_bytes(weight.tobytes())
    loaded = load(external(weight, location="data.bin"), tmp_path)
    np.testing.assert_array_equal(loaded.constants.stored("w"), weight)


def test_a_constant_node_may_have_external_data_too(tmp_path):
    weight = random(8, 4)
    (tmp_path / "data.bin").write_bytes(weight.tobytes())
    proto = build([constant("w", weight), node("MatMul", "x w", "y")])
    proto.graph.node[0].attribute[0].t.CopyFrom(
        external(weight, location="data.bin").graph.initializer[0]
    )
    np.testing.assert_array_equal(load(proto, tmp_path).constants.stored("w"), weight)


@pytest.mark.parametrize(
    ("entries", "cause"),
    [
        ({"location": "missing.bin"}, "Cannot open missing.bin"),
        ({"location": "../secret.bin"}, "no proper file name"),
        ({"location": "sub/../../secret.bin"}, "no proper file name"),
        ({"location": "/etc/passwd"}, "no proper file name"),
        ({"location": ""}, "no proper file name"),
        ({"location": "."}, "no proper file name"),
        ({}, "no proper file name"),
        ({"location": "link.bin"}, "outside the model's folder"),
        ({"location": "hard.bin"}, "hard links"),
        ({"location": "pipe.bin"}, "not a plain file"),
        ({"location": "small.bin"}, "too short"),
        ({"location": "data.bin", "offset": 9}, "too short"),
        ({"location": "data.bin", "offset": -8}, "where it cannot be"),
        ({"location": "data.bin", "offset": "abc"}, "where it cannot be"),
        ({"location": "data.bin", "length": 9}, "where it cannot be"),
        ({"location": "data.bin", "length": "9" * 5000}, "where it cannot be"),
        ({"location": "nul\0byte"}, "cannot be found"),
    ],
)
def test_data_that_is_not_a_whole_plain_file_below_the_model_is_refused(tmp_path, entries, cause):
    (tmp_path / "secret.bin").write_bytes(bytes(128))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "data.bin").write_bytes(bytes(128))
    (folder / "small.bin").write_bytes(bytes(127))
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    (folder / "hard.bin").hardlink_to(tmp_path / "secret.bin")
    os.mkfifo(folder / "pipe.bin")
    with pytest.raises(ModelError, match=cause):
        load(external(random(8, 4), **entries), folder)


def test_a_link_inside_the_folder_is_followed(tmp_path):
    weight = random(8, 4)
    (tmp_path / "data.bin").write_bytes(weight.tobytes())
    (tmp_path / "link.bin").symlink_to("data.bin")
    loaded = load(external(weight, location="link.bin"), tmp_path)
    np.testing.assert_array_equal(loaded.constants.stored("w"), weight)
