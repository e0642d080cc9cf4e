"""The forms of an optimization, derived from how its modifiers describe themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from sparsify_tui.core.fields import Setting, settings_of, text_of, with_text
from sparsify_tui.core.modifiers import Epochs, LearningRate, Pruning
from sparsify_tui.core.modifiers.pruning import NO_LOSS_BEHIND_IT, SCOPES
from sparsify_tui.core.optimization import Optimization, edit_field
from sparsify_tui.core.project import Project
from sparsify_tui.errors import SparsifyError, UsageError
from sparsify_tui.tui.dialogs.field import Field
from sparsify_tui.workbench.plan_requests import (
    CHANNEL,
    DEFAULT_SPARSITY,
    STRUCTURES,
    UNSTRUCTURED,
    PlanRequest,
)
from sparsify_tui.workbench.plans import with_magnitudes

NUMBERS = ("float", "int8")
_SPREAD_FIELDS = frozenset({"target", "scope", "selection"})


def new_plan_fields(project: Project) -> tuple[Field, ...]:
    """Target, structure, spread, number format and name."""
    target, scope = _spread_fields(
        DEFAULT_SPARSITY, "global" if with_magnitudes(project) else SCOPES[0]
    )
    return (
        replace(
            target,
            kind="text",
            help="Zeros, or units that go; empty: none, or channels by a measured search.",
            check=lambda text: target.problem(text) if text else None,
        ),
        Field(
            name="structure",
            label="Structure",
            kind="choice",
            choices=STRUCTURES,
            value=UNSTRUCTURED,
            help="Single weights; or whole channels and heads, which makes it faster.",
        ),
        scope,
        Field(
            name="numbers",
            label="Numbers",
            kind="choice",
            choices=NUMBERS,
            value=NUMBERS[0],
            help="int8 where a search measures that it pays, for a minute or so.",
        ),
        Field(name="name", label="Name", help="Empty: from spread and target."),
    )


def spread_fields(plan: Optimization) -> tuple[Field, ...]:
    """Target and spread of a plan."""
    pruning = plan.find(Pruning) or Pruning(target=DEFAULT_SPARSITY)
    return _spread_fields(pruning.target, pruning.scope)


def _spread_fields(target: float, scope: str) -> tuple[Field, Field]:
    return (
        Field(
            name="sparsity",
            label="Target sparsity %",
            kind="float",
            value=f"{target * 100:g}",
            help="Zeros among the weights of all prunable layers.",
            check=_check_percent,
        ),
        Field(
            name="scope",
            label="Spread",
            kind="choice",
            choices=SCOPES,
            value=scope,
            help=f"One level, or one |w| threshold: {NO_LOSS_BEHIND_IT}.",
        ),
    )


def search_fields(cores: int) -> tuple[Field, ...]:
    """For what setup int8 has to pay."""
    return (
        Field(name="batch", label="Batch size", kind="int", value="1", check=_check_count),
        Field(
            name="threads",
            label="Threads",
            kind="int",
            value=str(cores),
            help=f"Cores allowed: {cores}.",
            check=_check_count,
        ),
    )


def request_from_answers(answers: Mapping[str, str]) -> PlanRequest:
    """What the form asks for; it checked the answers."""
    structure = answers["structure"]
    return PlanRequest(
        sparsity=target_from_answers(answers),
        structure=structure,
        scope=SCOPES[0] if structure == CHANNEL else answers["scope"],
        name=answers.get("name", ""),
    )


def target_from_answers(answers: Mapping[str, str]) -> float | None:
    """The target sparsity as a fraction; None for none."""
    target = answers["sparsity"].strip()
    return float(target) / 100 if target else None


def schedule_fields(plan: Optimization) -> tuple[Field, ...]:
    """All fields of all modifiers but the spread, which has a form of its own."""
    fields = tuple(
        setting_field(modifier, name, description.label)
        for modifier in plan.modifiers
        for name, description in settings_of(modifier).items()
        if name not in _SPREAD_FIELDS
    )
    return fields if plan.find(LearningRate) else (*fields, _rate_field())


def _rate_field() -> Field:
    """Asks for a rate where the plan sets none yet."""
    rate = setting_field(LearningRate(), "rate", "Learning rate")
    return replace(
        rate,
        value="",
        help="Empty: the training's own.",
        check=lambda text: rate.check(text) if text else None,
    )


def with_schedule(plan: Optimization, answers: Mapping[str, str]) -> Optimization:
    """The plan with the answers of `schedule_fields`."""
    for modifier in plan.modifiers:
        for name in settings_of(modifier):
            answer = answers.get(_field_name(modifier, name))
            if answer is not None:
                plan = edit_field(plan, modifier.title, name, answer)
    rate = answers.get(_field_name(LearningRate(), "rate"))
    if rate and plan.find(LearningRate) is None:
        end = (plan.find(Epochs) or Epochs()).end_epoch
        plan = plan.with_modifier(with_text(LearningRate(end_epoch=end), "rate", rate))
    return plan


def setting_field(described: object, name: str, label: str) -> Field:
    """The field of a form for one described field of a value."""
    description = settings_of(described)[name]
    return Field(
        name=_field_name(described, name),
        label=label,
        value=text_of(described, name),
        kind="choice" if description.choices else "text",
        choices=description.choices,
        help=_help(description),
        check=_checker(described, name),
    )


def level_from_text(text: str, present: float) -> float:
    """`85`, `+5`, `-5` or `dense` as a level. Raises UsageError on anything else."""
    wanted = text.strip().removesuffix("%").strip()
    if wanted in ("dense", "off"):
        return 0.0
    try:
        number = float(wanted) / 100
    except ValueError:
        raise UsageError(f"A level is like 85, +5 or dense, not {text!r}.") from None
    level = present + number if wanted[:1] in "+-" else number
    if not 0 <= level < 1:
        raise UsageError(f"A level lies in 0 to 99.9, not {level * 100:g}.")
    return level


def _field_name(described: object, name: str) -> str:
    return f"{type(described).__name__}.{name}"


def _help(description: Setting) -> str:
    return f"{description.help} ({description.unit})" if description.unit else description.help


def _checker(described: object, name: str) -> Callable[[str], str | None]:
    def check(text: str) -> str | None:
        try:
            with_text(described, name, text)
        except SparsifyError as error:
            return str(error)
        return None

    return check


def _check_percent(text: str) -> str | None:
    return None if 0 < float(text) < 100 else "Between 0 and 100."


def _check_count(text: str) -> str | None:
    return None if int(text) > 0 else "1 or more."
