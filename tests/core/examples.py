"""Small values of the core's types, for the tests of every room."""

from __future__ import annotations

from typing import Any

from sparsify_tui.core.cases import BenchmarkRequest
from sparsify_tui.core.changes import Changes
from sparsify_tui.core.channels.groups import (
    AxisWidth,
    ChannelGroup,
    ChannelMap,
    GroupId,
    GroupPart,
    LayerWidths,
    LockedChannels,
    UnitRun,
)
from sparsify_tui.core.estimate import Estimate
from sparsify_tui.core.loss_profile import LayerLoss, Losses, LossProfile
from sparsify_tui.core.model import Layer, LayerId, Model, TensorSpec
from sparsify_tui.core.modifiers import (
    ChannelPruning,
    Epochs,
    GroupLevel,
    LayerLevel,
    LearningRate,
    Modifier,
    Pruning,
    Quantization,
)
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.placement import Placement, Raced
from sparsify_tui.core.profile import Environment, LayerTime, OtherTime, PerfProfile
from sparsify_tui.core.project import (
    BenchmarkRun,
    Comparison,
    DataSet,
    FileStamp,
    MeasuredModel,
    MetricChange,
    Project,
    Run,
)
from sparsify_tui.core.timing import Ratio, Timing, Verdict
from sparsify_tui.core.training import TrainingSettings

MOMENT = "2026-11-22T10:41:00+00:00"


def layer(name: str, **changes: Any) -> Layer:
    """A convolution of 1000 weights, all of them non-zero, named after its module."""
    fields: dict[str, Any] = {
        "id": LayerId(name),
        "node": name,
        "op_type": "Conv",
        "weight": f"{name}.weight",
        "module_path": name,
        "shape": (10, 100, 1, 1),
        "params": 1010,
        "flops": 2_000_000,
        "prunable": True,
        "quantizable": True,
        "density": 1.0,
    }
    return Layer(**fields | changes)


def model_of(*layers: Layer, **changes: Any) -> Model:
    """A model of these layers and no other parameters."""
    fields: dict[str, Any] = {
        "path": "/models/net.onnx",
        "sha256": "ab" * 32,
        "bytes": 12_345,
        "opset": 17,
        "ir_version": 8,
        "producer": "pytorch 2.4",
        "params": sum(one.params for one in layers),
        "flops": sum(one.flops or 0 for one in layers),
        "inputs": (TensorSpec(name="x", dtype="float32", shape=("batch", 3, 8, 8)),),
        "outputs": (TensorSpec(name="y", dtype="float32", shape=("batch", 10)),),
        "layers": layers,
    }
    return Model(**fields | changes)


def level(name: str, value: float, **changes: Any) -> LayerLevel:
    """What happens to the layer of that name."""
    return LayerLevel(id=LayerId(name), level=value, **changes)


def plan_of(*modifiers: Modifier, name: str = "half", key: str = "o1") -> Optimization:
    """An optimization of these modifiers."""
    return Optimization(id=key, name=name, created=MOMENT, modified=MOMENT, modifiers=modifiers)


def placement(*names: str, **changes: Any) -> Placement:
    """A search that put these layers in int8, and found them to make the model twice as fast."""
    ratio = Ratio(value=2.0, low=1.9, high=2.1)
    fields: dict[str, Any] = {
        "changes": Changes(int8=tuple(map(LayerId, names))),
        "cause": "",
        "float_form": "original",
        "ratio": ratio,
        "speed_up": ratio,
        "passes": (ratio, ratio, ratio),
        "raced": (Raced(name="all", layers=len(names), predicted_ms=5.0, ratio=ratio),),
        "predicted_ms": 5.0,
        "measured_ms": 4.9,
        "metric": "top-1 97.9% → 97.8%",
        "calibration": "64 samples of digits.npz",
        "repairs": ("opset 11 → 13",),
        "batch": 1,
        "threads": 2,
        "model_digest": "ab" * 32,
    }
    return Placement(**fields | changes)


def timing(**changes: Any) -> Timing:
    """A trusted timing of 10 ms."""
    fields: dict[str, Any] = {
        "median_ms": 10.0,
        "low_ms": 9.9,
        "high_ms": 10.1,
        "min_ms": 9.5,
        "p90_ms": 10.4,
        "p99_ms": None,
        "items_per_s": 100.0,
        "runs": 50,
        "trusted": True,
    }
    return Timing(**fields | changes)


def environment(**changes: Any) -> Environment:
    """Two cores of a server."""
    fields: dict[str, Any] = {
        "cpu": "EPYC",
        "isa": "avx512_vnni",
        "cores": 2,
        "threads": 1,
        "engine": "onnxruntime",
        "engine_version": "1.32.0",
        "provider": "CPUExecutionProvider",
    }
    return Environment(**fields | changes)


def perf_profile(**changes: Any) -> PerfProfile:
    """A profile of two layers, one of them without a time."""
    fields: dict[str, Any] = {
        "id": "p1",
        "name": "perf",
        "created": MOMENT,
        "model_digest": "ab" * 32,
        "batch": 1,
        "environment": environment(),
        "inputs": "made-up samples",
        "total": timing(min_ms=10.0),
        "cold_ms": 31.5,
        "layers": (
            LayerTime(id=LayerId("a"), ms=6.0, share=0.6),
            LayerTime(id=LayerId("b"), ms=None, share=None),
        ),
        "others": (OtherTime(name="relu", op_type="Relu", ms=1.5),),
        "coverage": 0.5,
    }
    return PerfProfile(**fields | changes)


def loss_profile(*rows: LayerLoss, levels: tuple[float, ...] = (0.5, 0.9)) -> LossProfile:
    """A profile by weight magnitude with these rows."""
    return LossProfile(
        id="l1",
        name="loss",
        created=MOMENT,
        model_digest="ab" * 32,
        method="magnitude",
        metric="removed weight energy",
        source="the weights alone",
        samples=0,
        levels=levels,
        cpu_s=0.5,
        wall_s=0.75,
        layers=rows,
    )


def layer_loss(name: str, **changes: Any) -> LayerLoss:
    """An estimated row with a straight line of magnitudes from 0 to 1."""
    fields: dict[str, Any] = {
        "id": LayerId(name),
        "weight": f"{name}.weight",
        "status": "estimated",
        "pruning": Losses(values=(0.1, 0.6), samples=(0, 0)),
        "magnitudes": (0.0, 0.25, 0.5, 0.75, 1.0),
    }
    return LayerLoss(**fields | changes)


def run_of(label: str, **changes: Any) -> Run:
    """A run of batch 1 on one thread."""
    fields: dict[str, Any] = {
        "label": label,
        "engine": "onnxruntime",
        "batch": 1,
        "threads": 1,
        "timing": timing(),
        "cold_ms": 31.5,
        "load_ms": 12.0,
        "peak_bytes": 3_000_000,
        "environment": environment(),
    }
    return Run(**fields | changes)


def benchmark_run(**changes: Any) -> BenchmarkRun:
    """A measured comparison that found no difference."""
    fields: dict[str, Any] = {
        "id": "b1",
        "name": "benchmark",
        "created": MOMENT,
        "model_digest": "ab" * 32,
        "environment": environment(),
        "inputs": "digits.npz",
        "models": (
            MeasuredModel(
                optimization="half",
                sparsity=0.5,
                file_bytes=1000,
                compressed_bytes=600,
                metrics=(MetricChange(name="top-1", before=0.98, after=0.97),),
                note="smaller when compressed, not faster: onnxruntime multiplies zeros too",
            ),
        ),
        "runs": (
            run_of("original b1 t1"),
            run_of("half b1 t1", optimization="half", predicted_ms=9.8),
        ),
        "comparisons": (compared("original b1 t1", "half b1 t1"),),
        "original_bytes": 1000,
        "original_compressed_bytes": 900,
        "request": BenchmarkRequest(optimizations=("o1",), threads=(1,)),
    }
    return BenchmarkRun(**fields | changes)


def compared(
    a: str, b: str, value: float = 1.01, spread: float = 0.03, verdict: Verdict = "no difference"
) -> Comparison:
    """Two runs in turn."""
    return Comparison(
        a=a,
        b=b,
        ratio=Estimate(value=value, low=value - spread, high=value + spread, basis="measured"),
        verdict=verdict,
    )


def halved(name: str) -> ChannelPruning:
    """The layer of that name, which makes a group of 10 channels, keeps 5 of them."""
    part = GroupPart(
        id=GroupId(name), size=10, elements=10, runs=(UnitRun(start=0, count=10, width=1),)
    )
    group = ChannelGroup(
        id=GroupId(name), kind="channel", size=10, producers=(LayerId(name),), consumers=()
    )
    widths = LayerWidths(
        id=LayerId(name), inputs=AxisWidth(fixed=100), outputs=AxisWidth(parts=(part,))
    )
    return ChannelPruning(
        map=ChannelMap(
            groups=(group,),
            locked=(LockedChannels(layers=(LayerId("b"),), reason="y is an output of the model"),),
            layers=(widths,),
        ),
        groups=(GroupLevel(id=GroupId(name), kept=5, order=tuple(range(10))),),
        model_digest="ab" * 32,
    )


def full_project() -> Project:
    """A project in which no field is empty and every kind of modifier occurs."""
    return Project(
        id="0123456789ab",
        name="net",
        description="a test",
        created=MOMENT,
        modified=MOMENT,
        model=model_of(layer("a"), layer("b", flops=None, module_path=None, group="tied")),
        stamp=FileStamp(size=12_345, mtime_ns=1_790_000_000_000_000_001),
        training=TrainingSettings(optimizer="SGD", epochs=90, initial_lr=0.1, final_lr=0.001),
        dims=(("batch", 4),),
        values=(("sr", 16_000.0),),
        data=(DataSet(role="test", path="digits.npz", samples=397, labelled=True),),
        perf_profiles=(perf_profile(),),
        loss_profiles=(loss_profile(layer_loss("a")),),
        optimizations=(
            plan_of(
                Pruning(layers=(level("a", 0.5), level("b", 0.9, enabled=False, locked=True))),
                Epochs(),
                LearningRate(decay_epoch=34.0),
            ),
            plan_of(
                Epochs(end_epoch=9.0),
                Quantization(layers=(LayerId("a"),), found=placement("a"), freeze_epoch=6.0),
                key="o2",
                name="int8",
            ),
            plan_of(Epochs(), halved("a"), key="o3", name="narrow"),
        ),
        benchmarks=(benchmark_run(),),
    )
