"""Trouble of every kind against a shop on this machine: tokens that end on the way, two shops at once, answers that lie."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.shopify import client, pull, results
from adapters.shopify.platform import Shopify
from adapters.shopify.sandbox import paging
from connector.port import (
    CouponMade,
    Forbidden,
    Marked,
    OutcomeUnknown,
    Refused,
    ShopAdapter,
    ShopLine,
    TryLater,
    Window,
)
from connector.records import Coupon

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


def lies(street: Any, match: str, body: str) -> None:
    """Let the shop answer the next call of this name with 200 and something else."""
    street.control("faults", {"requests": [{"match": match, "times": 9, "status": 200, "body": body}]})


EMPTY = ["", "null", "[]", "{}", '{"data":null}', '{"data":{}}', '{"data":{"nodes":null}}']


@pytest.mark.parametrize("body", [*EMPTY, '{"data":{"nodes":[]}}', '{"data":{"nodes":[null,null]}}'])
def test_an_empty_answer_never_means_that_something_is_gone(
    street: Any, line: ShopAdapter, body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.0)
    order, anna = street.order(), street.customer()
    for name, ask in (("OrdersById", line.orders), ("CustomersById", line.customers)):
        lies(street, name, body)
        with pytest.raises(TryLater):
            ask((order if name == "OrdersById" else anna,))
    street.control("faults", {"requests": []})
    assert set(line.orders((order,))) == {order}
    assert set(line.customers((anna,))) == {anna}


@pytest.mark.parametrize("body", EMPTY)
def test_an_empty_answer_to_a_change_leaves_open_what_became_of_it(
    street: Any, line: ShopAdapter, body: str
) -> None:
    anna = street.customer()
    lies(street, "Mark", body)
    with pytest.raises(OutcomeUnknown):
        line.mark(anna, ("Comeback: Gold",), ())
    street.control("faults", {"requests": []})
    assert line.mark(anna, ("Comeback: Gold",), ()) == Marked(("Comeback: Gold",))


COMPLAINED = '{"data":{"%s":{"codeDiscountNode":null,"userErrors":[{"code":%s,"field":["x"],"message":"secret words"}]}}}'


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ('"INTERNAL_ERROR"', OutcomeUnknown),
        ('"ACCESS_DENIED"', Forbidden),
        ('"APP_NOT_AUTHORIZED"', Forbidden),
        ('"INVALID"', Refused),
        ("null", Refused),
    ],
)
def test_what_a_change_complains_of_is_told_by_its_code_and_never_by_its_words(
    street: Any, line: ShopAdapter, code: str, error: type[Exception]
) -> None:
    now, anna = street.shop.now(), street.customer()
    five = Coupon("CODE00000001", "amount", 500, "GBP", "Five", now, now + timedelta(days=30), anna)
    lies(street, "CouponBasic", COMPLAINED % ("discountCodeBasicCreate", code))
    with pytest.raises(error) as caught:
        line.make_coupon(five)
    assert type(caught.value) is error
    assert "secret" not in str(caught.value)
    street.control("faults", {"requests": []})
    assert isinstance(line.make_coupon(five), CouponMade), "and the same is done when it is tried again"
    lies(street, "CouponEnd", COMPLAINED % ("discountCodeDeactivate", code))
    with pytest.raises(error):
        line.revoke_coupon(five.code, None)


@pytest.mark.parametrize("body", EMPTY)
@pytest.mark.parametrize("call", ["BulkStart", "BulkState"])
def test_an_import_whose_answers_are_empty_comes_later_and_whole(
    street: Any, line: ShopAdapter, everything: Read, body: str, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.0)
    ids = {street.order(), street.order()}
    lies(street, call, body)
    try:
        found = everything(line)[1]
    except (TryLater, OutcomeUnknown):
        street.control("faults", {"requests": []})
        found = everything(line)[1]
    assert {it.id for it in found} == ids


def test_pages_that_lead_in_a_circle_are_left(
    street: Any, line: ShopAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull, "ORDERS_A_PAGE", 2)
    for _ in range(5):
        street.order()
    real, newest = paging.cursor, (datetime(2020, 1, 1, tzinfo=UTC), 0)
    monkeypatch.setattr(paging, "cursor", lambda row: real(newest if isinstance(row[0], datetime) else row))
    now = street.shop.now()
    with pytest.raises(TryLater, match="did not ask for"):
        list(line.changed(Window(now - timedelta(hours=1), now + timedelta(hours=1))))


@pytest.mark.parametrize(
    "fault", [{"status": 200, "html": True}, {"status": 502}, {"status": 429, "retry_after": 0.2}]
)
def test_an_import_goes_through_though_calls_keep_failing(
    street: Any, line: ShopAdapter, everything: Read, fault: dict[str, Any]
) -> None:
    ids = street.busy()
    stop = threading.Event()

    def trouble() -> None:
        answered = 0
        while not stop.wait(0.1):
            # Not more often than calls go well, however slow they are.
            if sum(street.shop.asked.values()) < answered + 3:
                continue
            answered = sum(street.shop.asked.values())
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
