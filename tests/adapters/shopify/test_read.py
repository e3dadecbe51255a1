"""Every topic means one thing, by its signed body; whatever else comes is refused in words or ignored."""

import json
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.shopify.read import read
from connector.port import (
    BadMessage,
    Change,
    CustomerChanged,
    CustomerForgotten,
    CustomerRemoved,
    CustomersMerged,
    CustomerTouched,
    DataAsked,
    Delivery,
    Ignored,
    ImportReady,
    OrderChanged,
    OrderRemoved,
    OrderTouched,
    ShopForgotten,
    ShopRemoved,
    SyncWanted,
)

PUBLISHED = (
    "app/uninstalled",
    "bulk_operations/finish",
    "customer.tags_added",
    "customers/data_request",
    "customers/merge",
    "customers/redact",
    "customers/update",
    "orders/cancelled",
    "orders/edited",
    "orders/updated",
    "refunds/create",
    "returns/update",
)
MONEY = {"shop_money": {"amount": "10.00", "currency_code": "EUR"}}
ORDER: dict[str, Any] = {
    "id": 5,
    "admin_graphql_api_id": "gid://shopify/Order/5",
    "name": "#1005",
    "currency": "EUR",
    "taxes_included": True,
    "processed_at": "2026-11-01T12:00:00Z",
    "updated_at": "2026-11-01T12:00:01Z",
    "financial_status": "paid",
    "line_items": [{"id": 51, "quantity": 1, "price_set": MONEY}],
}


def priced(amount: str) -> dict[str, Any]:
    """The order with one line at this unit price."""
    line = {"id": 51, "quantity": 1, "price_set": {"shop_money": {"amount": amount}}}
    return ORDER | {"line_items": [line]}


def means(topic: str, body: object) -> Change:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    (change,) = read(Delivery(id="1", topic=topic, body=raw))
    return change


def published(shared: Path, topic: str) -> bytes:
    return (shared / "shopify" / "webhooks" / f"{topic.replace('/', '__')}.json").read_bytes()


@pytest.mark.parametrize("topic", PUBLISHED)
def test_every_published_body_is_read(shared: Path, topic: str) -> None:
    assert read(Delivery(id="1", topic=topic, body=published(shared, topic)))


def test_no_published_body_is_left_out(shared: Path) -> None:
    names = {path.stem.replace("__", "/") for path in (shared / "shopify" / "webhooks").glob("*.json")}
    assert names == set(PUBLISHED)


def test_the_published_order_keeps_the_digits_of_its_ids(shared: Path) -> None:
    change = means("orders/updated", published(shared, "orders/updated"))
    assert isinstance(change, OrderChanged)
    order = change.order
    assert (order.id, order.number, order.customer_id) == (
        "820982911946154508",
        "#9999",
        "115310627314723954",
    )
    assert "487817672276298554" in {line.id for line in order.lines}
    # 89.99 + 19.99 + 24.99 + 159.99 + 119.99; shipping is 0.00 after its discount; voided, so not paid.
    assert (order.goods, order.total, order.paid_at) == (41495, 41495, None)
    assert order.test
    assert order.cancelled_at is not None


def test_the_published_customer_lacks_tags_and_says_so(shared: Path) -> None:
    change = means("customers/update", published(shared, "customers/update"))
    assert isinstance(change, CustomerChanged)
    assert change.lacks_marks
    assert change.customer.id == "706405506930370084"


def test_an_order_paid_when_made_was_paid_then() -> None:
    change = means("orders/create", ORDER)
    assert isinstance(change, OrderChanged)
    assert not change.lacks_paid_at
    assert change.order.paid_at == change.order.placed_at


@pytest.mark.parametrize("topic", ["orders/paid", "orders/updated", "orders/cancelled", "orders/fulfilled"])
def test_later_topics_do_not_say_since_when_it_is_paid(topic: str) -> None:
    change = means(topic, ORDER)
    assert isinstance(change, OrderChanged)
    assert change.lacks_paid_at
    assert change.order.paid_at is None


def test_an_unpaid_order_lacks_nothing() -> None:
    change = means("orders/updated", ORDER | {"financial_status": "pending"})
    assert isinstance(change, OrderChanged)
    assert not change.lacks_paid_at


def test_an_order_without_times_is_fetched() -> None:
    assert means("orders/updated", ORDER | {"updated_at": None}) == OrderTouched("5")


def test_a_customer_without_times_is_fetched() -> None:
    assert means("customers/update", {"id": 9}) == CustomerTouched("9")


@pytest.mark.parametrize(
    ("topic", "body", "meaning"),
    [
        (
            "orders/edited",
            {"order_edit": {"order_id": 820982911946154508}},
            OrderTouched("820982911946154508"),
        ),
        ("refunds/create", {"id": 3, "order_id": 5}, OrderTouched("5")),
        ("orders/delete", {"id": 5}, OrderRemoved("5")),
        (
            "customers/delete",
            {"id": 1, "admin_graphql_api_id": "gid://shopify/Customer/9"},
            CustomerRemoved("9"),
        ),
        (
            "customers/merge",
            {
                "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/1",
                "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/2",
                "status": "completed",
            },
            CustomersMerged(kept_id="1", gone_id="2"),
        ),
        (
            "customers/redact",
            {
                "shop_domain": "A.myshopify.com",
                "customer": {"id": 7, "email": "a@b.nl"},
                "orders_to_redact": [1, 2],
            },
            CustomerForgotten("a.myshopify.com", "7", "a@b.nl", ("1", "2")),
        ),
        (
            "customers/redact",
            {"shop_domain": "a.myshopify.com", "customer": {"email": "a@b.nl"}, "orders_to_redact": []},
            CustomerForgotten("a.myshopify.com", None, "a@b.nl"),
        ),
        (
            "customers/data_request",
            {"shop_domain": "a.myshopify.com", "customer": {"id": 7}, "data_request": {"id": 99}},
            DataAsked("a.myshopify.com", "7", None, "99"),
        ),
        (
            "shop/redact",
            {"shop_id": 1, "shop_domain": "a.myshopify.com"},
            ShopForgotten("a.myshopify.com", timedelta(hours=47)),
        ),
        ("app/uninstalled", {"id": 1, "myshopify_domain": "A.myshopify.com"}, ShopRemoved("a.myshopify.com")),
        ("bulk_operations/finish", {"type": "query", "status": "completed"}, ImportReady()),
    ],
)
def test_a_topic_means(topic: str, body: object, meaning: Change) -> None:
    assert means(topic, body) == meaning


def test_an_uninstall_that_names_no_shop_is_verified_by_asking_the_shop() -> None:
    assert means("app/uninstalled", {"id": 1, "myshopify_domain": None}) == SyncWanted()


@pytest.mark.parametrize("topic", ["products/update", "", "orders/create/x", "x" * 5000])
def test_other_topics_are_ignored_by_name(topic: str) -> None:
    change = means(topic, {"id": 1})
    assert isinstance(change, Ignored)
    assert len(change.why) < 100


def test_a_failed_merge_is_ignored() -> None:
    ids = {f"admin_graphql_api_customer_{it}_id": "gid://shopify/Customer/1" for it in ("kept", "deleted")}
    assert isinstance(means("customers/merge", ids | {"status": "failed"}), Ignored)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>", id="html"),
        pytest.param(b"\xff\xfe", id="not UTF-8"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"id": NaN}', id="NaN"),
        pytest.param(b'{"id": -Infinity}', id="Infinity"),
        pytest.param(b'{"id": 1, "id": 2}', id="a key twice"),
        pytest.param(b'{"a":' * 65 + b"1" + b"}" * 65, id="65 deep"),
        pytest.param(b"[" * 1_000_000, id="a million deep"),
        pytest.param(b'{"id": ' + b"9" * 5000 + b"}", id="a number of 5,000 digits"),
        pytest.param(json.dumps(ORDER | {"updated_at": "2026-11-01T12:00:00"}).encode(), id="no time zone"),
        pytest.param(
            json.dumps(ORDER | {"updated_at": "0001-01-01T00:00:00+14:00"}).encode(), id="before all time"
        ),
        pytest.param(json.dumps(ORDER | {"line_items": None}).encode(), id="lines are null"),
        pytest.param(json.dumps(priced("1e3")).encode(), id="an amount with an exponent"),
        pytest.param(json.dumps(priced("1.005")).encode(), id="an amount finer than a cent"),
    ],
)
def test_a_body_that_cannot_be_understood_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(BadMessage) as caught:
        means("orders/updated", body)
    assert len(str(caught.value)) < 200


def test_sixty_four_levels_and_brackets_inside_texts_are_fine() -> None:
    deep: object = "[" * 500 + '\\"{'
    for _ in range(63):
        deep = [deep]
    assert means("orders/delete", {"id": 5, "x": deep}) == OrderRemoved("5")


def test_the_refusal_does_not_quote_the_person() -> None:
    with pytest.raises(BadMessage) as caught:
        means("customers/update", {"id": "anna@example.com"})
    assert "anna" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*ORDER, "customer"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([*PUBLISHED, "orders/create", "customers/delete"]),
    st.dictionaries(st.sampled_from([*ORDER]), JSON),
)
def test_no_body_whatever_crashes_the_reader(topic: str, body: dict[str, object]) -> None:
    with suppress(BadMessage):
        read(Delivery(id="1", topic=topic, body=json.dumps(ORDER | body).encode()))
