"""The project store: one document file a project."""

from __future__ import annotations

from sparsify_tui.store.documents import open_documents, recovery_of, transaction
from sparsify_tui.store.failures import (
    StoreBusyError,
    StoreDamagedError,
    StoreFullError,
    StoreNewerError,
    StoreReadOnlyError,
)
from sparsify_tui.store.storage import Recovery

__all__ = [
    "Recovery",
    "StoreBusyError",
    "StoreDamagedError",
    "StoreFullError",
    "StoreNewerError",
    "StoreReadOnlyError",
    "open_documents",
    "recovery_of",
    "transaction",
]
