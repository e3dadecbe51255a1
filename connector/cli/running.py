"""Commands that run: web, worker, both at once, and what brings the tables up to date before them."""

from __future__ import annotations

import sys
from contextlib import suppress

import click

from connector import logs, rubbish, serving
from connector.cli.ground import Failed, furnished
from connector.house import House


@click.command()
def migrate() -> None:
    """Bring the database's tables up to date."""
    with furnished(migrating=True) as house:
        house.migrate()
    click.echo("The tables are up to date.")


@click.command()
@click.option("--host", help="Address to listen on (else HOST).")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port to listen on (else PORT); 0 takes a free one."
)
def serve(host: str | None, port: int | None) -> None:
    """Migrate, then run web and worker in one process."""
    _run(web=True, work=True, host=host, port=port, migrate_first=True)


@click.command()
@click.option("--host", help="Address to listen on (else HOST).")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port to listen on (else PORT); 0 takes a free one."
)
def web(host: str | None, port: int | None) -> None:
    """Run the web server alone; on larger machines a WSGI server runs connector.app:create_app."""
    _run(web=True, work=False, host=host, port=port)


@click.command()
def worker() -> None:
    """Run a worker; start as many as the work needs, on as many machines."""
    _run(web=False, work=True)


def _run(
    *, web: bool, work: bool, host: str | None = None, port: int | None = None, migrate_first: bool = False
) -> None:
    from connector import jobs

    logs.set_up()
    stop = serving.Stop()
    stop.heed_signals()
    with furnished(migrating=migrate_first) as house:
        if migrate_first:
            house.migrate()
            if (problem := house.problem()) is not None:
                raise Failed(problem)
        server = _listen(house, host, port) if web else None
        rubbish.seldom()
        code = serving.until_stopped(house, stop, server, jobs.run_worker if work else None)
    sys.exit(code)


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
