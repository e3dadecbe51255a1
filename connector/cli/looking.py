"""Commands that look: is all well, what came of a request, what was put aside."""

from __future__ import annotations

import json
import sys

import click
import msgspec

from connector import config
from connector.cli.ground import Failed, furnished
from connector.config import BadSettings


@click.command()
@click.option("--again", "again_", is_flag=True, help="Have all of it tried again.")
@click.option("--discard", is_flag=True, help="Put all of it away for good.")
@click.option("--json", "as_json", is_flag=True, help="Print it for a program.")
def parked(again_: bool, discard: bool, as_json: bool) -> None:
    """List what was put aside because it failed too often, with the reasons; exit code 1 while there is something."""
    from connector import parking

    if again_ and discard:
        raise Failed("say --again or --discard, not both")
    with furnished() as house:
        if again_ or discard:
            parking.clear(house, discard=discard)
        found = parking.everything(house)
    if as_json:
        click.echo(json.dumps([msgspec.to_builtins(one) for one in found], indent=2))
    else:
        for one in found:
            click.echo(f"{one.shop}: {one.way} {one.id} {one.what}, after {one.attempts} tries: {one.why}")
        click.echo(f"{sum(one.count for one in found)} put aside" if found else "Nothing is put aside.")
    sys.exit(1 if found else 0)


@click.command()
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


@click.command()
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="Print the stops for a program.")
def trace(number: str, as_json: bool) -> None:
    """Print the road of the request NUMBER: what arrived, was booked, went out; exit code 1 when there is none.

    NUMBER is the X-Request-Id of an answer, what an error page shows, or the shop's own id of a message.
    """
    from connector import tracing

    with furnished() as house:
        found = tracing.road(house, number)
    click.echo(tracing.as_json(found) if as_json else tracing.as_text(found))
    sys.exit(0 if found else 1)
