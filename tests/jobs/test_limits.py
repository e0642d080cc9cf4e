from __future__ import annotations

import os
import subprocess
import sys

SET_AND_SHOW = """
import resource, sys
from sparsify_tui.jobs.limits import apply_limits
memory = None if sys.argv[1] == "all" else int(sys.argv[1])
apply_limits(memory, int(sys.argv[2]))
print(*resource.getrlimit(resource.RLIMIT_CORE), *resource.getrlimit(resource.RLIMIT_AS))
"""


def limited(memory: str, parent: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SET_AND_SHOW, memory, str(parent)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_child_leaves_no_core_and_has_the_memory_it_was_given() -> None:
    done = limited(str(1 << 31), os.getpid())

    assert done.stdout.split() == ["0", "0", str(1 << 31), str(1 << 31)]


def test_without_a_figure_most_of_the_machine_may_be_used() -> None:
    memory = int(limited("all", os.getpid()).stdout.split()[-1])
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

    assert 0 < memory <= 0.9 * whole


def test_a_child_whose_parent_is_gone_ends_at_once() -> None:
    done = limited("all", parent=1)

    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
