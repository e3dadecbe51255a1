"""Renewing over real HTTP and PostgreSQL: several processes, a death at the worst moment, uninstalls in between."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.shopify import tokens
from adapters.shopify.platform import platform
from connector import config, rounds
from connector.flow import welcoming
from connector.house import House, furnish
from connector.port import Installed, ShopFacts, Unauthorized
from connector.store import shops
from connector.store.shops import Shop

SCRIPT = Path(__file__).with_name("renewing.py")
REFRESH = "token refresh_token"


class Place:
    """A house on a real database, and a sandbox shop that is installed in it."""

    def __init__(self, street: Any, database: Any) -> None:
        urls = {"DATABASE_URL": database.url, "DATABASE_OWNER_URL": database.owner_url}
        self.street = street
        self.env = config.fresh_secrets() | street.environment | urls
        self.ahead = timedelta(0)
        self.house: House = furnish(self.env, {"shopify": platform}, lambda: datetime.now(UTC) + self.ahead)

    def install(self) -> Shop:
        """Walk the road of an install, and let the house have what came of it."""
        self.street.install()
        given: Installed = self.street.house.installed[-1]
        welcoming.welcome(self.house.database, platform, given, self.house.now())
        with self.house.database.everyone() as connection:
            found = shops.find_by_address(connection, "shopify", given.facts.address)
        assert found is not None
        return found

    def expire(self, shop: Shop, **ended: float) -> None:
        """Have the access token end a minute from now, or so long ago."""
        at = datetime.now(UTC) + (-timedelta(**ended) if ended else timedelta(minutes=1))
        with self.house.vault(shop).locked() as vault:
            kept = tokens.unpack(vault.read())
            vault.save(tokens.pack(msgspec.structs.replace(kept, expires_at=at)))

    def kept(self, shop: Shop) -> tokens.Tokens:
        return tokens.unpack(self.house.vault(shop).read())

    def refreshes(self) -> int:
        return int(self.street.shop.asked[REFRESH])

    def process(self, shop: Shop, threads: int, *how: str) -> subprocess.Popen[str]:
        """Start a process with so many threads, which wait for a line before they ask."""
        command = [sys.executable, str(SCRIPT), shop.address, str(threads), *how]
        made = subprocess.Popen(
            command,
            env=self.env | {"COMEBACK_ENV_FILE": ""},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert made.stdout is not None
        assert made.stdout.readline() == "ready\n"
        return made


def go(*processes: subprocess.Popen[str]) -> list[tuple[int, str]]:
    """Let them all ask at once; return how each ended and what it said last."""
    for one in processes:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    said = [one.communicate(timeout=60)[0].strip() for one in processes]
    return [(one.returncode, words) for one, words in zip(processes, said, strict=True)]


@pytest.fixture
def place(street: Any, database: Any) -> Iterator[Place]:
    made = Place(street, database)
    yield made
    made.house.close()


def test_fifty_threads_in_two_processes_renew_once(place: Place) -> None:
    shop = place.install()
    place.expire(shop)
    before = place.refreshes()
    ended = go(place.process(shop, 25), place.process(shop, 25))
    assert (ended, place.refreshes() - before) == ([(0, "25"), (0, "25")], 1)
    assert place.street.shop.asked["refused token"] == 0


def test_a_process_killed_between_the_answer_and_the_commit_costs_nothing(place: Place) -> None:
    shop = place.install()
    place.expire(shop)
    old, before = place.kept(shop), place.refreshes()
    ((code, said),) = go(place.process(shop, 1, "die"))
    assert (code, said, place.kept(shop)) == (-9, "", old)
    assert place.house.line(shop).facts().name
    assert place.refreshes() - before == 2
    # And the chain goes on from there.
    place.expire(shop)
    assert place.house.line(shop).facts().name
    assert place.refreshes() - before == 3


def test_a_shop_that_nobody_uses_is_renewed_once_a_week(place: Place) -> None:
    shop = place.install()
    before, first = place.refreshes(), place.kept(shop)
    for _ in range(3):
        rounds.keep_alive(place.house, shop.merchant_id, shop.id)
    assert place.refreshes() == before
    place.expire(shop, days=7)
    for _ in range(3):
        rounds.keep_alive(place.house, shop.merchant_id, shop.id)
    assert place.refreshes() - before == 1
    assert place.kept(shop).refresh != first.refresh


def test_a_dead_refresh_token_found_by_keeping_alive_asks_for_a_reconnect(place: Place) -> None:
    shop = place.install()
    place.expire(shop, days=91)
    place.street.shop.desk.forget_all()
    rounds.keep_alive(place.house, shop.merchant_id, shop.id)
    with place.house.database.merchant(shop.merchant_id) as tx:
        assert shops.get(tx, shop.id).state == "reconnect"


def during_a_renewal(place: Place, shop: Shop, meanwhile: Callable[[], object]) -> None:
    """Let something happen between Shopify's answer about new tokens and the moment they are kept."""
    answered, go_on, renewed = threading.Event(), threading.Event(), tokens.renewed

    def slow(*asked: Any) -> tokens.Tokens:
        found = renewed(*asked)
        answered.set()
        assert go_on.wait(60)
        return found

    def work() -> None:
        with suppress(Unauthorized):
            place.house.line(shop).keep_alive()

    tokens.renewed = slow
    try:
        thread = threading.Thread(target=work)
        thread.start()
        assert answered.wait(60)
        meanwhile()
        go_on.set()
        thread.join(60)
    finally:
        tokens.renewed = renewed


def test_an_uninstall_during_a_renewal_leaves_no_token(place: Place) -> None:
    shop = place.install()
    place.expire(shop, days=7)

    def uninstall() -> None:
        with place.house.database.merchant(shop.merchant_id) as tx:
            shops.remove(tx, shop.id, place.house.now())

    during_a_renewal(place, shop, uninstall)
    with pytest.raises(Unauthorized):
        place.house.vault(shop).read()


def test_a_reinstall_during_a_renewal_keeps_its_own_tokens(place: Place) -> None:
    shop = place.install()
    place.expire(shop, days=7)
    during_a_renewal(place, shop, place.install)
    assert place.kept(shop) == tokens.unpack(place.street.house.installed[-1].tokens)
    assert place.house.line(shop).facts().name


@pytest.mark.parametrize("managed", [False, True], ids=["by the grant page", "opened in the admin"])
def test_a_shop_that_went_comes_back_twice_over(place: Place, managed: bool) -> None:
    """Uninstalled, all work stops and the tokens are gone; installed again by either road it goes on with its merchant."""
    first = place.install()
    for _ in range(2):
        place.street.control("uninstall")
        with place.house.database.merchant(first.merchant_id) as tx:
            shops.remove(tx, first.id, place.house.now())
        with pytest.raises(Unauthorized):
            place.house.line(first).facts()
        place.street.control("install", {"public_url": place.street.house.public_url, "managed": managed})
        given = place.street.house.installed[-1]
        welcoming.welcome(place.house.database, platform, given, place.house.now())
        with place.house.database.everyone() as connection:
            again = shops.find_by_address(connection, "shopify", given.facts.address)
        assert again is not None
        assert (again.id, again.merchant_id, again.state) == (first.id, first.merchant_id, "connected")
        assert isinstance(place.house.line(again).facts(), ShopFacts)
