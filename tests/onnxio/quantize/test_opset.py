"""The operator set is raised by onnx, or by hand where no operator changed."""

from __future__ import annotations

import onnx
import pytest

from sparsify_tui.errors import ModelError
from sparsify_tui.onnxio.limits import opset_version
from sparsify_tui.onnxio.quantize.opset import raise_opset
from tests.onnxio.graphs_by_code import build, node
from tests.onnxio.quantize.nets import normal


def unconvertible(*nodes: onnx.NodeProto) -> onnx.ModelProto:
    """With an operator that onnx's converter knows nothing about."""
    foreign = node("Mystery", "x", "h", domain="acme")
    return build([foreign, *nodes], {"w": normal(8, 8)}, opset=11)


def test_what_is_new_enough_comes_back_itself() -> None:
    proto = build([node("Relu", "x", "y")], opset=13)
    assert raise_opset(proto) is proto


def test_operators_are_converted_and_the_model_stays_as_it_is() -> None:
    proto = build([node("Unsqueeze", "x", "y", axes=[1])], opset=11)
    raised = raise_opset(proto)
    assert (opset_version(raised), opset_version(proto)) == (13, 11)
    (unsqueeze,) = (n for n in raised.graph.node if n.op_type == "Unsqueeze")
    assert len(unsqueeze.input) == 2


def test_where_onnx_fails_operators_that_mean_the_same_are_declared_newer() -> None:
    raised = raise_opset(unconvertible(node("MatMul", "h w", "m"), node("Relu", "m", "y")))
    assert opset_version(raised) == 13
    assert [n.op_type for n in raised.graph.node] == ["Mystery", "MatMul", "Relu"]


@pytest.mark.parametrize(
    "changed",
    [
        node("Softmax", "h", "y"),  # another default axis
        node("Unsqueeze", "h", "y", axes=[1]),  # an attribute became an input
        node("ImageScaler", "h", "y", scale=2.0),  # no longer there
    ],
    ids=lambda changed: changed.op_type,
)
def test_where_onnx_fails_a_changed_operator_is_the_reason(changed: onnx.NodeProto) -> None:
    with pytest.raises(ModelError, match=f"which int8 needs: {changed.op_type} changed"):
        raise_opset(unconvertible(node("MatMul", "h w", "m"), changed))


def test_domains_are_kept() -> None:
    proto = build([node("Relu", "x", "y")], opset=11)
    proto.opset_import.append(onnx.helper.make_opsetid("com.acme", 3))
    assert {(entry.domain, entry.version) for entry in raise_opset(proto).opset_import} == {
        ("", 13),
        ("com.acme", 3),
    }
