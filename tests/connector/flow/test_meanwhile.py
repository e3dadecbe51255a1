"""What happens elsewhere while one waits for a lock: whoever is erased, joined or installed again, nothing is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from connector import rounds
from connector.flow import erasing, forgetting, welcoming
from connector.loyalty.terms import suggested
from connector.port import CustomerChanged, CustomerForgotten, Installed, ShopForgotten, ShopRemoved
from connector.rounds import erasures
from connector.store import coupons, members, outbox, people, shops, tables
from connector.store.database import Tx

CORNER = "corner.example"
ASKED = ShopForgotten(CORNER, timedelta(hours=47))


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], list[int]]:
    """Have something happen, and end, just before members are locked for the first time."""

    def happens(elsewhere: Callable[[], object]) -> list[int]:
        real, found = members.lock, list[int]()

        def lock(tx: Tx, wanted: Any) -> list[int]:
            if not found:
                found.extend(wanted)
                elsewhere()
            return real(tx, wanted)

        monkeypatch.setattr(members, "lock", lock)
        return found

    return happens


def erase(world: Any) -> None:
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert erasing.begin(tx, world.shop.id, world.now, world.now)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        shop = shops.get(tx, world.shop.id)
    erasures.go_on(world.house, shop, threading.Event())


def goes(world: Any) -> None:
    world.tell(ShopRemoved(CORNER))
    world.later(2)


def test_who_is_joined_while_their_other_shop_is_erased_goes_on_earning(
    world: Any, market: Any, start: Any, make: Any, meanwhile: Any
) -> None:
    start()
    world.tell(CustomerChanged(make.person()))
    world.happen(make.order(1, 60, make.NOW - 3 * make.DAY))
    closed = world.member()
    goes(world)
    seen = meanwhile(lambda: erase(world))
    market.tell(CustomerChanged(make.person("70")))
    assert closed in seen
    assert market.member("70") != closed
    market.happen(make.order(1, 30, make.NOW - 2 * make.DAY, "70"))
    assert market.balance("70") == 30


def test_who_is_joined_while_a_shop_waits_to_be_erased_keeps_what_was_booked_there(
    world: Any, market: Any, start: Any, make: Any, meanwhile: Any
) -> None:
    start()
    unproven = msgspec.structs.replace(make.person("70"), email_verified=False)
    market.tell(CustomerChanged(unproven))
    world.tell(CustomerChanged(make.person()))
    world.happen(make.order(1, 60, make.NOW - 3 * make.DAY))
    market.happen(make.order(1, 30, make.NOW - 2 * make.DAY, "70"))
    assert world.member("7") != market.member("70")
    goes(world)
    proven = msgspec.structs.replace(make.person("70"), changed_at=world.now)
    seen = meanwhile(lambda: market.tell(CustomerChanged(proven)))
    erase(world)
    assert seen
    market.happen(make.order(2, 10, world.now, "70"))
    assert market.balance("70") == 100
    assert world.sums()[f"order:{world.shop.id}:1"] == 60


def test_a_guests_order_that_the_platform_redacts_after_us_leaves_points_where_they_are(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.tell(CustomerChanged(make.person()))
    guest = msgspec.structs.replace(make.order(1, 60, make.NOW - 3 * make.DAY, None), email="anna@example.nl")
    world.happen(guest)
    world.tell(CustomerForgotten(CORNER, "7", "anna@example.nl", ("1",)))
    [kept] = world.rows(tables.orders)
    for told in (True, False):
        world.later(1)
        world.happen(msgspec.structs.replace(guest, email=None, changed_at=world.now), tell=told)
        world.reconcile()
        [now] = world.rows(tables.orders)
        assert (now.customer_id, now.changed_at) == (kept.customer_id, world.now)
        assert people.is_nobody(now.customer_id)
        assert world.sums() == {f"order:{world.shop.id}:1": 60}


def test_a_shop_that_is_erased_while_it_says_what_it_is_leaves_no_word_of_it(
    world: Any, start: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    start()
    world.happen(make.order(1, 60, make.NOW))
    real, asked = world.corner.facts, list[int]()

    def facts() -> Any:
        asked.append(1)
        erase(world)
        return msgspec.structs.replace(real(), addresses=(CORNER,), sign="the corner's")

    monkeypatch.setattr(world.corner, "facts", facts)
    rounds.subscribe(world.house, world.shop.merchant_id, world.shop.id)
    assert asked == [1]
    [row] = world.rows(tables.shops)
    assert row.forgotten_at == world.now
    assert (row.name, row.addresses, row.sign_hash) == ("", [], None)


def told_of(world: Any, tx: Tx) -> tuple[bool, str]:
    return forgetting.heed(tx, world.shop, ASKED, set(), world.now, world.now)


def waits(world: Any, work: threading.Thread) -> None:
    """Return when the work waits for somebody's lock (or, which must not be, is through)."""
    work.start()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with world.house.database.merchant(world.shop.merchant_id) as tx:
            if tx.value(text("SELECT count(*) FROM pg_locks WHERE NOT granted")) or not work.is_alive():
                return
        time.sleep(0.02)


def installs(world: Any) -> welcoming.Arrived:
    facts = msgspec.structs.replace(world.corner.facts(), name="Corner Again")
    return welcoming.welcome(world.house.database, world.corner, Installed(facts, b"new"), world.now)


def test_who_installs_again_while_the_shop_is_being_erased_has_a_new_shop(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.happen(make.order(1, 60, make.NOW))
    goes(world)
    arrived = list[welcoming.Arrived]()
    work = threading.Thread(target=lambda: arrived.append(installs(world)))
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert told_of(world, tx)[0]
        waits(world, work)
    work.join()
    [new] = arrived
    assert new.first
    assert new.shop_id != world.shop.id
    [erased] = world.rows(tables.shops)
    assert (erased.state, erased.tokens_sealed) == ("removed", None)
    with world.house.database.merchant(new.merchant_id) as tx:
        assert (shops.get(tx, new.shop_id).address, shops.get(tx, new.shop_id).state) == (CORNER, "connected")


def test_a_shop_that_is_just_being_installed_again_is_not_erased(world: Any, start: Any, make: Any) -> None:
    start()
    world.happen(make.order(1, 60, make.NOW))
    goes(world)
    said = list[tuple[bool, str]]()

    def heed() -> None:
        with world.house.database.merchant(world.shop.merchant_id) as tx:
            said.append(told_of(world, tx))

    work = threading.Thread(target=heed)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        shops.come_back(tx, world.shop.id, world.corner.facts(), world.now - make.DAY)
        waits(world, work)
    work.join()
    assert said == [(False, "The shop has Comeback installed; nothing was erased.")]
    [shop] = world.rows(tables.shops)
    assert (shop.state, shop.address, len(world.rows(tables.orders))) == ("connected", CORNER, 1)


def test_others_have_the_turn_while_a_shop_is_erased(
    world: Any, start: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    start()
    world.happen(make.order(1, 60, make.NOW))
    real, had = erasing.portion, threading.Event()

    def computes() -> None:
        with world.house.turn:
            had.set()

    def erased(*words: Any) -> bool:
        threading.Thread(target=computes).start()
        assert had.wait(60)
        return real(*words)

    monkeypatch.setattr(erasing, "portion", erased)
    goes(world)
    world.tell(ASKED)
    assert had.is_set()
    assert world.rows(tables.orders) == []


def test_a_code_that_is_withdrawn_while_the_shop_answers_is_not_live_for_good(
    world: Any, start: Any, make: Any
) -> None:
    start(nth_orders=suggested("EUR").nth_orders[:1])
    world.happen(make.order(1, 30, world.now), make.order(2, 30, world.now))
    (wanted,) = world.rows(tables.coupons)
    work = threading.Thread(target=world.push)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        key = wanted.shop_id, wanted.source, wanted.reward_key
        outbox.want(tx, "revoke", coupons.revoke(tx, [key]), world.now)
        waits(world, work)
    work.join(60)
    while world.push():
        pass
    assert world.rows(tables.coupons)[0].state == "revoked"
    assert world.corner.codes == {}
