from __future__ import annotations

import pytest

from sparsify_tui.errors import UsageError
from sparsify_tui.workbench.names import checked_name


def test_blanks_around_a_name_do_not_count() -> None:
    assert checked_name("  half, then more ") == "half, then more"


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\x1b[31m", "x\u202ey", "n" * 121])
def test_a_name_that_cannot_be_shown_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        checked_name(name)
