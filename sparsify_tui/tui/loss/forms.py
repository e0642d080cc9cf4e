"""What a loss profile is asked for in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from sparsify_tui.core.loss_profile import DEFAULT_SAMPLES, SCHEMES, LossRequest
from sparsify_tui.core.project import Project
from sparsify_tui.core.structures import CHANNEL
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_seconds
from sparsify_tui.tui.dialogs.field import Field
from sparsify_tui.workbench.loss import ExpectedTime, LossProfiles

_KINDS = ("one-shot", "one-shot, anchors only", "weight magnitude")
_NO_DATA = "no data is attached (5 does that), so made-up samples"


def method_times(expected: ExpectedTime) -> tuple[str, ...]:
    """How long each method takes, in the order of the form's choices."""
    seconds = (expected.full, expected.anchors, expected.magnitude)
    return tuple("time unknown" if one is None else f"~{format_seconds(one)}" for one in seconds)


def empty_steps(expected: ExpectedTime) -> tuple[tuple[str, str], ...]:
    """The two ways to a first profile, with what they take."""
    full, anchors, magnitude = method_times(expected)
    first = "" if expected.anchors is None else f", first table {anchors}"
    return (
        ("r", f"make one by running the model: {full}{first}"),
        ("m", f"make one of the weights alone, no ranking: {magnitude}"),
    )


def request_fields(project: Project, losses: LossProfiles) -> tuple[Field, ...]:
    """Method with its time, metric, levels, schemes, structure, samples, score, name."""
    standard, of_channels = losses.standard(), losses.standard(CHANNEL)
    expected = losses.expected(project, standard)
    choices = _methods(expected)
    return (
        Field(
            name="method",
            label="Method",
            kind="choice",
            choices=choices,
            value=choices[0],
            help=f"Fed with {_data(project)}. Times: {expected.basis}.",
        ),
        Field(
            name="metric",
            label="Distance",
            kind="choice",
            choices=losses.metrics,
            value=standard.metric,
            help="Between outputs before and after; auto goes by the kind of the outputs.",
        ),
        Field(
            name="levels",
            label="Levels",
            help=f"Empty: {_levels(standard)}; of channels {_levels(of_channels)}.",
            check=_empty_or(losses.check_levels),
        ),
        Field(
            name="schemes",
            label="Quantisation",
            help=f"Of {', '.join(SCHEMES)}, or none. Empty: {','.join(standard.schemes)}.",
            check=losses.check_schemes,
        ),
        Field(
            name="structure",
            label="Structure",
            kind="choice",
            choices=losses.structures,
            value=standard.structure,
            help="What is pruned together; channel: groups of layers, cut and repaired.",
        ),
        Field(
            name="samples",
            label="Samples",
            kind="int",
            value=str(DEFAULT_SAMPLES),
            help="At most; layers whose values settle need fewer.",
            check=_check_samples,
        ),
        Field(
            name="score",
            label="Metric on labels",
            help="FILE.py:FUNCTION of your own; empty: top-1 where the data has labels.",
        ),
        Field(name="name", label="Name", help="Empty: from the method."),
    )


def is_magnitude(answers: Mapping[str, str]) -> bool:
    """Whether the weights alone were chosen."""
    return answers["method"].startswith(_KINDS[2])


def request_from(losses: LossProfiles, answers: Mapping[str, str]) -> LossRequest:
    """The request of a form's answers, which were checked. Raises UsageError."""
    standard = losses.standard(answers["structure"])
    levels, schemes = answers["levels"], answers["schemes"]
    return replace(
        standard,
        metric=answers["metric"],
        levels=losses.levels_from(levels) if levels else standard.levels,
        schemes=losses.schemes_from(schemes) if schemes else standard.schemes,
        samples=int(answers["samples"]),
        score=answers["score"],
        anchors_only=answers["method"].startswith(_KINDS[1]),
    )


def _methods(expected: ExpectedTime) -> tuple[str, ...]:
    needs = ("", "", "; no data, no ranking")
    times = method_times(expected)
    return tuple(
        f"{kind}: {time}{need}" for kind, time, need in zip(_KINDS, times, needs, strict=True)
    )


def _levels(request: LossRequest) -> str:
    return ",".join(f"{level:g}" for level in request.levels)


def _empty_or(check: Callable[[str], str | None]) -> Callable[[str], str | None]:
    return lambda text: check(text) if text else None


def _check_samples(text: str) -> str | None:
    return None if int(text) > 0 else "At least one sample is needed."


def _data(project: Project) -> str:
    """What the analysis will be fed with: calibration first, never the test split before it."""
    data = project.data_for("calibration") or project.data_for("test")
    return _NO_DATA if data is None else f"{data.samples} samples of {clean_text(data.path, 40)}"
