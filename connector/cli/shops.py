"""Commands about shops: connecting one, signing its merchant in, having it read."""

from __future__ import annotations

import json
import sys
from datetime import timedelta

import click

from connector.cli.ground import Failed, every_shop, furnished, only_merchant, removed_or_not, shop_of
from connector.store import queue
from connector.store.runs import Run, RunKind

_SIGN_IN_VALID = timedelta(minutes=30)
_PATIENCE = 120.0  # seconds for a worker to finish reading a shop


@click.command()
@click.argument("shop", required=False)
def signin(shop: str | None) -> None:
    """Print an address that signs a merchant in once; SHOP is the address of one of their shops."""
    from connector.hall import sign_in_url

    with furnished() as house:
        merchant_id = shop_of(house, shop).merchant_id if shop else only_merchant(house)
        click.echo(sign_in_url(house, merchant_id, _SIGN_IN_VALID))


@click.command()
@click.argument("name")
@click.argument("address")
def connect(name: str, address: str) -> None:
    """Connect the shop at ADDRESS of the platform NAME, where the settings alone open it; print its merchant's sign-in."""
    from connector.hall import DoorStep

    with furnished() as house:
        platform = house.platforms.get(name)
        if platform is None:
            raise Failed(f"{name} is not set up here; `comeback doctor` says what is missing")
        installed = platform.connect(house.settings.environment, address, house.settings.public_url)
        click.echo(DoorStep(house, platform).welcome(installed).url)


@click.command()
@click.argument("shop")
def sync(shop: str) -> None:
    """Have the workers read what SHOP changed, ask for its webhooks again, and resume a stopped import of its history."""
    with furnished() as house:
        found = shop_of(house, shop)
        with house.database.merchant(found.merchant_id) as tx:
            queue.subscribe(tx.connection, found.merchant_id, found.id)
            queue.keep_alive(tx.connection, found.merchant_id, found.id)
            queue.import_history(tx.connection, found.merchant_id, found.id)
            queue.reconcile(tx.connection, found.merchant_id, found.id, "window")
    click.echo(f"Asked. The worker reads {found.address}; its page shows how far it is.")


@click.command()
@click.argument("shop")
@click.option("--yes", is_flag=True, help="Ask nothing.")
def remove(shop: str, yes: bool) -> None:
    """Take Comeback out of SHOP: its keys are deleted here, all else stays. Connected again, it goes on as it was."""
    from connector.settings import leaving

    with furnished() as house:
        found = removed_or_not(house, shop)
        yes or click.confirm(f"Remove {found.address}?", abort=True)
        did = leaving.remove_from(house, found)
    click.echo(f"{found.address} {'is removed' if did else 'was removed before'}; its rows are kept.")


@click.command()
@click.argument("shop")
@click.option("--yes", is_flag=True, help="Ask nothing.")
def erase(shop: str, yes: bool) -> None:
    """Delete all that SHOP told, for good; it must be removed before. The worker does it, in portions."""
    from connector.flow import leaving

    with furnished() as house:
        found = removed_or_not(house, shop)
        if found.state != "removed":
            raise Failed(f"{found.address} is connected; `comeback remove {found.address}` comes first")
        yes or click.confirm(f"Delete all that {found.address} told, for good?", abort=True)
        with house.database.merchant(found.merchant_id) as tx:
            leaving.erase(tx, found.id, house.settings.forgotten_log, house.now())
    click.echo(f"{found.address} is out of use; the worker deletes what it told.")


@click.command()
@click.argument("shop", required=False)
@click.option("--full", is_flag=True, help="Read everything again, not only what changed lately.")
@click.option("--json", "as_json", is_flag=True, help="Print figures for a program.")
def reconcile(shop: str | None, full: bool, as_json: bool) -> None:
    """Compare shops with what is kept here, now, and settle what differs; exit code 1 when something did."""
    from connector import rounds

    with furnished() as house:
        chosen = [shop_of(house, shop)] if shop else every_shop(house)
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


def _figures(run: Run | None) -> dict[str, object]:
    if run is None:
        return {"state": "failed", "looked_at": 0, "differences": None}
    return {"state": run.state, "looked_at": run.done, "differences": run.differences}
