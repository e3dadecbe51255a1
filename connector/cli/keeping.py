"""Commands that keep the house: its secrets, its backup, the keys that seal."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
import msgspec

from connector import config
from connector.cli.ground import furnished


@click.command()
def secrets() -> None:
    """Print fresh secrets, to paste into .env."""
    for name, value in config.fresh_secrets().items():
        click.echo(f"{name}={value}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Write all that Comeback knows into FILE. The keys in .env are not in it: keep them apart from it."""
    from connector import backup as backups

    with furnished() as house:
        as_of = backups.make(house, file)
        log = house.settings.forgotten_log
    click.echo(f"{file} holds the house as of {as_of:%Y-%m-%d %H:%M:%S} UTC ({file.stat().st_size} bytes).")
    click.echo(f"Keep {log} with it as it grows: it says who was forgotten since.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Put it in the place of the house that is there.")
@click.option(
    "--forgotten",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A further machine's forgotten.log.",
)
def restore(file: Path, replace: bool, forgotten: tuple[Path, ...]) -> None:
    """Put the backup FILE back. Stop web and workers first; once they run again, all that happened since is fetched."""
    from connector import backup as backups

    with furnished(migrating=True) as house:
        done = backups.restore(house, file, replace=replace, logs=forgotten)
        log = house.settings.forgotten_log
    if done.list_missing:
        click.echo(f"There is no {log}: if anybody was forgotten since, give its copy with --forgotten.")
    click.echo(f"The house is as of {done.as_of:%Y-%m-%d %H:%M:%S} UTC: {done.shops} shops.")
    click.echo(
        f"Forgotten since then and now again: {done.forgotten} rows. Start it; every shop is read again."
    )


@click.command(name="rotate-keys")
@click.option("--json", "as_json", is_flag=True, help="Print figures for a program.")
def rotate_keys(as_json: bool) -> None:
    """Seal with the newest key what older ones sealed; exit code 0 when no older one is in use and all opens."""
    from connector import rotation

    with furnished() as house:
        before = rotation.uses(house)
        with click.progressbar(
            length=sum(before.old.values()), label="Sealing again", show_pos=True, file=sys.stderr
        ) as bar:
            after = rotation.rotate(house, bar.update)
    if as_json:
        done = sum(before.old.values()) - sum(after.old.values())
        click.echo(json.dumps(msgspec.to_builtins(after) | {"resealed": done}, indent=2))
    else:
        click.echo(f"{after.newest} seals {after.current}")
        for key_id, count in after.old.items():
            click.echo(
                f"{key_id} seals {count}" + ("" if count else "; it can be dropped from ENCRYPTION_KEYS")
            )
        for key_id, count in after.missing.items():
            click.echo(f"{key_id} seals {count}, and ENCRYPTION_KEYS does not list it; add it at the end")
        for shut in after.shut:
            click.echo(rotation.tell(shut))
    sys.exit(0 if after.done else 1)
