"""Frozen types to documents and back: the store and the jobs share one converter.

A document is JSON: objects, lists, text, numbers, null. Keys are field names, so a field may
be added with a default but not renamed without a migration in `store`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import SparsifyError

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")

_MISFITS = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError)
"""What a document of another shape gives, besides the errors of cattrs."""


@cache
def _converter() -> Converter:
    """Made on first use: the list of projects needs none, and should not wait for it."""
    from cattrs import Converter  # noqa: PLC0415
    from cattrs.strategies import configure_tagged_union  # noqa: PLC0415

    from sparsify_tui.core.modifiers import Modifier  # noqa: PLC0415

    converter = Converter(unstruct_collection_overrides={tuple: list}, detailed_validation=False)
    converter.register_structure_hook(int | str, _keep)
    configure_tagged_union(
        Modifier,
        converter,
        tag_name="kind",
        tag_generator=lambda kind: kind.__name__,
    )
    return converter


def _keep(value: Any, _: object) -> Any:
    return value


def document_from(value: object) -> dict[str, Any]:
    """The document of a frozen dataclass."""
    return cast("dict[str, Any]", _converter().unstructure(value))


def value_from(document: object, kind: type[T]) -> T:
    """The dataclass of a document.

    Raises:
        SparsifyError: The document does not have the type's fields.
    """
    from cattrs.errors import CattrsError  # noqa: PLC0415 - as above

    try:
        return _converter().structure(document, kind)
    except (CattrsError, *_MISFITS) as error:
        raise SparsifyError(
            f"A stored {kind.__name__} cannot be understood: {type(error).__name__} "
            f"{clean_text(error)}.",
            "It may have been written by another version, or changed by hand.",
        ) from error
