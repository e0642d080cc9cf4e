"""`python -m sparsify_tui`: the commands, the interface, and the job of a child process."""

from __future__ import annotations

import sys


def main() -> int:
    """Runs the program; returns its exit code."""
    if sys.argv[1:2] == ["job"]:
        from sparsify_tui.jobs.child import main as run_child  # noqa: PLC0415 - no click in a child

        return run_child()
    from sparsify_tui.cli import main as run_command  # noqa: PLC0415

    return run_command(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
