"""A workbench whose jobs answer at once, and projects made of nothing but numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sparsify_tui.codec import document_from
from sparsify_tui.core.model import Layer, LayerId, Model, TensorSpec
from sparsify_tui.core.project import FileStamp, Project
from sparsify_tui.errors import SparsifyError
from sparsify_tui.identity import new_id, now
from sparsify_tui.jobs.spec import JobSpec


@dataclass(slots=True)
class FakeJobs:
    """Answers by kind of job; remembers what was asked."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[JobSpec] = field(default_factory=list)

    partials: tuple[Any, ...] = ()
    """What each job has on its way."""

    async def __call__(
        self,
        spec: JobSpec,
        on_progress: Callable[..., None] | None = None,
        on_partial: Callable[[dict[str, Any]], None] | None = None,
    ) -> Any:
        del on_progress
        self.asked.append(spec)
        if on_partial is not None:
            for partial in self.partials:
                on_partial(document_from(partial(spec.args) if callable(partial) else partial))
        answer = self.answers[spec.kind]
        if isinstance(answer, SparsifyError):
            raise answer
        return document_from(answer(spec.args) if callable(answer) else answer)


def layer(name: str, size: int = 100) -> Layer:
    return Layer(
        id=LayerId(f"node_{name}"),
        node=f"node_{name}",
        op_type="Gemm",
        weight=f"{name}.weight",
        module_path=name,
        shape=(size // 10, 10),
        params=size,
        flops=2 * size,
        prunable=True,
        quantizable=True,
        density=1.0,
    )


def model(path: Path, *layers: Layer, digest: str = "d1") -> Model:
    chosen = layers or (layer("one"), layer("two", 300))
    return Model(
        path=str(path),
        sha256=digest,
        bytes=10,
        opset=17,
        ir_version=9,
        producer="test",
        params=sum(one.params for one in chosen),
        flops=sum(one.flops or 0 for one in chosen),
        inputs=(TensorSpec(name="x", dtype="float32", shape=("n", 10)),),
        outputs=(),
        layers=chosen,
    )


def project(path: Path, **more: Any) -> Project:
    moment = now()
    plain = Project(
        id=new_id(),
        name="net",
        created=moment,
        modified=moment,
        model=model(path),
        stamp=FileStamp(size=0, mtime_ns=0),
    )
    return replace(plain, **more)


def read_as(digests: Mapping[str, str] | None = None) -> Callable[[Mapping[str, Any]], Model]:
    """An `inspect` that finds the digest of a content in place of hashing it."""

    def answer(args: Mapping[str, Any]) -> Model:
        path = Path(args["options"]["path"])
        return model(path, digest=(digests or {}).get(path.read_text(), "d1"))

    return answer
