"""The commands. Each furnishes a house, does one thing, and says in one line what went wrong."""

from __future__ import annotations

import logging
import sys

import click

from connector import logs, plugins
from connector.cli import keeping, looking, platforms, running, shops
from connector.config import BadSettings
from connector.port import ShopError
from connector.store import health, postgres, walls
from connector.store import migrate as tables
from connector.store.dump import CannotDump
from connector.store.tombstones import Unreadable


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="comeback")
def commands() -> None:
    """Comeback turns one-time buyers into regulars."""


for _command in (
    *(running.serve, running.web, running.worker, running.migrate),
    *(shops.connect, shops.signin, shops.sync, shops.reconcile, shops.remove, shops.erase),
    *(looking.doctor, looking.trace, looking.parked),
    *(keeping.backup, keeping.restore, keeping.rotate_keys, keeping.secrets),
    *(platforms.app_file, platforms.sandbox, platforms.demo),
):
    commands.add_command(_command)


def main() -> None:
    """Run a command; what people can put right ends in one line and exit code 1."""
    # Until it is told where to, structlog prints to stdout, in the middle of what --json says.
    logs.set_up(level=logging.WARNING)
    try:
        commands.main(standalone_mode=True)
    except (
        CannotDump,
        Unreadable,
        BadSettings,
        postgres.CannotStart,
        walls.CannotProtect,
        tables.Newer,
        tables.Unfinished,
        plugins.UnknownPlug,
        ShopError,
    ) as error:
        _fail(str(error))
    except health.GONE as error:
        _fail(f"the database does not answer ({type(error).__name__}); `comeback doctor` says more")


def _fail(text: str) -> None:
    click.echo(f"comeback: {text}", err=True)
    sys.exit(1)
