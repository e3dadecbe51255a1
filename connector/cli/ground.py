"""What all commands stand on: a furnished house, the shop somebody means, and a line that says what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from connector import config
from connector.house import House, furnish
from connector.store import shops
from connector.store.shops import Shop


class Failed(click.ClickException):
    """Something the person at the keyboard can put right; shown as one line, without a traceback."""

    def show(self, file: object = None) -> None:
        click.echo(f"comeback: {self.message}", err=True)


@contextmanager
def furnished(*, migrating: bool = False) -> Iterator[House]:
    """The house; its tables are those of this version unless the command is about to bring them up to date."""
    house = furnish(config.environment())
    try:
        if not migrating and (problem := house.problem()) is not None:
            raise Failed(problem)
        yield house
    finally:
        house.close()


def every_shop(house: House) -> tuple[Shop, ...]:
    with house.database.everyone() as connection:
        return shops.everywhere(connection)


def shop_of(house: House, word: str) -> Shop:
    found = [shop for shop in every_shop(house) if word in (shop.address, str(shop.id))]
    if not found:
        there = ", ".join(shop.address for shop in every_shop(house)) or "none"
        raise Failed(f"there is no shop {word!r}; connected shops: {there}")
    return found[0]


def removed_or_not(house: House, word: str) -> Shop:
    """Return the shop that somebody means, also one that was removed, as long as it is not erased."""
    with house.database.everyone() as connection:
        found = [shop for shop in shops.ever(connection) if not shop.is_erased]
    for shop in found:
        if word in (shop.address, str(shop.id)):
            return shop
    raise Failed(f"there is no shop {word!r}; shops: {', '.join(shop.address for shop in found) or 'none'}")


def only_merchant(house: House) -> int:
    found = house.merchants()
    if len(found) != 1:
        raise Failed(
            "there is no merchant yet; install a shop first"
            if not found
            else "say which: comeback signin SHOP"
        )
    return found[0]
