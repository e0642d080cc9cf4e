"""A model opened for an analysis: read, with its engine and its samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sparsify_tui.analyses.made_up import made_up_feeds
from sparsify_tui.analyses.samples import Samples, samples_for
from sparsify_tui.core.inputs import free_axes
from sparsify_tui.core.model import Model, TensorSpec
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.profile import Environment
from sparsify_tui.core.protocols import Engine, Feeds
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.trials import input_options
from sparsify_tui.engines import engine_of
from sparsify_tui.engines.machine import allowed_cores, cpu_name, widest_isa
from sparsify_tui.errors import InputError, UsageError
from sparsify_tui.onnxio.hints import Hints, input_hints
from sparsify_tui.onnxio.load import LoadedModel, load_model
from sparsify_tui.onnxio.read import read_model

_SCORING_BATCH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """All that an analysis starts from."""

    options: RunOptions
    loaded: LoadedModel
    model: Model
    hints: Hints
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
        return self.batch if self.is_batch_bound else _SCORING_BATCH

    @property
    def is_batch_bound(self) -> bool:
        """Whether only `batch` items may run together: an input or a state has that size."""
        shaped_constants = any(array.ndim for array in self.samples.constants.values())
        return bool(shaped_constants or self.samples.fixed or self.fixed_batch)

    def feeds(self, batch: int) -> Feeds:
        """One batch of inputs; states and made-up inputs are shaped for it."""
        return self.samples_of(self.options.data, batch).batch(batch)

    def samples_of(self, data: str | None, batch: int) -> Samples:
        """Those of another data file, or made-up ones without any, at the same sizes and constants.

        Raises:
            DataError: The file does not fit the model.
        """
        options = replace(self.options, data=data)
        return samples_asked(options, self.model.inputs, self.hints, batch)

    def made_up(self, runs: int) -> Samples:
        """Made-up samples for several runs of a model whose batch is bound."""
        one = self.samples.batch(self.batch)
        found = {name: one[name] for name in self.samples.arrays}
        specs = tuple(
            TensorSpec(name=name, dtype=str(rows.dtype), shape=(runs * len(rows), *rows.shape[1:]))
            for name, rows in found.items()
        )
        return replace(self.samples, arrays=made_up_feeds(specs, self.hints.rows))

    @contextmanager
    def named_guesses(self) -> Iterator[None]:
        """Where the model does not run, says which sizes and values were only guessed.

        Raises:
            InputError: With the options that would set them.
        """
        try:
            yield
        except InputError as error:
            guesses = _guesses(self)
            if self.options.data is not None or not guesses:
                raise
            raise InputError(error.message, request(self.model.inputs, guesses)) from error

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
    hints = input_hints(loaded)
    model = read_model(loaded, sizes_given(options), ShapeTracer(engine, options, hints))
    fixed = fixed_batch(model, dict(options.dims) if options.data else sizes_given(options))
    opened = Opened(
        options=options,
        loaded=loaded,
        model=model,
        hints=hints,
        engine=engine,
        samples=samples_asked(options, model.inputs, hints, fixed or options.batch),
        fixed_batch=fixed,
    )
    opened.check_batch(options.batch)
    return opened


def sizes_given(options: RunOptions) -> dict[str, int]:
    """Sizes of open dimensions that need no guess: those given, and those found by trying."""
    return {**dict(options.found.dims), **dict(options.dims)}


def request(inputs: tuple[TensorSpec, ...], guesses: str) -> str:
    """Asks for what only the user can know: the inputs, and the options that set the guesses."""
    known = ", ".join(f"{clean_text(spec.name)} {spec.dtype} {_axes(spec)}" for spec in inputs)
    return (
        f"Its inputs are {known}. Guessed: {guesses}. "
        "Give what it accepts with these options, or real samples with --data FILE."
    )


def _axes(spec: TensorSpec) -> str:
    return f"[{', '.join(clean_text(size) for size in spec.shape)}]" if spec.shape else "scalar"


def samples_asked(
    options: RunOptions, inputs: tuple[TensorSpec, ...], hints: Hints, batch: int
) -> Samples:
    """What `options` ask to feed the inputs with.

    Raises:
        DataError: The file does not fit the model.
        UsageError: A value is given for an input that does not exist.
    """
    return samples_for(
        inputs,
        data=options.data,
        dims=sizes_given(options),
        values=dict(options.values),
        batch=batch,
        found=dict(options.found.values),
        rows=hints.rows,
        images=options.image_options,
    )


def _guesses(opened: Opened) -> str:
    """Sizes and scalars that nobody gave, as the options that set them."""
    assumed = {spec.name: spec.shape for spec in opened.model.assumed}
    sizes = (
        (key, assumed[spec.name][axis])
        for key, spec, axis in free_axes(opened.model.inputs, dict(opened.options.dims))
    )
    given = dict(opened.options.values)
    scalars = (
        (name, f"{array.item():g}")
        for name, array in opened.samples.constants.items()
        if not array.ndim and name not in given
    )
    return input_options(sizes, scalars)


class ShapeTracer:
    """What `read_model` calls where inference leaves shapes open: one run on made-up inputs."""

    def __init__(self, engine: Engine, options: RunOptions, hints: Hints) -> None:
        self._engine = engine
        self._options = replace(  # the inputs come at fixed shapes
            options, data=None, dims=(), found=replace(options.found, dims=())
        )
        self._hints = hints

    def __call__(
        self, model: bytes, inputs: tuple[TensorSpec, ...]
    ) -> Mapping[str, tuple[int, ...]]:
        """Shapes by tensor name. Raises ModelError when the runtime refuses."""
        samples = samples_asked(self._options, inputs, self._hints, batch=1)
        return self._engine.trace_shapes(model, samples.batch(samples.count))


def fixed_batch(model: Model, dims: Mapping[str, int]) -> int | None:
    """First axis of the first input, where the file or `dims` fixes it."""
    spec = model.inputs[0] if model.inputs else None
    if spec is None or not spec.shape:
        return None
    first = spec.shape[0]
    return first if isinstance(first, int) else dims.get(first, dims.get(f"{spec.name}:0"))
