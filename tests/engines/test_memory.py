from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sparsify_tui.engines import memory

_LARGE = 1 << 26


def test_the_peak_remembers_what_was_given_back_until_it_is_reset() -> None:
    assert memory.reset_peak()
    start = memory.resident_peak()
    np.ones(_LARGE // 8)
    after = memory.resident_peak()
    assert start is not None
    assert after is not None
    assert 0.9 * _LARGE < after - start < 2 * _LARGE

    assert memory.reset_peak()
    again = memory.resident_peak()
    assert again is not None
    assert again < after - _LARGE / 2


def test_what_is_held_is_at_most_the_peak() -> None:
    held, peak = memory.resident_bytes(), memory.resident_peak()

    assert held is not None
    assert peak is not None
    assert 1 << 20 < held <= peak


@pytest.mark.parametrize("status", [None, "Name:\tpython\n"], ids=["no file", "no such line"])
def test_where_the_system_does_not_say_it_is_not_known(
    status: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if status is not None:
        (tmp_path / "status").write_text(status)
    monkeypatch.setattr(memory, "_STATUS", tmp_path / "status")
    monkeypatch.setattr(memory, "_CLEAR", tmp_path / "none" / "clear_refs")

    assert memory.resident_bytes() is None
    assert memory.resident_peak() is None
    assert not memory.reset_peak()
