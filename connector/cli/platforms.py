"""Commands about platforms: the file one wants, a stand-in for its servers, and the demo with both."""

from __future__ import annotations

import sys

import click

from connector import config, plugins
from connector.cli.ground import Failed


@click.command(name="app-file")
@click.argument("name")
def app_file(name: str) -> None:
    """Print what the platform NAME wants to be told of Comeback, written from the settings."""
    env = config.environment()
    platform = plugins.platform(name)
    settings = config.read(env, {name: platform})
    files = platform.files(settings.environment, settings.public_url)
    if not files:
        raise Failed(f"{platform.title} wants to be told nothing; its install pages are enough")
    for text in files.values():
        click.echo(text, nl=False)


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("name")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sandbox(name: str, arguments: tuple[str, ...]) -> None:
    """Serve a stand-in for a platform's own servers, for trying out; ARGUMENTS go to it (try --help)."""
    if name == "--help":
        click.echo(f"comeback sandbox NAME [ARGUMENTS], NAME one of: {', '.join(plugins.sandboxes())}")
        return
    plugins.sandbox(name).serve(list(arguments))


@click.command()
@click.option("--once", is_flag=True, help="Stop after the table; exit code 1 when shop and ledger differ.")
@click.option(
    "--full", is_flag=True, help="Import everything there is in ../shared/data, not the small slice."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port of the pages; 0 takes a free one.",
)
def demo(once: bool, full: bool, port: int) -> None:
    """Two sandbox shops, Comeback in both, and shoppers who never sleep."""
    from connector.demo import show

    sys.exit(show.run(once=once, full=full, port=port))
