"""Bulk files as they really are: lines in any order, runs that fail, files that are gone, cut off or not whole."""

import threading
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest

from adapters.shopify import bulk, results, spool
from adapters.shopify import shop as shops
from adapters.shopify.results import OperationNode, Place, Spoilt
from adapters.shopify.spool import Spool, Stray
from connector.port import Batch, NotReady, Refused, ShopAdapter, TryLater, Window

Read = Callable[..., Any]


def started(street: Any) -> int:
    """How many bulk queries the shop was asked to run."""
    return int(street.shop.asked["graphql BulkStart"])


def resumed(line: ShopAdapter, checkpoint: str | None, asks: int) -> tuple[list[Batch], int]:
    """Read on from the checkpoint as often as a queue would; return what came and how often it had to be asked."""
    found: list[Batch] = []
    for number in range(asks):
        try:
            for batch in line.history(checkpoint):
                found.append(batch)
                checkpoint = batch.checkpoint
        except TryLater:
            continue
        return found, number + 1
    raise AssertionError(f"still not through after {asks} times")


def ids(batches: list[Batch]) -> list[str]:
    return sorted({order.id for batch in batches for order in batch.orders})


# --- lines anywhere -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_lines_may_stand_anywhere_in_the_file(
    street: Any, line: ShopAdapter, everything: Read, seed: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = street.busy()
    monkeypatch.setattr(spool, "PART", 4_000)
    street.control("bulk", {"shuffled": seed})
    _, orders = everything(line)
    assert {it.id: it for it in orders} == line.orders(tuple(ids.values()))
    assert len(next(it for it in orders if it.id == ids["long"]).lines) == 130


def test_reading_a_shuffled_file_goes_on_where_it_stopped(
    street: Any, line: ShopAdapter, everything: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = street.busy()
    monkeypatch.setattr(spool, "PART", 4_000)
    monkeypatch.setattr(results, "ORDERS_A_BATCH", 2)
    street.control("bulk", {"shuffled": 5})
    batches = list(line.history(None))
    begun = started(street)
    for stop, batch in enumerate(batches):
        if msgspec.json.decode(batch.checkpoint)["stage"] != "orders":
            continue
        before = [it.id for one in batches[: stop + 1] for it in one.orders]
        after = [it.id for it in everything(line, batch.checkpoint)[1]]
        assert sorted([*before, *after]) == sorted(ids.values())
    assert started(street) == begun


def test_orders_of_many_lines_come_in_smaller_batches(
    street: Any, line: ShopAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = street.busy()
    monkeypatch.setattr(results, "LINES_A_BATCH", 100)
    sizes = [[len(one.lines) for one in batch.orders] for batch in line.history(None) if batch.orders]
    assert sum(len(batch) for batch in sizes) == len(ids)
    assert any(batch[-1] == 130 for batch in sizes), "the batch ends with the order that fills it"
    assert [batch for batch in sizes if sum(batch[:-1]) >= 100] == []


def test_what_a_shopper_writes_is_taken_for_no_key() -> None:
    with Spool(3 * spool.PART) as parts:
        tricky = (
            r'{"title":"\"__parentId\":\"gid:\/\/shopify\/Order\/8\"","id":"gid:\/\/shopify\/LineItem\/3",'
        )
        for line in (
            rb'{"id":"gid:\/\/shopify\/Order\/7","name":"__parentId"}',
            (tricky + r'"__parentId":"gid:\/\/shopify\/Order\/7"}').encode(),
            b'{"__parentId" : "gid://shopify/Order/7", "id": "gid://shopify/LineItem/4"}',
        ):
            parts.put(line)
        assert [(skip, len(lines)) for skip, lines in parts.parts(0)] == [(0, 3)]
        with pytest.raises(Stray):
            parts.put(b'{"id":"gid:\\/\\/shopify\\/Customer\\/7"}')


def test_what_lies_on_the_disk_is_sealed() -> None:
    with Spool(1) as parts:
        line = b'{"id":"gid://shopify/Order/7","email":"anna@example.com"}'
        parts.put(line)
        (part,) = parts._parts
        part.file.seek(0)
        raw = part.file.read()
        assert len(raw) == len(line) + 1
        assert b"anna" not in raw
        assert list(parts.parts(0)) == [(0, [line])]


# --- runs that come to nothing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("fate", ["cut", "short", "dead"])
def test_a_file_that_is_not_whole_or_gone_is_made_anew(
    street: Any, line: ShopAdapter, everything: Read, fate: str
) -> None:
    ids = street.busy()
    street.control("bulk", {"next": [fate, "cut"]})
    customers, orders = everything(line)
    assert {it.id for it in customers} == {it["id"] for it in street.truth("customers")}
    assert {it.id for it in orders} == set(ids.values())
    assert started(street) == 4  # customers three times, orders once


@pytest.mark.parametrize("fate", ["cut", "short"])
def test_an_order_is_never_taken_without_all_its_lines(street: Any, line: ShopAdapter, fate: str) -> None:
    street.busy()
    told = {it["id"]: len(it["lines"]) for it in street.truth("orders")}
    street.control("bulk", {"shuffled": 3})
    found: dict[str, int] = {}
    for batch in line.history(None):
        if batch.customers:
            street.control("bulk", {"shuffled": 3, "next": [fate, fate]})
        found |= {order.id: len(order.lines) for order in batch.orders}
        assert found.items() <= told.items()
    assert (found, started(street)) == (told, 4)


@pytest.mark.parametrize("fate", ["fail", "cancel"])
def test_a_run_that_fails_is_begun_anew_later(street: Any, line: ShopAdapter, fate: str) -> None:
    orders = street.busy()
    street.control("bulk", {"next": [fate, fate]})
    with pytest.raises(TryLater) as caught:
        list(line.history(None))
    assert caught.value.wait == timedelta(minutes=5)
    street.control("bulk", {"next": [fate, fate]})
    found, asks = resumed(line, None, 5)
    assert (ids(found), asks) == (sorted(orders.values()), 3)


def test_whole_customers_are_taken_from_a_run_that_fails_and_orders_never(
    street: Any, line: ShopAdapter
) -> None:
    street.busy()
    for number in range(8):
        street.customer(f"shopper-{number}")
    street.control("bulk", {"next": ["fail"]})
    found: list[Batch] = []

    def reads(checkpoint: str | None) -> None:
        for batch in line.history(checkpoint):
            found.append(batch)
            if batch.customers:
                street.control("bulk", {"next": ["fail"]})

    with pytest.raises(TryLater):
        reads(None)
    # Of ten customers the file holds three fifths, the last of them cut in two.
    assert sum(len(batch.customers) for batch in found) in (5, 6)
    street.control("bulk", {"next": []})
    with pytest.raises(TryLater):
        reads(found[-1].checkpoint)
    people = {one.id for batch in found for one in batch.customers}
    assert people == {it["id"] for it in street.truth("customers")}
    assert [order for batch in found for order in batch.orders] == []


def years_of_orders(street: Any) -> tuple[set[str], set[str]]:
    """An order and a new customer every hundred days, four years long."""
    days = range(0, 1_400, 100)
    moments = [(street.shop.now() - timedelta(days=day)).isoformat() for day in days]
    people = set()
    for number, moment in enumerate(moments):
        wish = {"email": f"shopper-{number}@example.com", "at": moment}
        people.add(str(street.control("customers", wish)["id"]))
    return {street.order(at=moment) for moment in moments}, people


@pytest.mark.parametrize("most", [3, 20])
def test_a_shop_that_runs_out_of_time_is_asked_for_less_at_once(
    street: Any, line: ShopAdapter, most: int
) -> None:
    orders, people = years_of_orders(street)
    street.shop.bulk_most = most
    found = list(line.history(None))
    assert sorted(order.id for batch in found for order in batch.orders) == sorted(orders)
    assert {one.id for batch in found for one in batch.customers} == people
    assert (started(street) == 2) == (most == 20)
    assert started(street) < 110


def test_less_at_once_goes_on_where_it_stopped(street: Any, line: ShopAdapter) -> None:
    orders, _ = years_of_orders(street)
    street.shop.bulk_most = 3
    batches = list(line.history(None))
    for stop, batch in enumerate(batches):
        if not batch.orders or stop % 4:
            continue
        rest = list(line.history(batch.checkpoint))
        before = {order.id for one in batches[: stop + 1] for order in one.orders}
        after = {order.id for one in rest for order in one.orders}
        assert (before | after, before & after) == (orders, set())


def test_an_import_that_finds_its_run_out_of_time_asks_for_less(street: Any, line: ShopAdapter) -> None:
    orders, _ = years_of_orders(street)
    street.control("bulk", {"next": ["timeout"]})
    begun = next(iter(line.history(None)))
    while not any(it.status == "FAILED" for it in street.shop.bulks.values()):
        threading.Event().wait(0.02)
    found = list(line.history(begun.checkpoint))
    assert ids(found) == sorted(orders)
    assert len([it for it in street.shop.bulks.values() if "customer_date" in it.query]) == 2


def test_what_changed_is_asked_for_in_parts_too(
    street: Any, line: ShopAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders, people = years_of_orders(street)
    for name in ("MANY_ORDERS", "MANY_CUSTOMERS"):
        monkeypatch.setattr(shops, name, 1)
    street.shop.bulk_most = 5
    now = street.shop.now()
    batches = list(line.changed(Window(now - timedelta(days=1), now + timedelta(days=1))))
    assert sorted(order.id for batch in batches for order in batch.orders) == sorted(orders)
    assert {one.id for batch in batches for one in batch.customers} == people


def test_a_shop_that_has_no_time_even_for_a_day_is_given_up(street: Any, line: ShopAdapter) -> None:
    for _ in range(3):
        street.order(at=street.at(1))
    street.shop.bulk_most = 2
    with pytest.raises(Refused, match="four times"):
        list(line.history(None))


def test_a_shop_that_is_still_preparing_is_not_left_alone(
    street: Any, line: ShopAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    street.order()
    street.shop.bulk_seconds = 30
    monkeypatch.setattr(bulk, "PATIENCE", timedelta(seconds=0.3))
    with pytest.raises(NotReady):
        list(line.history(None))


def test_a_file_whose_week_is_over_is_made_anew(street: Any, line: ShopAdapter) -> None:
    orders = street.busy()
    *_, last = (batch for batch in line.history(None) if not batch.orders)
    street.control("bulk/expire")
    begun = started(street)
    found, asks = resumed(line, last.checkpoint, 1)
    assert (ids(found), asks, started(street) - begun) == (sorted(orders.values()), 1, 1)


@pytest.mark.parametrize("fate", ["fail", "dead"])
def test_a_shop_that_never_makes_it_is_given_up_after_four_runs(
    street: Any, line: ShopAdapter, fate: str
) -> None:
    street.busy()
    street.control("bulk", {"next": [fate] * 20})
    with pytest.raises(Refused, match="four times"):
        resumed(line, None, 9)
    assert started(street) == bulk.TRIES


def test_a_start_whose_answer_was_lost_is_found_running(
    street: Any, line: ShopAdapter, everything: Read
) -> None:
    orders = street.busy()
    street.shop.bulk_seconds = 0.3
    fault = {"match": "BulkStart", "times": 1, "status": 502, "after_effect": True}
    street.control("faults", {"requests": [fault]})
    with pytest.raises(Exception, match="may have done"):
        everything(line)
    assert {it.id for it in everything(line)[1]} == set(orders.values())
    # The lost one for customers, and one for orders.
    assert (started(street), len(street.shop.bulks)) == (2, 2)


# --- files of any length -----------------------------------------------------------------------------------------------


def order_lines(number: int) -> list[bytes]:
    gid = f"gid:\\/\\/shopify\\/Order\\/{number}"
    money = '{"shopMoney":{"amount":"10.0","currencyCode":"GBP"}}'
    times = ",".join(f'"{it}":"2026-11-01T10:00:00Z"' for it in ("processedAt", "updatedAt"))
    bags = ",".join(
        f'"{it}":{money}' for it in ("originalTotalPriceSet", "totalRefundedSet", "totalRefundedShippingSet")
    )
    own = f'{{"__typename":"Order","id":"{gid}","name":"#{number}","currencyCode":"GBP","taxesIncluded":true,'
    order = f'{own}"test":false,{times},{bags},"email":"shopper{number}@example.com"}}'
    item = (
        f'{{"__typename":"LineItem","id":"gid:\\/\\/shopify\\/LineItem\\/{number}","title":"Mug","quantity":1,'
        f'"currentQuantity":1,"isGiftCard":false,"originalTotalSet":{money},"__parentId":"{gid}"}}'
    )
    return [order.encode() + b"\n", item.encode() + b"\n"]


class Files:
    """A store of files that writes a file of `orders` orders as it goes, all lines behind all orders."""

    def __init__(self, orders: int) -> None:
        class Door(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                for place in (0, 1):
                    self.wfile.writelines(order_lines(number)[place] for number in range(1, orders + 1))

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.size = orders * sum(map(len, order_lines(orders)))
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Lines:
    """A client that only fetches files."""

    def __init__(self, wire: Any) -> None:
        self.lines = wire.lines


def most_memory(orders: int, wire: Any) -> tuple[int, int]:
    """Return how many orders came, and the most memory that reading them held."""
    files = Files(orders)
    try:
        operation = OperationNode("1", "COMPLETED", None, str(2 * orders), str(files.size), files.url)
        tracemalloc.start()
        came = 0
        for batch in results.read(Lines(wire), operation, Place("orders", "1", 0), None):  # type: ignore[arg-type]
            came += len(batch.orders)
        return came, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        files.close()


def test_memory_stays_flat_however_long_the_file_is(wire: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "PART", 128 * 1024)
    few, many = most_memory(1_000, wire), most_memory(5_000, wire)
    assert (few[0], many[0]) == (1_000, 5_000)
    assert many[1] < 1.5 * few[1], f"{few[1]:,} bytes for 1,000 orders, {many[1]:,} for 5,000"


def test_lines_of_an_order_that_is_not_there_spoil_the_file(wire: Any) -> None:
    def lines(_: str) -> Iterator[bytes]:
        yield order_lines(1)[0].strip()
        yield order_lines(2)[1].strip()

    client = Lines(wire)
    client.lines = lines
    operation = OperationNode("1", "COMPLETED", None, "2", "900", "x")
    with pytest.raises(Spoilt, match="without the order"):
        list(results.read(client, operation, Place("orders", "1", 0), None))  # type: ignore[arg-type]
