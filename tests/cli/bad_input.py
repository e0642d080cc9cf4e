"""What users get wrong: each case makes its files and says what the answer must hold."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from tests.analyses.models import (
    divides_by_its_norm,
    model,
    nothing_to_prune,
    saved,
    saved_external,
    tensor,
    two_layers,
    weight,
)

Words = list[object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """A command line that must fail, given a folder with `small.onnx` in it."""

    says: str
    """Part of the message."""
    words: Callable[[Path], Words]
    code: int = 1
    home: str = "home"


_NUMBER = itertools.count()


def _new(folder: Path) -> Path:
    """A name that no project knows."""
    return folder / f"bad{next(_NUMBER)}.onnx"


def _file(content: bytes) -> Callable[[Path], Words]:
    def words(folder: Path) -> Words:
        path = _new(folder)
        path.write_bytes(content)
        return ["inspect", path]

    return words


def _proto(make: Callable[[], onnx.ModelProto]) -> Callable[[Path], Words]:
    return lambda folder: ["inspect", saved(make(), _new(folder))]


def _operator(name: str, opset: int = 17) -> onnx.ModelProto:
    return model(
        [helper.make_node(name, ["x"], ["y"])], [tensor("x", 2)], [tensor("y", 2)], opset=opset
    )


def _no_external(folder: Path) -> Words:
    path = saved_external(two_layers(), _new(folder))
    Path(f"{path}.data").unlink()
    return ["inspect", path]


def _external_elsewhere(folder: Path) -> Words:
    path = _with_data_outside(folder)
    proto = onnx.load(str(path), load_external_data=False)
    for one in proto.graph.initializer:
        next(e for e in one.external_data if e.key == "location").value = "../secret"
    path.write_bytes(proto.SerializeToString())
    return ["inspect", path]


def _link_elsewhere(folder: Path) -> Words:
    path = _with_data_outside(folder)
    Path(f"{path}.data").symlink_to(folder / "secret")
    return ["inspect", path]


def _with_data_outside(folder: Path) -> Path:
    (folder / "inner").mkdir(exist_ok=True)
    path = saved_external(two_layers(), _new(folder / "inner"))
    Path(f"{path}.data").replace(folder / "secret")
    return path


def _data(**arrays: np.ndarray) -> Callable[[Path], Words]:
    def words(folder: Path) -> Words:
        np.savez(folder / "bad.npz", **arrays)
        return ["profile", "perf", folder / "new.onnx", "--data", folder / "bad.npz"]

    return words


def _raw_data(content: bytes) -> Callable[[Path], Words]:
    def words(folder: Path) -> Words:
        (folder / "bad.npz").write_bytes(content)
        return ["profile", "perf", folder / "new.onnx", "--data", folder / "bad.npz"]

    return words


def _damaged_data(folder: Path) -> Words:
    np.savez_compressed(folder / "bad.npz", x=np.random.default_rng(0).random((500, 4)))
    raw = bytearray((folder / "bad.npz").read_bytes())
    raw[200:600] = b"\xff" * 400
    return _raw_data(bytes(raw))(folder)


def on(*words: object) -> Callable[[Path], Words]:
    """Words in which `@` stands for the folder."""
    return lambda folder: [str(word).replace("@", str(folder)) for word in words]


def _zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


FILES: Mapping[str, Bad] = {
    "missing file": Bad(says="no such file", words=on("inspect", "@/nope.onnx")),
    "a folder": Bad(says="is a folder", words=on("inspect", "@")),
    "a path through a file": Bad(says="not a directory", words=on("inspect", "@/small.onnx/m")),
    "a name too long": Bad(says="too long", words=on("inspect", "n" * 300)),
    "a device": Bad(says="not a plain file", words=on("inspect", "/dev/zero")),
    "empty": Bad(says="is empty", words=_file(b"")),
    "a page": Bad(says="HTML", words=_file(b"<!doctype html><h1>404</h1>")),
    "a checkpoint": Bad(says="zip archive", words=_file(b"PK\x03\x04" + bytes(100))),
    "noise": Bad(says="not an ONNX file", words=_file(b"\xfe\xdc" * 99)),
    "truncated": Bad(says="ends early", words=_file(two_layers().SerializeToString()[:150])),
    "unknown opset": Bad(says="operator set 9999", words=_proto(lambda: _operator("Relu", 9999))),
    "unknown operator": Bad(says="Frobnicate", words=_proto(lambda: _operator("Frobnicate"))),
    "external data missing": Bad(says=".onnx.data", words=_no_external),
    "external data outside": Bad(says="secret", words=_external_elsewhere),
    "external data behind a link": Bad(says="outside", words=_link_elsewhere),
    "nothing to prune": Bad(
        says="no prunable layer",
        words=lambda folder: ["optimize", saved(nothing_to_prune(), _new(folder))],
    ),
    "nothing to profile": Bad(
        says="no prunable layer",
        words=lambda folder: ["profile", "loss", saved(nothing_to_prune(), _new(folder))],
    ),
    "a new project for nothing": Bad(
        says="no such file", words=on("profile", "perf", "@/nope.onnx")
    ),
    "an operator the runtime lacks": Bad(
        says="does not load",
        words=lambda folder: [
            "profile",
            "perf",
            saved(_custom_operator(), _new(folder)),
        ],
    ),
}

DATA: Mapping[str, Bad] = {
    "data missing": Bad(
        says="no file", words=on("profile", "perf", "@/new.onnx", "--data", "@/nope.npz")
    ),
    "data in a folder without any": Bad(
        says="neither .npz", words=on("profile", "perf", "@/new.onnx", "--data", "@/empty")
    ),
    "data of another name": Bad(says="the input x", words=_data(image=_zeros(2, 4))),
    "data of another width": Bad(says="2x5", words=_data(x=_zeros(2, 5))),
    "data of another rank": Bad(says="2x4x1", words=_data(x=_zeros(2, 4, 1))),
    "data of another type": Bad(says="wants float32", words=_data(x=np.zeros((2, 4), complex))),
    "data without samples": Bad(says="no samples", words=_data(x=_zeros(0, 4))),
    "data with too few labels": Bad(
        says="different numbers", words=_data(x=_zeros(3, 4), labels=np.zeros(2, int))
    ),
    "labels that are words": Bad(
        says="labels", words=_data(x=_zeros(2, 4), labels=np.array(["a", "b"]))
    ),
    "data that is text": Bad(says="cannot be read as .npz", words=_raw_data(b"1,2,3\n")),
    "data that is empty": Bad(says="cannot be read as .npz", words=_raw_data(b"")),
    "damaged data": Bad(says="cannot be read as .npz", words=_damaged_data),
    "data that is a device": Bad(
        says="not a plain file",
        words=on("profile", "perf", "@/new.onnx", "--data", "/dev/zero"),
    ),
}

HOMES: Mapping[str, Bad] = {
    "a home below a file": Bad(
        says="not a folder", words=on("optimize", "@/small.onnx"), home="small.onnx/home"
    ),
    "a home that cannot be made": Bad(
        says="could not be saved", words=on("optimize", "@/small.onnx"), home="/proc/home"
    ),
    "a home of nobody": Bad(
        says="does not exist", words=on("projects"), home="~nobody-at-all/x", code=2
    ),
}

OUTPUTS: Mapping[str, Bad] = {
    "recipe without a folder": Bad(
        says="its folder is missing", words=on("export", "planned", "-o", "@/no/such/recipe.yml")
    ),
    "recipe below a file": Bad(
        says="a file, not a folder", words=on("export", "planned", "-o", "@/small.onnx/r.yml")
    ),
    "recipe onto a folder": Bad(
        says="it is a folder",
        words=on("export", "planned", "--target", "sparseml", "-o", "@/folders"),
    ),
    "recipe into a system folder": Bad(
        says="cannot be written", words=on("export", "planned", "-o", "/proc/recipe.yml")
    ),
    "recipe onto a device": Bad(
        says="a file, not a folder", words=on("export", "planned", "-o", "/dev/null")
    ),
    "model without a folder": Bad(
        says="does not exist", words=on("apply", "planned", "-o", "@/no/such.onnx")
    ),
    "model onto a folder": Bad(says="is a folder", words=on("apply", "planned", "-o", "@/empty")),
    "model onto itself": Bad(
        says="is the model itself", words=on("apply", "planned", "-o", "@/small.onnx")
    ),
    "model that ends in NaN": Bad(says="NaN", words=on("apply", "fragile", "-o", "@/out.onnx")),
}


def fill(folder: Path) -> None:
    """The files that the cases are about."""
    for name in ("small", "bare", "new"):
        saved(two_layers(), folder / f"{name}.onnx")
    saved(divides_by_its_norm(), folder / "fragile.onnx")
    (folder / "empty").mkdir()
    (folder / "folders" / "recipe.yml").mkdir(parents=True)


def _custom_operator() -> onnx.ModelProto:
    proto = model(
        [
            helper.make_node("MatMul", ["x", "fc.weight"], ["a"]),
            helper.make_node("Own", ["a"], ["y"], domain="org.example"),
        ],
        [tensor("x", 1, 4)],
        [tensor("y", 1, 3)],
        [weight("fc.weight", 4, 3)],
    )
    proto.opset_import.append(helper.make_opsetid("org.example", 1))
    return proto
