"""The headless commands. Data goes to standard output, narration to standard error."""

from __future__ import annotations

from collections.abc import Sequence

from sparsify_tui.cli.interface import home_without_verb, open_interface
from sparsify_tui.errors import SparsifyError
from sparsify_tui.workbench import Workbench


def main(arguments: Sequence[str]) -> int:
    """Runs a command line; exit codes: 0 ok, 1 failed, 2 usage, 3 missing, 130 stopped."""
    home = home_without_verb(arguments)
    if home is None:
        return _run_verb(arguments)
    try:
        return open_interface(Workbench(home))
    except SparsifyError as error:
        from sparsify_tui.cli.output import report_error  # noqa: PLC0415 - rarely needed

        report_error(error.message, error.hint, as_json=False)
        return error.exit_code


def _run_verb(arguments: Sequence[str]) -> int:
    import click  # noqa: PLC0415 - the interface needs no parser

    from sparsify_tui.cli.app import cli  # noqa: PLC0415
    from sparsify_tui.cli.output import INTERRUPTED, report_error  # noqa: PLC0415

    as_json = "--json" in arguments
    try:
        code = cli.main(list(arguments), prog_name="sparsify-tui", standalone_mode=False)
    except SparsifyError as error:
        report_error(error.message, error.hint, as_json=as_json)
        return error.exit_code
    except click.ClickException as error:
        report_error(error.format_message(), _usage_hint(error), as_json=as_json)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        report_error("Stopped.", "", as_json=as_json)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe had enough
        return 1
    return code if isinstance(code, int) else 0


def _usage_hint(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    return f"See `{context.command_path} --help`." if context else ""
