"""Trouble of every kind against a shop on this machine: tokens that end on the way, two shops at once, answers that lie."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from adapters.shopify import results
from adapters.shopify.platform import Shopify
from connector.port import OutcomeUnknown, Refused, ShopAdapter, ShopLine, TryLater

Read = Callable[..., Any]
THREADS, ROUNDS = 8, 12


@pytest.fixture
def next_door(street: Any, make_vault: Any) -> Iterator[Any]:
    """A second shop, with an address and an app of its own."""
    made = type(street)(make_vault, "other-gifts.myshopify.com")
    made.install()
    yield made
    for server in (made.house.server, made.server):
        server.shutdown()
        server.server_close()


def hours_pass(street: Any, hours: int) -> None:
    """Move the shop's clock, and with it what its tokens are still good for."""
    clock = street.shop.clock
    street.shop.clock = lambda: clock() + timedelta(hours=hours)


def test_eight_threads_over_two_shops_never_show_one_the_others_token(street: Any, next_door: Any) -> None:
    street.install()
    both, platform, refused = (street, next_door), Shopify(), []

    def work(number: int) -> None:
        for turn in range(ROUNDS):
            here = both[(number + turn) % 2]
            line = platform.open(here.environment, ShopLine(here.address, "key"), here.vault)
            try:
                assert line.facts().address == here.address
            except Refused:
                refused.append(here.address)
            if number == 0 and turn == ROUNDS // 2:
                hours_pass(street, 2)
                hours_pass(next_door, 2)

    for here in both:
        # An exception on the way is where libraries with a session for all leave the wrong shop behind.
        here.control("faults", {"requests": [{"match": "Shop", "times": 5, "status": 404}]})
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(work, range(THREADS)))
    assert sorted(refused) == sorted(here.address for here in both for _ in range(5))
    for here in both:
        assert here.shop.asked["strange token"] == 0
        assert here.shop.asked["token refresh_token"] == 1, (
            "the end of an hour is one renewal for all threads"
        )
        assert here.shop.asked["graphql Shop"] > 40


def test_a_token_that_ends_in_the_middle_of_an_import_is_renewed_on_the_way(
    street: Any, line: ShopAdapter, everything: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = street.busy()
    monkeypatch.setattr(results, "ORDERS_A_BATCH", 2)
    found: set[str] = set()
    for batch in line.history(None):
        hours_pass(street, 2)
        found |= {order.id for order in batch.orders}
        assert line.facts().address == street.address
    assert found == set(ids.values())
    assert street.shop.asked["token refresh_token"] > 5


class Liar:
    """Passes every answer on, but for the ids it was asked: it answers with another order of the shop."""

    def __init__(self, shop: Any, instead: str) -> None:
        self._get, self._instead = shop.orders.get, int(instead)
        shop.orders.get = lambda _: self._get(self._instead)


def test_an_order_nobody_asked_for_is_not_taken_for_the_one_asked_for(street: Any, line: ShopAdapter) -> None:
    asked, other = street.order(), street.order()
    Liar(street.shop, other)
    with pytest.raises(TryLater, match="did not ask for"):
        line.orders((asked,))


def test_counts_that_are_wrong_lose_nothing(
    street: Any, line: ShopAdapter, everything: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = street.busy()
    monkeypatch.setattr("adapters.shopify.sandbox.fields.roots._counted", lambda *_: _Zero())
    customers, orders = everything(line)
    assert {it.id for it in orders} == set(ids.values())
    assert len(customers) == 2


class _Zero:
    count, exact = 0, True


@pytest.mark.parametrize(
    "fault", [{"status": 200, "html": True}, {"status": 502}, {"status": 429, "retry_after": 0.2}]
)
def test_an_import_goes_through_though_calls_keep_failing(
    street: Any, line: ShopAdapter, everything: Read, fault: dict[str, Any]
) -> None:
    ids = street.busy()
    stop = threading.Event()

    def trouble() -> None:
        while not stop.wait(0.15):
            street.control("faults", {"requests": [{"match": "graphql", "times": 1, **fault}]})

    flaky = threading.Thread(target=trouble)
    flaky.start()
    try:
        for _ in range(20):
            try:
                assert {it.id for it in everything(line)[1]} == set(ids.values())
                break
            except (TryLater, OutcomeUnknown):
                continue
        else:
            raise AssertionError("never through")
    finally:
        stop.set()
        flaky.join()
