"""A model opened for an analysis: read, with its engine and its samples."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sparsify_tui.analyses.samples import Samples, samples_for
from sparsify_tui.core.inputs import UNNAMED
from sparsify_tui.core.model import Model, TensorSpec
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.profile import Environment
from sparsify_tui.core.protocols import Engine, Feeds
from sparsify_tui.core.text import clean_text
from sparsify_tui.engines import engine_of
from sparsify_tui.engines.machine import allowed_cores, cpu_name, widest_isa
from sparsify_tui.errors import InputError, UsageError
from sparsify_tui.onnxio.load import LoadedModel, load_model
from sparsify_tui.onnxio.read import read_model

_SCORING_BATCH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """All that an analysis starts from."""

    options: RunOptions
    loaded: LoadedModel
    model: Model
    engine: Engine
    samples: Samples
    fixed_batch: int | None
    """First axis of the first input, where the file or a given size fixes it."""

    @property
    def environment(self) -> Environment:
        """Where numbers taken now come from."""
        return Environment(
            cpu=cpu_name(),
            isa=widest_isa(),
            cores=allowed_cores(),
            threads=self.options.threads,
            engine=self.engine.name,
            engine_version=self.engine.version,
            provider=self.engine.provider,
        )

    @property
    def batch(self) -> int:
        """Items of one run: the model's own batch where it is fixed, else the one asked for."""
        return self.fixed_batch or self.options.batch

    @property
    def scoring_batch(self) -> int:
        """Items of one run where outputs count and not time."""
        shaped_constants = any(array.ndim for array in self.samples.constants.values())
        is_bound = shaped_constants or self.samples.fixed or self.fixed_batch
        return self.batch if is_bound else _SCORING_BATCH

    def feeds(self, batch: int) -> Feeds:
        """One batch of inputs; states and made-up inputs are shaped for it."""
        return _samples(self.options, self.model, batch).batch(batch)

    @contextmanager
    def named_guesses(self) -> Iterator[None]:
        """Where the model does not run, says which sizes and values were only guessed.

        Raises:
            InputError: With the options that would set them.
        """
        try:
            yield
        except InputError as error:
            guesses = _guesses(self.model, self.options)
            if self.options.data is not None or not guesses:
                raise
            raise InputError(
                error.message,
                f"Guessed: {guesses}. Give what it accepts, or real samples with --data FILE.",
            ) from error

    def check_batch(self, batch: int) -> None:
        """Refuses a batch that a fixed first axis does not allow. Raises UsageError."""
        if self.fixed_batch is not None and batch not in (1, self.fixed_batch):
            raise UsageError(
                f"The batch of input {clean_text(self.model.inputs[0].name)} is fixed at "
                f"{self.fixed_batch}, so it cannot be {batch}.",
                f"Use --batch {self.fixed_batch}, or export the model with an open batch.",
            )


def open_model(options: RunOptions) -> Opened:
    """Reads the model and what it is fed.

    Raises:
        SparsifyError: The file, a size, a value or the data does not fit.
    """
    engine = engine_of(options.engine)
    loaded = load_model(Path(options.path))
    dims, values = dict(options.dims), dict(options.values)
    model = read_model(loaded, dims, ShapeTracer(engine, values))
    fixed = fixed_batch(model, dims)
    opened = Opened(
        options=options,
        loaded=loaded,
        model=model,
        engine=engine,
        samples=_samples(options, model, fixed or options.batch),
        fixed_batch=fixed,
    )
    opened.check_batch(options.batch)
    return opened


def _samples(options: RunOptions, model: Model, batch: int) -> Samples:
    dims, values = dict(options.dims), dict(options.values)
    return samples_for(model.inputs, data=options.data, dims=dims, values=values, batch=batch)


def _guesses(model: Model, options: RunOptions) -> str:
    """Sizes and constants that nobody gave, as the options that set them."""
    given = dict(options.dims).keys() | dict(options.values).keys()
    sizes = {
        key: size
        for spec, assumed in zip(model.inputs, model.assumed, strict=True)
        for axis, (name, size) in enumerate(zip(spec.shape, assumed.shape, strict=True))
        if isinstance(name, str)
        and (key := f"{spec.name}:{axis}" if name == UNNAMED else name) not in given
    }
    scalars = [spec.name for spec in model.inputs if not spec.shape and spec.name not in given]
    return " ".join(
        (
            *(f"--dim {shlex.quote(clean_text(key))}={size}" for key, size in sizes.items()),
            *(f"--value {shlex.quote(clean_text(name))}=V" for name in scalars),
        )
    )


class ShapeTracer:
    """What `read_model` calls where inference leaves shapes open: one run on made-up inputs."""

    def __init__(self, engine: Engine, values: Mapping[str, float]) -> None:
        self._engine = engine
        self._values = values

    def __call__(
        self, model: bytes, inputs: tuple[TensorSpec, ...]
    ) -> Mapping[str, tuple[int, ...]]:
        """Shapes by tensor name. Raises ModelError when the runtime refuses."""
        samples = samples_for(inputs, data=None, dims={}, values=self._values, batch=1)
        return self._engine.trace_shapes(model, samples.batch(samples.count))


def fixed_batch(model: Model, dims: Mapping[str, int]) -> int | None:
    """First axis of the first input, where the file or `dims` fixes it."""
    spec = model.inputs[0] if model.inputs else None
    if spec is None or not spec.shape:
        return None
    first = spec.shape[0]
    return first if isinstance(first, int) else dims.get(first, dims.get(f"{spec.name}:0"))
