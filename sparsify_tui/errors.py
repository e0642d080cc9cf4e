"""What can go wrong, said so that the reader knows what to do next."""

from __future__ import annotations


class SparsifyError(Exception):
    """A failure that is explained to the user, never shown as a traceback.

    Args:
        message: One sentence with the cause.
        hint: One sentence with the cure, or empty when there is none to give.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class ModelError(SparsifyError):
    """The model file cannot be read, is not understood, or does not run."""


class InputError(ModelError):
    """The model does not run on what it was fed."""


class DataError(SparsifyError):
    """A data file does not fit the model."""


class StoreError(SparsifyError):
    """A project cannot be read or written."""


class JobError(SparsifyError):
    """A child process ended without a result: crashed, over its limit, or hung."""


class ExportError(SparsifyError):
    """A recipe or its code cannot be made or written."""


class UsageError(SparsifyError):
    """The request itself makes no sense: an unknown name, a value out of range."""

    exit_code = 2


class MissingEngineError(SparsifyError):
    """An engine or an optional extra is not installed."""

    exit_code = 3


class CancelledJobError(SparsifyError):
    """The user stopped it."""

    exit_code = 130
