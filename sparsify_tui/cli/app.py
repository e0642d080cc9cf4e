"""The command group: global options, and what a word that is no command means."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from sparsify_tui import __version__
from sparsify_tui.cli.interface import home_folder, open_interface
from sparsify_tui.errors import UsageError
from sparsify_tui.workbench import Workbench

COMMANDS = {
    "demo": "sparsify_tui.cli.demo:demo_command",
    "open": "sparsify_tui.cli.open:open_command",
    "inspect": "sparsify_tui.cli.inspect:inspect_command",
    "projects": "sparsify_tui.cli.projects:projects_group",
    "data": "sparsify_tui.cli.data:data_group",
    "settings": "sparsify_tui.cli.settings:settings_group",
    "profile": "sparsify_tui.cli.profile:profile_group",
    "optimize": "sparsify_tui.cli.optimize:optimize_command",
    "apply": "sparsify_tui.cli.apply:apply_command",
    "benchmark": "sparsify_tui.cli.benchmark:benchmark_command",
    "export": "sparsify_tui.cli.export:export_command",
    "perf-profiles": "sparsify_tui.cli.perf_profiles:perf_profiles_group",
    "loss-profiles": "sparsify_tui.cli.loss_profiles:loss_profiles_group",
    "optimizations": "sparsify_tui.cli.items:optimizations_group",
    "benchmarks": "sparsify_tui.cli.benchmarks:benchmarks_group",
    "show": "sparsify_tui.cli.show:show_command",
    "doctor": "sparsify_tui.cli.doctor:doctor_command",
}
"""Verb → where its command lives; a verb's file is loaded when it is called."""

NOT_BUILT_YET = ("verify", "import", "prove", "diff", "bisect", "undo", "redo", "jobs")


class _Verbs(click.Group):
    """Loads a verb on demand; a word that is no verb is a project to open."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        found: click.Command = getattr(import_module(module), attribute)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] in NOT_BUILT_YET:
            raise UsageError(f"`{args[0]}` is not built yet.", "See `sparsify-tui --help`.")
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            return "open", self.get_command(ctx, "open"), args
        return super().resolve_command(ctx, args)


@click.group(cls=_Verbs, invoke_without_command=True, no_args_is_help=False)
@click.option("--home", type=click.Path(path_type=Path), help="Folder of the projects.")
@click.version_option(__version__, prog_name="sparsify-tui")
@click.pass_context
def cli(context: click.Context, home: Path | None) -> None:
    """Make an ONNX model smaller and faster, with numbers that were measured.

    Without a command the interface opens; with a project or an .onnx file it opens on that.
    """
    context.obj = Workbench(home_folder(home))
    if context.invoked_subcommand is None:
        context.exit(open_interface(context.obj))
