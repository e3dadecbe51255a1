"""Magento's weathers: what goes on in its shops, what of that is told, and what finds the rest."""

from __future__ import annotations

import gzip
import random
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from crowd import DEEDS, Crowd
from judge import Gone
from shopkeeping import Keeper, Refused
from town import Town

from adapters.magento.sandbox import history
from connector.rounds.upkeep import sweep
from connector.store import runs

HOURS_AGO = timedelta(
    hours=3
)  # when the last deed is dated: what was placed within the hour may not have been seen yet
MAGENTO = {name: weight for name, weight in DEEDS.items() if name != "merge"}
TOLD = MAGENTO | {"leave": 3}
SILENT = {"delete": 5, "leave": 3, "track": 3, "comment": 3}


def pasts(folder: Path) -> dict[str, str]:
    """Write a part of the shipped slice for each of two shops; half of the customers of each are in both."""
    found = {}
    for place, name in enumerate(("magento", "magento-2")):
        (folder / name).mkdir(parents=True)
        rows = [one for one in history.slice_rows() if one.customer % 120 in (1, 41 + 40 * place)]
        lines = [f"{one.customer} {one.day:%Y%m%d} {one.quantity} {one.cents / 100:.2f}" for one in rows]
        with gzip.open(folder / name / history.FULL_NAME, "wt", encoding="ascii") as out:
            out.write("\n".join(["customer day quantity dollars", *lines]) + "\n")
        found[name] = f"full:{folder / name}"
    return found


class MagentoCrowd(Crowd):
    """Shoppers of two Magento shops, some of them in another store view; customers may be deleted."""

    def __init__(self, town: Town, chance: random.Random, deeds: int) -> None:
        super().__init__(town, chance, deeds)
        self._at -= HOURS_AGO
        self.gone: list[Gone] = []
        self.views = {
            (name, one["id"]): "eu_de" if one.get("currency") == "EUR" else "default"
            for name, rows in self.customers.items()
            for one in rows
        }
        self._view = "default"
        self.acted: set[tuple[str, str]] = set()  # customers for whom staff did something

    def _beside(self, shop: Keeper, customer: str | None) -> dict[str, Any]:
        abroad = shop.name != "magento" and self._chance.random() < 0.3
        self._view = self.views.get((shop.name, customer or ""), "eu_de" if abroad else "default")
        return {"store": self._view}

    def _register(self) -> None:
        super()._register()
        for name, rows in self.customers.items():
            self.views.setdefault((name, rows[-1]["id"]), self._view)
        shared = Counter(one["email"] for rows in self.customers.values() for one in rows)
        self.lonely = [one for one in self.lonely if shared[self._known(*one)["email"]] == 1]

    def _known(self, name: str, number: str) -> dict[str, Any]:
        return next(one for one in self.customers[name] if one["id"] == number)

    def _move(self) -> None:
        """Somebody gets another address; the old one is nobody's from then on, whoever has heard of it."""
        name, number = self._chance.choice(self.lonely)
        self._number += 1
        address = f"moved-{self._number}@storm.example"
        self._town.keepers[name].does(f"customers/{number}", "PATCH", email=address)
        self._known(name, number)["email"] = address

    def _member(self, least: int) -> tuple[int, int, str, str]:
        found = super()._member(least)
        self.acted.add(found[2:])
        return found

    def surely_deletes(self) -> None:
        """Delete an order that earned points: they are to go back, whatever tells of it."""
        keeper = self._shop()
        with self._town.house.database.merchant(self._town.merchant_id) as tx:
            earned = tx.connection.exec_driver_sql(
                "SELECT e.source FROM entries e JOIN shops s ON e.source LIKE 'order:' || s.id || ':%%'"
                " WHERE s.address = %(a)s GROUP BY e.source HAVING sum(e.points) > 0",
                {"a": keeper.address},
            ).scalars()
            numbers = {source.rpartition(":")[2] for source in earned}
        there = [one["id"] for one in keeper.all("orders") if one["id"] in numbers and not one["codes"]]
        self._deletes(keeper, self._chance.choice(there))

    def _delete(self) -> None:
        shop, number = self._some_order()
        if any(one["codes"] for one in shop.all("orders") if one["id"] == number):
            raise Refused("who used a code there is known from the order alone")
        self._deletes(shop, number)

    def _deletes(self, shop: Keeper, number: str) -> None:
        shop.does(f"orders/{number}", "DELETE")
        self.orders = [one for one in self.orders if one != (shop.name, number)]

    def _leave(self) -> None:
        """A customer nobody else shares an address with is deleted; the orders stay, and do not move."""
        addresses = {(name, one["id"]): one["email"] for name, rows in self.customers.items() for one in rows}
        shared = Counter([*addresses.values(), *self.guests])
        alone = [one for one, address in addresses.items() if shared[address] == 1 and one not in self.acted]
        name, number = self._chance.choice(alone)
        keeper = self._town.keepers[name]
        orders = [one for one in keeper.all("orders") if one["customer_id"] == number]
        if any(one["codes"] for one in orders):
            raise Refused("who used a code there is known from the order alone")
        (row,) = (one for one in keeper.all("customers") if one["id"] == number)
        # What nobody had heard of before they left is nobody's: the shop no longer says whose it was.
        known, heard = self._heard_of(keeper.address, number)
        keeper.does(f"customers/{number}", "DELETE")
        if known:
            self.gone.append(Gone(keeper.address, row, heard))
        self.lonely = [one for one in self.lonely if one != (name, number)]
        self.customers[name] = [one for one in self.customers[name] if one["id"] != number]

    def _heard_of(self, address: str, customer: str) -> tuple[bool, frozenset[str]]:
        words = {"a": address, "c": customer}
        with self._town.house.database.merchant(self._town.merchant_id) as tx:
            known = tx.connection.exec_driver_sql(
                "SELECT c.id FROM customers c JOIN shops s ON s.id = c.shop_id WHERE s.address = %(a)s AND c.id = %(c)s",
                words,
            ).all()
            orders = tx.connection.exec_driver_sql(
                "SELECT o.id FROM orders o JOIN shops s ON s.id = o.shop_id"
                " WHERE s.address = %(a)s AND o.customer_id = %(c)s",
                words,
            ).scalars()
            return bool(known), frozenset(orders)

    def _track(self) -> None:
        self._happens("track")

    def _comment(self) -> None:
        self._happens("comment")


# --- what finds what was not told -----------------------------------------------------------------------------------


def looks(town: Town, kind: runs.RunKind, seconds: float = 120) -> None:
    """Let the time come at which the workers look by themselves, and wait until every shop was looked at."""
    if kind == "window":
        time.sleep(3.2)  # they end two seconds ago, and shops count in whole ones
    until, before = time.monotonic() + seconds, _newest_run(town)
    while not all(_looked(town, shop_id, kind, before) for shop_id in town.shop_ids.values()):
        assert time.monotonic() < until, f"not within {seconds} s: a look of kind {kind}"
        town.puts_the_clock_forward()
        with town.house.database.merchant(town.merchant_id) as tx:
            tx.connection.exec_driver_sql(_DUE[kind])
        sweep(town.house)
        time.sleep(0.5)


_DUE: dict[runs.RunKind, str] = {
    "window": "UPDATE shops SET seen_until = now() - interval '31 seconds' WHERE seen_until > now() - interval '31 seconds'",
    "ids": "UPDATE runs SET started_at = now() - interval '61 minutes'"
    " WHERE kind <> 'window' AND state <> 'running' AND started_at > now() - interval '61 minutes'",
}


def _newest_run(town: Town) -> int:
    with town.house.database.merchant(town.merchant_id) as tx:
        return int(tx.connection.exec_driver_sql("SELECT max(id) FROM runs").scalar_one())


def _looked(town: Town, shop_id: int, kind: runs.RunKind, before: int) -> bool:
    with town.house.database.merchant(town.merchant_id) as tx:
        run = runs.latest(tx, shop_id, kind)
    return run is not None and run.state == "done" and run.id > before


def stops_the_polls(town: Town) -> None:
    """Let no time come at which the workers would look; who looks all the same is found by `polled`."""
    for shop_id in town.shop_ids.values():
        while _is_looking(town, shop_id):
            time.sleep(0.1)
    with town.house.database.merchant(town.merchant_id) as tx:
        tx.connection.exec_driver_sql("UPDATE shops SET seen_until = now() + interval '1 day'")


def starts_the_polls(town: Town) -> None:
    with town.house.database.merchant(town.merchant_id) as tx:
        tx.connection.exec_driver_sql("UPDATE shops SET seen_until = now() - interval '10 minutes'")


def polled(town: Town, since: datetime) -> int:
    """Return how often a shop was looked at since then."""
    with town.house.database.merchant(town.merchant_id) as tx:
        found = tx.connection.exec_driver_sql(
            "SELECT count(*) FROM runs WHERE started_at > %(since)s", {"since": since}
        )
        return int(found.scalar_one())


def _is_looking(town: Town, shop_id: int) -> bool:
    with town.house.database.merchant(town.merchant_id) as tx:
        found = tx.connection.exec_driver_sql(
            "SELECT (SELECT count(*) FROM runs WHERE shop_id = %(s)s AND state = 'running')"
            " + (SELECT count(*) FROM procrastinate_jobs WHERE task_name LIKE 'reconcile%%' AND status <> 'failed')",
            {"s": shop_id},
        )
        return bool(found.scalar_one())
