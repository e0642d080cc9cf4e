"""What all messages of a table carry."""

from __future__ import annotations

from rich.text import Text
from textual.message import Message
from textual.widgets import DataTable


class RowMessage(Message):
    """Something happened to the row with this key."""

    def __init__(self, table: DataTable[Text], key: str) -> None:
        super().__init__()
        self.table = table
        self.key = key

    @property
    def control(self) -> DataTable[Text]:
        """The table that sent it."""
        return self.table


class MarksMessage(Message):
    """The user marked or unmarked rows; `keys` are all that are marked now."""

    def __init__(self, table: DataTable[Text], keys: frozenset[str]) -> None:
        super().__init__()
        self.table = table
        self.keys = keys

    @property
    def control(self) -> DataTable[Text]:
        """The table that sent it."""
        return self.table
