"""``sm-container completion``: the script that makes a shell complete the command's words."""

from __future__ import annotations

import click


@click.command(
    "completion",
    short_help="Print a shell's completion script.",
    epilog='bash: eval "$(sm-container completion bash)" in ~/.bashrc. zsh: the same in ~/.zshrc. '
    "fish: sm-container completion fish > ~/.config/fish/completions/sm-container.fish",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, /, shell: str) -> None:
    """Print the script by which SHELL completes subcommands, options and names of jobs."""
    from click.shell_completion import get_completion_class

    script = get_completion_class(shell)
    if script is None:
        raise click.UsageError(f"click knows no {shell}")
    root = ctx.find_root().command
    click.echo(script(root, {}, "sm-container", "_SM_CONTAINER_COMPLETE").source())
