from __future__ import annotations

from dataclasses import replace

from sparsify_tui.core.channels.groups import GroupId
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.repaired import CutGroup, Repaired, change_lines, repair_line

KEPT = Repaired(
    what="zeros",
    before=1.5,
    after=0.03,
    layers=(LayerId("stem"), LayerId("head")),
    samples="48 samples of calib.npz, judged on 16 others",
)


def test_a_kept_repair_is_told_with_its_errors_and_what_they_rest_on() -> None:
    assert repair_line(KEPT) == (
        "repaired after removing zeros: 2 layers; error on held-out samples 1.500 → 0.030 "
        "(48 samples of calib.npz, judged on 16 others)"
    )


def test_a_repair_that_was_not_kept_is_told_with_the_cause_and_the_errors() -> None:
    line = repair_line(replace(KEPT, what="channels", layers=(), cause="it was not better"))
    assert line.startswith("not repaired after removing channels: it was not better; error")


def test_a_repair_that_was_never_judged_has_no_errors_to_tell() -> None:
    line = repair_line(replace(KEPT, layers=(), before=None, after=None, cause="no samples"))
    assert line == "not repaired after removing zeros: no samples"


def test_a_cut_group_is_told_by_what_is_left_of_it() -> None:
    group = CutGroup(id=GroupId("stem"), kind="hidden unit", size=32, kept=16)
    assert change_lines((group,), (KEPT,)) == [
        "stem: 16 of 32 hidden units kept",
        repair_line(KEPT),
    ]
