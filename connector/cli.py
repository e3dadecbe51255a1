"""The commands. Each furnishes a house, does one thing, and says in one line what went wrong."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import click
import msgspec

from connector import config, logs, plugins, serving
from connector.config import BadSettings
from connector.house import House, furnish
from connector.port import ShopError
from connector.store import health, postgres, queue, shops, walls
from connector.store import migrate as tables
from connector.store.dump import CannotDump
from connector.store.runs import Run, RunKind
from connector.store.shops import Shop
from connector.store.tombstones import Unreadable

_SIGN_IN_VALID = timedelta(minutes=30)
_PATIENCE = 120.0  # seconds for a worker to finish reading a shop


class Failed(click.ClickException):
    """Something the person at the keyboard can put right; shown as one line, without a traceback."""

    def show(self, file: object = None) -> None:
        click.echo(f"comeback: {self.message}", err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="comeback")
def commands() -> None:
    """Comeback turns one-time buyers into regulars."""


@commands.command()
def secrets() -> None:
    """Print fresh secrets, to paste into .env."""
    for name, value in config.fresh_secrets().items():
        click.echo(f"{name}={value}")


@commands.command()
def migrate() -> None:
    """Bring the database's tables up to date."""
    with _house(migrating=True) as house:
        house.migrate()
    click.echo("The tables are up to date.")


@commands.command()
@click.option("--host", help="Address to listen on (else HOST).")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port to listen on (else PORT); 0 takes a free one."
)
def serve(host: str | None, port: int | None) -> None:
    """Migrate, then run web and worker in one process."""
    _run(web=True, work=True, host=host, port=port, migrate_first=True)


@commands.command()
@click.option("--host", help="Address to listen on (else HOST).")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port to listen on (else PORT); 0 takes a free one."
)
def web(host: str | None, port: int | None) -> None:
    """Run the web server alone; on larger machines a WSGI server runs connector.app:create_app."""
    _run(web=True, work=False, host=host, port=port)


@commands.command()
def worker() -> None:
    """Run a worker; start as many as the work needs, on as many machines."""
    _run(web=False, work=True)


@commands.command()
@click.argument("shop", required=False)
def signin(shop: str | None) -> None:
    """Print an address that signs a merchant in once; SHOP is the address of one of their shops."""
    from connector.hall import sign_in_url

    with _house() as house:
        merchant_id = _shop(house, shop).merchant_id if shop else _only_merchant(house)
        click.echo(sign_in_url(house, merchant_id, _SIGN_IN_VALID))


@commands.command()
@click.argument("name")
@click.argument("address")
def connect(name: str, address: str) -> None:
    """Connect the shop at ADDRESS of the platform NAME, where the settings alone open it; print its merchant's sign-in."""
    from connector.hall import DoorStep

    with _house() as house:
        platform = house.platforms.get(name)
        if platform is None:
            raise Failed(f"{name} is not set up here; `comeback doctor` says what is missing")
        installed = platform.connect(house.settings.environment, address, house.settings.public_url)
        click.echo(DoorStep(house, platform).welcome(installed).url)


@commands.command()
@click.argument("shop")
def sync(shop: str) -> None:
    """Have the workers read what SHOP changed, ask for its webhooks again, and resume a stopped import of its history."""
    with _house() as house:
        found = _shop(house, shop)
        with house.database.merchant(found.merchant_id) as tx:
            queue.subscribe(tx.connection, found.merchant_id, found.id)
            queue.import_history(tx.connection, found.merchant_id, found.id)
            queue.reconcile(tx.connection, found.merchant_id, found.id, "window")
    click.echo(f"Asked. The worker reads {found.address}; its page shows how far it is.")


@commands.command()
@click.argument("shop", required=False)
@click.option("--full", is_flag=True, help="Read everything again, not only what changed lately.")
@click.option("--json", "as_json", is_flag=True, help="Print figures for a program.")
def reconcile(shop: str | None, full: bool, as_json: bool) -> None:
    """Compare shops with what is kept here, now, and settle what differs; exit code 1 when something did."""
    from connector import rounds

    with _house() as house:
        chosen = [_shop(house, shop)] if shop else _shops(house)
        kind: RunKind = "full" if full else "window"
        done = {
            found.address: rounds.reconcile(house, found.merchant_id, found.id, kind, patience=_PATIENCE)
            for found in chosen
        }
        for found in chosen:
            rounds.finish(house, found.merchant_id, found.id)
    if as_json:
        click.echo(json.dumps({address: _figures(run) for address, run in done.items()}, indent=2))
    else:
        if not done:
            click.echo("No shop is connected here, so there is nothing to compare.")
        for address, run in done.items():
            said = (
                f"looked at {run.done}, {run.differences} differences"
                if run
                else "cannot be read now; see its page"
            )
            click.echo(f"{address}: {said}")
    sys.exit(0 if all(run is not None and run.differences == 0 for run in done.values()) else 1)


@commands.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Write all that Comeback knows into FILE. The keys in .env are not in it: keep them apart from it."""
    from connector import backup as backups

    with _house() as house:
        as_of = backups.make(house, file)
        log = house.settings.forgotten_log
    click.echo(f"{file} holds the house as of {as_of:%Y-%m-%d %H:%M:%S} UTC ({file.stat().st_size} bytes).")
    click.echo(f"Keep {log} with it as it grows: it says who was forgotten since.")


@commands.command()
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

    with _house(migrating=True) as house:
        done = backups.restore(house, file, replace=replace, logs=forgotten)
        log = house.settings.forgotten_log
    if done.list_missing:
        click.echo(f"There is no {log}: if anybody was forgotten since, give its copy with --forgotten.")
    click.echo(f"The house is as of {done.as_of:%Y-%m-%d %H:%M:%S} UTC: {done.shops} shops.")
    click.echo(
        f"Forgotten since then and now again: {done.forgotten} rows. Start it; every shop is read again."
    )


@commands.command()
@click.option("--again", "again_", is_flag=True, help="Have all of it tried again.")
@click.option("--discard", is_flag=True, help="Put all of it away for good.")
@click.option("--json", "as_json", is_flag=True, help="Print it for a program.")
def parked(again_: bool, discard: bool, as_json: bool) -> None:
    """List what was put aside because it failed too often, with the reasons; exit code 1 while there is something."""
    from connector import parking

    if again_ and discard:
        raise Failed("say --again or --discard, not both")
    with _house() as house:
        if again_ or discard:
            parking.clear(house, discard=discard)
        found = parking.everything(house)
    if as_json:
        click.echo(json.dumps([msgspec.to_builtins(one) for one in found], indent=2))
    else:
        for one in found:
            click.echo(f"{one.shop}: {one.way} {one.id} {one.what}, after {one.attempts} tries: {one.why}")
        click.echo(f"{len(found)} put aside" if found else "Nothing is put aside.")
    sys.exit(1 if found else 0)


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="Print findings for a program.")
def doctor(as_json: bool) -> None:
    """Look at settings, database, workers, messages and shops, and say what to do; exit code 1 when all is not well."""
    from connector.doctor import examine, wrong

    try:
        findings = examine(config.environment())
    except BadSettings as error:
        findings = wrong(error)
    if as_json:
        click.echo(json.dumps([msgspec.to_builtins(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(f"{'well' if finding.well else 'NOT WELL':8}  {finding.about}: {finding.says}")
            if finding.what_to_do:
                click.echo(f"          {finding.what_to_do}")
    sys.exit(0 if all(finding.well for finding in findings) else 1)


@commands.command()
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="Print the stops for a program.")
def trace(number: str, as_json: bool) -> None:
    """Print the road of the request NUMBER: what arrived, was booked, went out; exit code 1 when there is none.

    NUMBER is the X-Request-Id of an answer, what an error page shows, or the shop's own id of a message.
    """
    from connector import tracing

    with _house() as house:
        found = tracing.road(house, number)
    click.echo(tracing.as_json(found) if as_json else tracing.as_text(found))
    sys.exit(0 if found else 1)


@commands.command(name="rotate-keys")
@click.option("--json", "as_json", is_flag=True, help="Print figures for a program.")
def rotate_keys(as_json: bool) -> None:
    """Seal with the newest key what older ones sealed; exit code 0 when no older one is in use and all opens."""
    from connector import rotation

    with _house() as house:
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


@commands.command(name="app-file")
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


@commands.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("name")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sandbox(name: str, arguments: tuple[str, ...]) -> None:
    """Serve a stand-in for a platform's own servers, for trying out; ARGUMENTS go to it (try --help)."""
    if name == "--help":
        click.echo(f"comeback sandbox NAME [ARGUMENTS], NAME one of: {', '.join(plugins.sandboxes())}")
        return
    plugins.sandbox(name).serve(list(arguments))


@commands.command()
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


@contextmanager
def _house(*, migrating: bool = False) -> Iterator[House]:
    """The house; its tables are those of this version unless the command is about to bring them up to date."""
    house = furnish(config.environment())
    try:
        if not migrating and (problem := house.problem()) is not None:
            raise Failed(problem)
        yield house
    finally:
        house.close()


def _run(
    *, web: bool, work: bool, host: str | None = None, port: int | None = None, migrate_first: bool = False
) -> None:
    from connector import jobs

    logs.set_up()
    stop = serving.Stop()
    stop.heed_signals()
    with _house(migrating=migrate_first) as house:
        if migrate_first:
            house.migrate()
            if (problem := house.problem()) is not None:
                raise Failed(problem)
        server = _listen(house, host, port) if web else None
        code = serving.until_stopped(house, stop, server, jobs.run_worker if work else None)
    sys.exit(code)


def _figures(run: Run | None) -> dict[str, object]:
    if run is None:
        return {"state": "failed", "looked_at": 0, "differences": None}
    return {"state": run.state, "looked_at": run.done, "differences": run.differences}


def _listen(house: House, host: str | None, port: int | None) -> serving.Web:
    from connector import app

    settings = house.settings
    where, which = host or settings.host, settings.port if port is None else port
    try:
        web = serving.Web(app.create_app(house), where, which, settings.proxy_hops)
    except OSError as error:
        raise Failed(f"cannot listen on {where}:{which}: {error.strerror}") from error
    with suppress(OSError):  # a full disk under the log stops no web server
        click.echo(
            f"Comeback listens on http://{where}:{web.port}; the pages are at {settings.public_url}", err=True
        )
    return web


def _shops(house: House) -> tuple[Shop, ...]:
    with house.database.everyone() as connection:
        return shops.everywhere(connection)


def _shop(house: House, word: str) -> Shop:
    found = [shop for shop in _shops(house) if word in (shop.address, str(shop.id))]
    if not found:
        there = ", ".join(shop.address for shop in _shops(house)) or "none"
        raise Failed(f"there is no shop {word!r}; connected shops: {there}")
    return found[0]


def _only_merchant(house: House) -> int:
    found = house.merchants()
    if len(found) != 1:
        raise Failed(
            "there is no merchant yet; install a shop first"
            if not found
            else "say which: comeback signin SHOP"
        )
    return found[0]


if __name__ == "__main__":
    main()
