"""The plug against a whole shop on this machine: install, history, webhooks, tags, coupons, and what goes wrong."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import requests
from flask import Flask, request
from werkzeug.serving import make_server

from adapters.shopify import picture, subscriptions, tokens
from adapters.shopify import shop as shops
from adapters.shopify.platform import platform
from adapters.shopify.sandbox import Shop, create_server
from connector.money import parse
from connector.port import (
    CodeTaken,
    CouponMade,
    CustomerChanged,
    Delivery,
    Installed,
    LeftAlone,
    Marked,
    OrderChanged,
    OutcomeUnknown,
    ShopAdapter,
    ShopLine,
    ShopRemoved,
    TryLater,
    Unauthorized,
    Welcomed,
    Window,
)
from connector.records import Coupon, Customer, Order

START = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)


class House:
    """The app's side of the road: install pages, a doorstep, a door that keeps what it believes."""

    session_secret = b"a secret of the house"

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.installed: list[Installed] = []
        self.kept: list[Delivery] = []
        app = Flask(__name__)
        self.server = make_server("127.0.0.1", 0, app, threaded=True)
        self.public_url = f"http://127.0.0.1:{self.server.server_port}"
        app.register_blueprint(platform.pages(environment, self), url_prefix="/shopify")
        app.add_url_rule("/welcomed", view_func=lambda: "welcome")
        app.add_url_rule("/webhooks/shopify", view_func=self.door, methods=["POST"])
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def door(self) -> str:
        headers = {name.lower(): value for name, value in request.headers}
        self.kept.append(platform.receive(self.environment, headers, request.get_data(), None))
        return ""

    def welcome(self, installed: Installed) -> Welcomed:
        self.installed.append(installed)
        return Welcomed(f"{self.public_url}/welcomed", "key-1")

    def vault(self, address: str) -> None:
        return None

    def guard(self, url: str) -> str:
        return url


class Street:
    """A sandbox shop and a house that may connect to it."""

    def __init__(self, make_vault: Any) -> None:
        self.shop = Shop("demo-gifts.myshopify.com")
        self.server = create_server(self.shop)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = self.shop.own_url
        ready = requests.get(f"{self.url}/_sandbox/ready", timeout=5).json()
        self.environment: dict[str, str] = ready["environment"]
        self.address: str = ready["address"]
        self.house = House(self.environment)
        self.make_vault = make_vault
        self.vault: Any = None

    def control(self, path: str, body: object = None, method: str = "POST") -> Any:
        answer = requests.request(method, f"{self.url}/_sandbox/{path}", json=body or {}, timeout=60)
        assert answer.ok, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def install(self, **wish: object) -> ShopAdapter:
        found = self.control("install", {"public_url": self.house.public_url, **wish})
        assert found["url"] == f"{self.house.public_url}/welcomed", found
        self.vault = self.make_vault(self.house.installed[-1].tokens)
        return platform.open(self.environment, ShopLine(self.address, "key-1"), self.vault)

    def quiet(self) -> None:
        self.control("release")

    def customer(self, name: str = "anna", verified: bool = True) -> str:
        wish = {
            "email": f"{name}@example.com",
            "first_name": name.title(),
            "last_name": "Bakker",
            "at": at(0),
        }
        return str(self.control("customers", {**wish, "verified": verified})["id"])

    def order(self, **wish: Any) -> str:
        line = {"sku": "MUG-1", "title": "Mug", "quantity": 2, "price": "12.50"}
        basket = {
            "at": at(1),
            "lines": [line],
            "shipping": "4.95",
            "paid": True,
            "codes": [],
            "customer_id": None,
        }
        return str(self.control("orders", basket | wish)["id"])


def at(days: int, seconds: int = 0) -> str:
    return (START + timedelta(days=days, seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def street(make_vault: Any) -> Iterator[Street]:
    made = Street(make_vault)
    yield made
    made.house.server.shutdown()
    made.house.server.server_close()
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def line(street: Street) -> ShopAdapter:
    return street.install()


def a_coupon(customer_id: str, **changes: Any) -> Coupon:
    now = datetime.now(UTC).replace(microsecond=0)
    coupon = Coupon(
        code="C0MEBACK0001",
        kind="amount",
        value=500,
        currency="GBP",
        title="5.00 off",
        starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=30),
        customer_id=customer_id,
    )
    return msgspec.structs.replace(coupon, **changes)


def everything(line: ShopAdapter, checkpoint: str | None = None) -> tuple[list[Customer], list[Order]]:
    customers: list[Customer] = []
    orders: list[Order] = []
    for batch in line.history(checkpoint):
        customers += batch.customers
        orders += batch.orders
    return customers, orders


def truth(street: Street, what: str) -> list[dict[str, Any]]:
    return list(street.control(f"{what}?limit=1000", method="GET")[what])


def same(order: Order, told: dict[str, Any]) -> None:
    """Hold a record against what the shop says of itself in its own neutral words."""
    minor = {name: parse(told[name], told["currency"]) for name in ("total", "refunded", "refunded_shipping")}
    assert {name: getattr(order, name) for name in minor} == minor
    for name in ("id", "number", "customer_id", "email", "currency", "test"):
        assert getattr(order, name) == told[name], name
    times = {name: told[name] and datetime.fromisoformat(told[name]) for name in told if name.endswith("_at")}
    if times["paid_at"] and times["paid_at"] - times["placed_at"] <= picture.AT_ONCE:
        times["paid_at"] = times["placed_at"]
    assert {name: getattr(order, name) for name in times} == times
    assert sorted(order.coupon_codes) == sorted(told["codes"])
    lines = {it["id"]: it for it in told["lines"]}
    assert len(lines) == len(order.lines)
    for found in order.lines:
        said = lines[found.id]
        assert (found.quantity, found.current_quantity) == (said["quantity"], said["current_quantity"])
        assert (found.amount, found.tax) == (parse(said["amount"], "GBP"), parse(said["tax"], "GBP"))
        assert found.kind == said["kind"]


# --- install ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("managed", [False, True])
def test_both_roads_lead_to_a_shop_that_answers(street: Street, managed: bool) -> None:
    line = street.install(managed=managed)
    facts = line.facts()
    assert (facts.address, facts.currency, facts.timezone) == (street.address, "GBP", "Europe/London")
    assert street.house.installed[0].facts.name == facts.name


def test_a_merchants_code_comes_through(street: Street) -> None:
    street.install(merchant_code="JOIN-1")
    assert street.house.installed[0].merchant_code == "JOIN-1"


def test_installing_again_gives_new_tokens(street: Street) -> None:
    street.install()
    street.install()
    first, second = street.house.installed
    assert first.tokens != second.tokens


# --- reading --------------------------------------------------------------------------------------------------------


def a_busy_shop(street: Street) -> dict[str, str]:
    """Orders of every kind; returns their ids by what they are."""
    anna, bert = street.customer("anna"), street.customer("bert", verified=False)
    ids = {
        "plain": street.order(customer_id=anna),
        "guest": street.order(email="guest@example.com"),
        "unpaid": street.order(customer_id=bert, paid=False),
        "late": street.order(customer_id=bert, paid=False),
        "gift": street.order(
            customer_id=anna,
            lines=[
                {"sku": "G", "title": "Gift card", "quantity": 1, "price": "25.00", "gift_card": True},
                {"sku": "P", "title": "Plate", "quantity": 3, "price": "7.00", "discount": "1.00"},
            ],
        ),
        "refunded": street.order(customer_id=anna),
        "cancelled": street.order(customer_id=anna),
        "edited": street.order(customer_id=bert),
        "test": street.order(customer_id=bert, test=True),
        "free": street.order(
            customer_id=bert,
            lines=[{"sku": "F", "title": "Flyer", "quantity": 1, "price": "0.00"}],
            shipping="0.00",
        ),
        "long": street.order(
            customer_id=bert,
            lines=[
                {"sku": f"S{n}", "title": f"Thing {n}", "quantity": 1, "price": "1.00"} for n in range(130)
            ],
        ),
    }
    street.control(f"orders/{ids['late']}/pay", {"at": at(3)})
    street.control(f"orders/{ids['plain']}/fulfil", {"at": at(4)})
    street.control(
        f"orders/{ids['refunded']}/refund",
        {"at": at(5), "lines": [{"line": 0, "quantity": 1}], "shipping": "4.95"},
    )
    street.control(f"orders/{ids['gift']}/refund", {"at": at(5), "amount": "3.00", "lines": []})
    street.control(f"orders/{ids['cancelled']}/cancel", {"at": at(6)})
    edit = {
        "at": at(7),
        "lines": [{"line": 0, "quantity": 1}],
        "add": [{"sku": "X", "title": "Extra", "quantity": 1, "price": "3.00"}],
    }
    street.control(f"orders/{ids['edited']}/edit", edit)
    return ids


def test_history_is_what_the_shop_says_of_itself(street: Street, line: ShopAdapter) -> None:
    ids = a_busy_shop(street)
    customers, orders = everything(line)
    told = {it["id"]: it for it in truth(street, "orders")}
    assert {it.id for it in orders} == set(told) == set(ids.values())
    for order in orders:
        same(order, told[order.id])
    people = {it["id"]: it for it in truth(street, "customers")}
    assert {it.id for it in customers} == set(people)
    assert {it.email for it in customers} == {"anna@example.com", "bert@example.com"}
    assert {it.email: it.email_verified for it in customers} == {
        "anna@example.com": True,
        "bert@example.com": False,
    }
    counted = line.counts()
    assert (counted.orders, counted.customers) == (len(orders), len(customers))


def test_pages_nodes_and_bulk_files_give_the_same_records(street: Street, line: ShopAdapter) -> None:
    ids = a_busy_shop(street)
    customers, orders = everything(line)
    in_bulk = {it.id: it for it in orders}
    assert line.orders(tuple(ids.values())) == in_bulk
    assert line.customers(tuple(it.id for it in customers)) == {it.id: it for it in customers}
    window = Window(START - timedelta(days=1), datetime.now(UTC) + timedelta(days=1))
    paged = list(line.changed(window))
    assert {it.id: it for batch in paged for it in batch.orders} == in_bulk
    assert {it.id for batch in paged for it in batch.customers} == {it.id for it in customers}


def test_many_changes_are_read_in_bulk(
    street: Street, line: ShopAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = a_busy_shop(street)
    monkeypatch.setattr(shops, "MANY_ORDERS", 1)
    monkeypatch.setattr(shops, "MANY_CUSTOMERS", 1)
    window = Window(START - timedelta(days=1), datetime.now(UTC) + timedelta(days=1))
    assert {it.id for batch in line.changed(window) for it in batch.orders} == set(ids.values())


def test_only_what_changed_in_the_window_is_read(street: Street, line: ShopAdapter) -> None:
    clock = street.shop.clock
    street.shop.clock = lambda: clock() - timedelta(days=10)
    old = street.order(at=at(1))
    street.control(f"orders/{old}/fulfil", {"at": at(2)})
    street.shop.clock = clock
    new = street.order(at=at(9))
    since = line.orders((new,))[new].changed_at - timedelta(seconds=1)
    batches = list(line.changed(Window(since, since + timedelta(hours=1))))
    assert [it.id for batch in batches for it in batch.orders] == [new]


def test_reading_goes_on_where_it_stopped(
    street: Street, line: ShopAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adapters.shopify import bulk

    ids = a_busy_shop(street)
    monkeypatch.setattr(bulk, "ORDERS_A_BATCH", 2)
    monkeypatch.setattr(bulk, "CUSTOMERS_A_BATCH", 1)
    batches = list(line.history(None))
    for stop in range(len(batches)):
        before = [it.id for batch in batches[: stop + 1] for it in batch.orders]
        after = everything(line, batches[stop].checkpoint)
        assert sorted([*before, *(it.id for it in after[1])]) == sorted(ids.values())
    # Three operations in all: going on never started a new one, except behind the customers.
    assert batches[-1].total == len(ids) + 2


def test_ids_that_are_none_are_not_there(line: ShopAdapter) -> None:
    assert line.orders(("1", "x", "٣", "")) == {}
    assert line.customers(()) == {}


# --- webhooks -------------------------------------------------------------------------------------------------------


def test_what_webhooks_say_last_is_what_the_shop_says(street: Street, line: ShopAdapter) -> None:
    topics = line.subscribe(f"{street.house.public_url}/webhooks/shopify")
    assert set(topics) == set(subscriptions.TOPICS)
    ids = a_busy_shop(street)
    street.quiet()
    assert {it.shop_address for it in street.house.kept} == {street.address}
    told: dict[str, list[OrderChanged]] = {}
    for delivery in street.house.kept:
        for change in platform.read(delivery):
            if isinstance(change, OrderChanged):
                told.setdefault(change.order.id, []).append(change)
    fetched = line.orders(tuple(ids.values()))
    assert set(told) == set(fetched)
    for order_id, changes in told.items():
        full = fetched[order_id]
        # Times are whole seconds, so several messages may carry the last one; one of them says it as it is.
        assert any(_says(change, full) for change in changes), order_id


def _says(change: OrderChanged, full: Order) -> bool:
    expected = msgspec.structs.replace(full, paid_at=None) if change.lacks_paid_at else full
    return change.order == expected and change.lacks_paid_at == (full.paid_at != change.order.paid_at)


def test_a_customers_webhook_is_the_customer(street: Street, line: ShopAdapter) -> None:
    line.subscribe(f"{street.house.public_url}/webhooks/shopify")
    anna = street.customer()
    street.control(f"customers/{anna}", {"last_name": "de Boer", "at": at(2)}, "PATCH")
    street.quiet()
    changes = [change for it in street.house.kept for change in platform.read(it)]
    told = [it for it in changes if isinstance(it, CustomerChanged)]
    full = line.customers((anna,))[anna]
    assert full.name == "Anna de Boer"
    assert full in [it.customer for it in told]
    assert all(it.lacks_marks for it in told)


def test_subscribing_again_changes_nothing_and_moving_moves_all(street: Street, line: ShopAdapter) -> None:
    line.subscribe("https://old.example.com/webhooks/shopify")
    line.subscribe("https://old.example.com/webhooks/shopify")
    before = street.control("log", method="GET")["requests"]
    assert before["graphql Subscribe"] == len(subscriptions.TOPICS)
    line.subscribe("https://new.example.com/webhooks/shopify")
    after = street.control("log", method="GET")["requests"]
    assert after["graphql Subscribe"] == 2 * len(subscriptions.TOPICS)
    assert after["graphql Unsubscribe"] == len(subscriptions.TOPICS)
    line.farewell()
    line.farewell()
    assert street.control("log", method="GET")["requests"]["graphql Unsubscribe"] == 2 * len(
        subscriptions.TOPICS
    )


def test_an_uninstall_is_told_and_then_nothing_answers(street: Street, line: ShopAdapter) -> None:
    line.subscribe(f"{street.house.public_url}/webhooks/shopify")
    street.control("uninstall")
    street.quiet()
    changes = [change for it in street.house.kept for change in platform.read(it)]
    assert ShopRemoved(street.address) in changes
    with pytest.raises(Unauthorized):
        line.facts()
    line.farewell()


# --- writing --------------------------------------------------------------------------------------------------------


def tags(street: Street, customer_id: str) -> list[str]:
    (found,) = [it for it in truth(street, "customers") if it["id"] == customer_id]
    return sorted(found["tags"])


def test_tags_of_ours_come_and_go_and_the_merchants_stay(street: Street, line: ShopAdapter) -> None:
    anna = street.customer()
    assert line.mark(anna, ("newsletter",), ()) == Marked(("newsletter",))
    assert line.mark(anna, ("silver", "lapsing"), ()) == Marked(("silver", "lapsing"))
    for _ in range(2):
        assert line.mark(anna, ("gold",), ("silver", "lapsing")) == Marked(("gold",))
        assert tags(street, anna) == ["gold", "newsletter"]
    assert line.mark(anna, (), ("gold",)) == Marked(())
    assert tags(street, anna) == ["newsletter"]
    assert line.customers((anna,))[anna].marks == ("newsletter",)


def test_a_customer_who_is_gone_is_left_alone(street: Street, line: ShopAdapter) -> None:
    assert isinstance(line.mark("123456789", ("gold",), ()), LeftAlone)


@pytest.mark.parametrize(
    ("kind", "value", "minimum"),
    [
        ("amount", 500, 0),
        ("amount", 750, 2000),
        ("percentage", 1000, 0),
        ("percentage", 1, 0),
        ("free_shipping", 0, 0),
    ],
)
def test_a_coupon_is_made_once_and_listed_as_it_is(
    street: Street, line: ShopAdapter, kind: Any, value: int, minimum: int
) -> None:
    coupon = a_coupon(street.customer(), kind=kind, value=value, minimum=minimum)
    made = line.make_coupon(coupon)
    assert isinstance(made, CouponMade)
    assert line.make_coupon(coupon) == made
    assert list(line.coupons()) == [coupon]
    assert len(truth(street, "coupons")) == 1


def test_a_coupon_whose_answer_was_lost_is_found_again(street: Street, line: ShopAdapter) -> None:
    coupon = a_coupon(street.customer())
    lost = {"match": "CouponBasic", "times": 1, "status": 502, "html": True, "after_effect": True}
    street.control("faults", {"requests": [lost]})
    with pytest.raises(OutcomeUnknown):
        line.make_coupon(coupon)
    assert isinstance(line.make_coupon(coupon), CouponMade)
    assert len(truth(street, "coupons")) == 1


@pytest.mark.parametrize(
    "change",
    [{"value": 501}, {"title": "6.00 off"}, {"kind": "percentage"}, {"ends_at": None}, {"minimum": 1}],
)
def test_a_code_that_is_there_with_other_terms_is_taken(
    street: Street, line: ShopAdapter, change: Any
) -> None:
    coupon = a_coupon(street.customer())
    line.make_coupon(coupon)
    assert line.make_coupon(msgspec.structs.replace(coupon, **change)) == CodeTaken()
    other = street.customer("bert")
    assert line.make_coupon(msgspec.structs.replace(coupon, customer_id=other)) == CodeTaken()


def test_a_code_works_for_its_customer_once(street: Street, line: ShopAdapter) -> None:
    anna, bert = street.customer("anna"), street.customer("bert")
    line.make_coupon(a_coupon(anna))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    place = f"{street.url}/_sandbox/orders"
    line_of = {"sku": "M", "title": "Mug", "quantity": 2, "price": "12.50"}
    basket = {"at": now, "lines": [line_of], "shipping": "4.95", "paid": True, "codes": ["c0meback0001"]}
    assert requests.post(place, json=basket | {"customer_id": bert}, timeout=5).status_code == 422
    placed = requests.post(place, json=basket | {"customer_id": anna}, timeout=5)
    assert placed.status_code == 201, placed.text
    assert requests.post(place, json=basket | {"customer_id": anna}, timeout=5).status_code == 422
    order_id = placed.json()["id"]
    order = line.orders((order_id,))[order_id]
    # 25.00 less 5.00
    assert (order.goods, order.coupon_codes) == (2000, ("C0MEBACK0001",))
    assert [(it.code, it.used) for it in line.coupons()] == [("C0MEBACK0001", True)]


def test_a_revoked_code_is_dead_and_revoking_again_is_fine(street: Street, line: ShopAdapter) -> None:
    anna = street.customer()
    made = line.make_coupon(a_coupon(anna))
    assert isinstance(made, CouponMade)
    for _ in range(2):
        line.revoke_coupon("C0MEBACK0001", made.remote_id)
    line.revoke_coupon("NEVERWASTHERE", None)
    assert list(line.coupons()) == []
    assert [it["live"] for it in truth(street, "coupons")] == [False]


FOREIGN = """
mutation Foreign($discount: DiscountCodeBasicInput!) {
  discountCodeBasicCreate(basicCodeDiscount: $discount) { codeDiscountNode { id } userErrors { code field message } }
}
"""


def test_the_merchants_own_code_is_never_ours(street: Street, line: ShopAdapter) -> None:
    anna = street.customer()
    discount = {
        "title": "Summer",
        "code": "C0MEBACK0001",
        "startsAt": at(0),
        "context": {"all": "ALL"},
        "customerGets": {"items": {"all": True}, "value": {"percentage": 0.1}},
    }
    token = tokens.unpack(street.vault.kept).access
    answer = requests.post(
        f"{street.url}/admin/api/2026-10/graphql.json",
        data=json.dumps({"query": FOREIGN, "variables": {"discount": discount}}),
        headers={"X-Shopify-Access-Token": token, "Content-Type": "application/json"},
        timeout=5,
    ).json()
    assert answer["data"]["discountCodeBasicCreate"]["userErrors"] == []
    assert line.make_coupon(a_coupon(anna)) == CodeTaken()
    line.revoke_coupon("C0MEBACK0001", None)
    assert [it["live"] for it in truth(street, "coupons")] == [True]
    assert list(line.coupons()) == []


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_a_small_bucket_only_slows_reading_down(street: Street, line: ShopAdapter) -> None:
    from adapters.shopify.sandbox.cost import Bucket

    ids = a_busy_shop(street)
    street.shop.bucket = Bucket(400, 400, 400.0)
    for _ in range(4):
        assert set(line.orders(tuple(ids.values()))) == set(ids.values())


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503},
        {"status": 429, "retry_after": 0.1},
        {"status": 200, "html": True},
    ],
)
def test_reading_survives_a_shop_that_stumbles(
    street: Street, line: ShopAdapter, fault: dict[str, Any]
) -> None:
    street.control("faults", {"requests": [{"match": "*", "times": 1, **fault}]})
    assert line.facts().currency == "GBP"


def test_an_access_token_that_ended_is_renewed_on_the_way(street: Street, line: ShopAdapter) -> None:
    kept = tokens.unpack(street.vault.kept)
    ended = msgspec.structs.replace(kept, expires_at=datetime.now(UTC) - timedelta(minutes=1))
    street.vault.kept = tokens.pack(ended)
    assert line.facts().currency == "GBP"
    renewed = tokens.unpack(street.vault.kept)
    assert renewed.access != kept.access
    assert renewed.refresh != kept.refresh


def test_a_history_that_takes_long_is_come_back_for(
    street: Street, line: ShopAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adapters.shopify import bulk

    street.order()
    street.shop.bulk_seconds = 1.0
    monkeypatch.setattr(bulk, "PATIENCE", timedelta(seconds=0.3))
    history = line.history(None)
    started = next(history)
    with pytest.raises(TryLater):
        next(history)
    monkeypatch.setattr(bulk, "PATIENCE", timedelta(seconds=30))
    _, orders = everything(line, started.checkpoint)
    assert len(orders) == 1
    assert street.control("log", method="GET")["requests"]["graphql BulkStart"] == 2


def test_tokens_renewed_but_never_kept_are_renewed_again(street: Street, line: ShopAdapter) -> None:
    kept = tokens.unpack(street.vault.kept)
    ended = msgspec.structs.replace(kept, expires_at=datetime.now(UTC) - timedelta(minutes=1))
    street.vault.kept = tokens.pack(ended)
    save, street.vault.save = street.vault.save, _power_cut
    with pytest.raises(PowerCut):
        line.facts()
    street.vault.save = save
    again = platform.open(street.environment, ShopLine(street.address, "key-1"), street.vault)
    assert again.facts().currency == "GBP"
    assert tokens.unpack(street.vault.kept).refresh != kept.refresh


class PowerCut(Exception):
    """The process ends between the shop's answer and the commit."""


def _power_cut(kept: bytes) -> None:
    raise PowerCut


def test_after_a_storm_of_shoppers_both_shapes_still_say_the_same(street: Street, line: ShopAdapter) -> None:
    line.subscribe(f"{street.house.public_url}/webhooks/shopify")
    street.control("faults", {"seed": 7, "double": 0.2, "shuffle_seconds": 0.5})
    for name in ("anna", "bert", "carla", "dirk"):
        street.customer(name)
    street.control("live", {"per_second": 60, "seed": 7})
    threading.Event().wait(3)
    street.control("quiet")
    changes = [change for it in street.house.kept for change in platform.read(it)]
    told: dict[str, list[OrderChanged]] = {}
    for change in changes:
        if isinstance(change, OrderChanged):
            told.setdefault(change.order.id, []).append(change)
    assert len(told) > 10
    for start in range(0, len(told), 100):
        fetched = line.orders(tuple(list(told)[start : start + 100]))
        for order_id, full in fetched.items():
            assert any(_says(change, full) for change in told[order_id]), order_id
    for told_by_the_shop in truth(street, "orders"):
        same(line.orders((told_by_the_shop["id"],))[told_by_the_shop["id"]], told_by_the_shop)
