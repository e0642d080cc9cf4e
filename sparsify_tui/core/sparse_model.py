"""What an engine that skips zeros would take: a model, never a measurement of this machine.

onnxruntime multiplies zeros too, so unstructured sparsity gains nothing there. These models say
what it could gain elsewhere, each with the calibration that it rests on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sparsify_tui.core.estimate import Estimate
from sparsify_tui.core.model import Layer, Model
from sparsify_tui.core.profile import Curve, LayerTime, Peak, PerfProfile

MODELLED_LEVELS = (0.5, 0.8, 0.9, 0.95)
_VALUE_BYTES = 4


class SparseEngine(Protocol):
    """Something that turns a layer's dense time into one at a sparsity."""

    @property
    def key(self) -> str:
        """Short name, for commands."""

    @property
    def title(self) -> str:
        """What a person calls it."""

    @property
    def basis(self) -> str:
        """Where its figures come from, in one sentence."""

    def ms(self, layer: Layer, time: LayerTime, level: float, profile: PerfProfile) -> float | None:
        """Milliseconds of a layer at a sparsity; None where the model says nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoofEngine:
    """A sparse kernel that reaches a fraction of the dense peak, or the memory's rate.

    t(s) = t_overhead + max(F · (1 - s) ÷ (eta · P), (nnz · (4 + index) + activations) ÷ BW), where
    t_overhead is what the dense time has beyond max(F ÷ P, bytes ÷ BW), and at least 0.
    """

    key: str
    title: str
    basis: str
    eta: float
    """GFLOP/s on non-zero weights over the dense peak."""
    index_bytes: int = 4
    """Stored beside each non-zero weight to say where it stands."""

    def ms(self, layer: Layer, time: LayerTime, level: float, profile: PerfProfile) -> float | None:
        """Milliseconds of a layer at a sparsity; None without time, FLOPs, bytes or peak."""
        peak = profile.peak
        if peak is None or time.ms is None or time.flops is None or time.bytes is None:
            return None
        weights = layer.weight_params
        dense_ms = _roof_ms(time.flops, time.bytes, peak, eta=1.0)
        activations = max(0, time.bytes - weights * _VALUE_BYTES)
        stored = (1 - level) * weights * (_VALUE_BYTES + self.index_bytes)
        sparse_ms = _roof_ms(time.flops * (1 - level), stored + activations, peak, eta=self.eta)
        return max(0.0, time.ms - dense_ms) + sparse_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveEngine:
    """Speed-ups over the same engine's own dense form, as once measured elsewhere."""

    key: str
    title: str
    basis: str

    def ms(self, layer: Layer, time: LayerTime, level: float, profile: PerfProfile) -> float | None:
        """The dense time over the speed-up of the nearest layer that was measured there."""
        curve = measured_curve(layer, profile.batch)
        return None if time.ms is None or curve is None else time.ms / curve.at(level)


GENERIC_CSR = RoofEngine(
    key="csr",
    title="this CPU, generic CSR",
    basis="eta 0.09, from a scipy CSR product: it breaks even near 91% zeros",
    eta=0.09,
)
SPECIALISED = RoofEngine(
    key="specialised",
    title="specialised engine (DeepSparse class)",
    basis="eta 0.6: an assumption, measured nowhere",
    eta=0.6,
    index_bytes=2,
)
DEEPSPARSE = CurveEngine(
    key="deepsparse",
    title="DeepSparse 1.8, measured elsewhere",
    basis="over its own dense form, one core with AVX512-VNNI, random float32 weights",
)
SPARSE_ENGINES: tuple[SparseEngine, ...] = (GENERIC_CSR, SPECIALISED, DEEPSPARSE)

_LEVELS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95)
_CURVES = {
    ("conv 1x1", 1): (1.0, 1.02, 2.46, 3.22, 4.73, 5.81),
    ("conv 1x1", 16): (1.0, 1.86, 2.70, 3.66, 5.36, 7.14),
    ("conv 3x3", 1): (1.0, 1.01, 0.93, 1.27, 1.87, 2.34),
    ("conv 3x3", 16): (1.0, 0.66, 0.87, 1.30, 2.05, 2.34),
    ("matmul", 1): (1.0, 1.50, 1.97, 2.52, 3.84, 6.50),
    ("gemm", 1): (1.0, 1.40, 1.54, 1.59, 1.56, 1.62),
    ("gemm", 16): (1.0, 0.73, 0.78, 0.79, 0.80, 0.81),
}
"""Kind and batch → speed-ups at `_LEVELS`; means where two shapes of a kind were measured."""


def measured_curve(layer: Layer, batch: int) -> Curve | None:
    """The measured speed-ups of layers like this one, at the nearer batch; None if unlike all.

    A convolution with one input channel a filter (depthwise) stays dense: 1 at each level.
    """
    kind = _kind_of(layer)
    if kind == "depthwise":
        return Curve(levels=(0.0,), values=(1.0,))
    batches = [known for name, known in _CURVES if name == kind]
    if not batches:
        return None
    nearest = min(batches, key=lambda known: abs(known - batch))
    return Curve(levels=_LEVELS, values=_CURVES[kind, nearest])


def modelled_total(
    engine: SparseEngine, model: Model, profile: PerfProfile, level: float
) -> Estimate:
    """Speed-up of the whole model with every prunable layer at a level.

    A layer whose sparse form would be slower, or of which the engine's model says nothing,
    keeps its dense time.
    """
    times = {time.id: time for time in profile.layers}
    saved, known = 0.0, False
    for layer in model.prunable:
        time = times.get(layer.id)
        ms = None if time is None else engine.ms(layer, time, level, profile)
        if time is None or time.ms is None or ms is None:
            continue
        known = True
        saved += max(0.0, time.ms - ms)
    if not known:
        return Estimate(value=None, note=_nothing_known(profile))
    whole = profile.total.min_ms
    ratio = whole / max(whole - saved, whole * 1e-3)
    return Estimate(value=ratio, basis="modelled", note=f"{engine.title}: {engine.basis}")


def sparse_engine(key: str) -> SparseEngine | None:
    """The engine of that short name."""
    return next((engine for engine in SPARSE_ENGINES if engine.key == key), None)


def _nothing_known(profile: PerfProfile) -> str:
    lacks = "the machine's peak was not measured" if profile.peak is None else "no layer fits it"
    return f"nothing can be modelled: {lacks}"


def _roof_ms(flops: float, moved: float, peak: Peak, *, eta: float) -> float:
    return max(flops / (eta * peak.gflops), moved / peak.gbytes_per_s) / 1e6


def _kind_of(layer: Layer) -> str:
    if layer.op_type in ("MatMul", "Gemm"):
        return layer.op_type.lower()
    if layer.op_type != "Conv" or len(layer.shape) < 3:
        return ""
    if layer.shape[1] == 1:
        return "depthwise"
    if all(size == 1 for size in layer.shape[2:]):
        return "conv 1x1"
    return "conv 3x3" if layer.shape[2:] == (3, 3) else ""
