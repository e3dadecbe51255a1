"""Webhooks: signed over their bytes, the same id on every try, disturbed on demand, in the published shape."""

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import pytest

from adapters.shopify import documents

EVERY = (
    "ORDERS_CREATE ORDERS_PAID ORDERS_UPDATED ORDERS_EDITED ORDERS_CANCELLED ORDERS_FULFILLED ORDERS_DELETE "
    "REFUNDS_CREATE CUSTOMERS_CREATE CUSTOMERS_UPDATE CUSTOMERS_DELETE CUSTOMERS_MERGE"
).split()


def subscribed(stand, box, *topics: str) -> None:
    for topic in topics or EVERY:
        stand.subscribe(topic, f"{box.url}/webhooks")


def test_a_webhook_is_signed_over_its_raw_bytes_and_says_who_sends_what(stand, box) -> None:
    subscribed(stand, box, "ORDERS_CREATE")
    order = stand.order()
    stand.settle()
    (got,) = box.got
    secret = stand.shop.client_secret.encode()
    expected = base64.b64encode(hmac.new(secret, got.body, hashlib.sha256).digest()).decode()
    assert got.headers["x-shopify-hmac-sha256"] == expected
    assert got.headers["x-shopify-topic"] == "orders/create"
    assert got.headers["x-shopify-shop-domain"] == "demo-gifts.myshopify.com"
    assert got.headers["x-shopify-api-version"] == "2026-10"
    assert len(got.headers["x-shopify-webhook-id"]) == 36
    assert got.headers["x-shopify-triggered-at"].endswith("Z")
    assert got.json["admin_graphql_api_id"] == f"gid://shopify/Order/{order}"


def test_every_act_sends_what_the_platform_sends(stand, box) -> None:
    subscribed(stand, box)

    def sent(act: Any) -> list[str]:
        box.got.clear()
        act()
        stand.settle()
        return sorted(box.topics())

    made: list[str] = []
    assert sent(lambda: made.append(stand.order(paid=False, quantity=3))) == [
        "orders/create",
        "orders/updated",
    ]
    (order,) = made
    assert sent(lambda: stand.act(order, "pay")) == ["orders/paid", "orders/updated"]
    edit = {"lines": [{"line": 0, "quantity": 2}]}
    assert sent(lambda: stand.act(order, "edit", **edit)) == ["orders/edited", "orders/updated"]
    assert sent(lambda: stand.act(order, "refund", amount="1.00")) == ["orders/updated", "refunds/create"]
    assert sent(lambda: stand.act(order, "fulfil")) == ["orders/fulfilled", "orders/updated"]
    assert sent(lambda: made.append(stand.order())) == ["orders/create", "orders/paid", "orders/updated"]
    assert sent(lambda: stand.act(made[1], "cancel")) == [
        "orders/cancelled",
        "orders/updated",
        "refunds/create",
    ]
    assert sent(lambda: stand.control(f"orders/{made[1]}", method="DELETE")) == ["orders/delete"]
    assert sent(stand.customer) == ["customers/create"]
    assert sent(lambda: stand.customer("ben")) == ["customers/create"]
    ada = stand.control("customers", method="GET")["customers"][0]["id"]
    assert sent(lambda: stand.control(f"customers/{ada}", {"last_name": "Oak"}, "PATCH")) == [
        "customers/update"
    ]
    mark = {
        "id": f"gid://shopify/Customer/{ada}",
        "add": ["vip"],
        "remove": [],
        "adding": True,
        "removing": False,
    }
    assert sent(lambda: stand.data(documents.MARK, mark)) == ["customers/update"]
    assert sent(lambda: stand.data(documents.MARK, mark)) == []
    assert sent(lambda: stand.control(f"customers/{ada}", method="DELETE")) == ["customers/delete"]


def test_a_failing_delivery_is_tried_again_with_the_same_id_and_the_same_bytes(stand, box) -> None:
    subscribed(stand, box, "ORDERS_CREATE")
    box.statuses = [500, 302]
    order = stand.order()
    stand.control(f"orders/{order}/fulfil", {"at": "2026-11-03T10:00:00Z"})
    assert stand.settle()["retried"] == 2
    assert len({(it.body, it.headers["x-shopify-webhook-id"]) for it in box.got}) == 1
    assert len(box.got) == 3


def test_after_eight_retries_a_delivery_fails_and_its_subscription_is_dropped(stand, box) -> None:
    subscribed(stand, box, "ORDERS_CREATE")
    assert stand.shop.mail is not None
    stand.shop.mail._scale = 0.0001
    box.statuses = [500] * 9
    stand.order()
    assert stand.settle()["failed"] == 1
    assert len(box.got) == 9
    assert stand.data(documents.SUBSCRIPTIONS, {"first": 5})["webhookSubscriptions"]["nodes"] == []


def test_the_shop_does_not_wait_for_the_app(stand, box) -> None:
    subscribed(stand, box, "ORDERS_CREATE")
    box.free.clear()
    stand.order()
    assert box.got == []
    box.free.set()
    stand.settle()
    assert len(box.got) == 1


def test_what_is_dropped_never_comes_and_what_is_doubled_comes_twice_under_one_id(stand, box) -> None:
    subscribed(stand, box, "ORDERS_CREATE")
    stand.control("faults", {"seed": 1, "drop": 1.0})
    stand.order()
    stand.control("faults", {"seed": 1, "double": 1.0})
    stand.order()
    told = stand.settle()
    assert (told["dropped"], told["doubled"], told["sent"]) == (1, 1, 2)
    assert len({it.headers["x-shopify-webhook-id"] for it in box.got}) == 1
    stand.control("faults", {})
    stand.order()
    assert stand.settle()["sent"] == 3


@pytest.mark.parametrize(
    ("order", "expected"), [("given", [1001, 1002, 1003]), ("reversed", [1003, 1002, 1001])]
)
def test_held_webhooks_go_out_in_the_order_asked_for(stand, box, order, expected) -> None:
    subscribed(stand, box, "ORDERS_CREATE")
    stand.control("faults", {"hold": True})
    for _ in range(3):
        stand.order()
    assert stand.control("log", method="GET")["webhooks"]["held"] == 3
    told = stand.control("release", {"order": order})
    assert (told["sent"], told["held"], told["settled"]) == (3, 0, True)
    assert [it.json["order_number"] for it in box.got] == expected


def test_shuffled_webhooks_all_come(stand, box) -> None:
    subscribed(stand, box, "ORDERS_CREATE")
    stand.control("faults", {"hold": True})
    for _ in range(20):
        stand.order()
    stand.control("release", {"order": "shuffled", "seed": 3})
    numbers = [it.json["order_number"] for it in box.got]
    assert sorted(numbers) == list(range(1001, 1021))
    assert numbers != sorted(numbers)


def test_privacy_topics_and_the_uninstall_go_to_the_app_without_a_subscription(stand, box) -> None:
    stand.shop.public_url = box.url
    ada = stand.customer()
    order = stand.order(customer_id=ada)
    stand.control(f"customers/{ada}/data_request")
    stand.control(f"customers/{ada}/redact")
    stand.control("uninstall", {"redact": True})
    stand.settle()
    got = {it.topic: it.json for it in box.got}
    assert set(got) == {"customers/data_request", "customers/redact", "app/uninstalled", "shop/redact"}
    assert got["customers/redact"]["customer"] == {"id": int(ada), "email": "ada@example.com", "phone": None}
    assert got["customers/redact"]["orders_to_redact"] == [int(order)]
    assert got["customers/data_request"]["orders_requested"] == [int(order)]
    assert got["app/uninstalled"]["myshopify_domain"] == "demo-gifts.myshopify.com"
    assert stand.truth(order)["email"] is None


def test_only_the_fields_that_were_asked_for_are_sent(stand, box) -> None:
    query = """mutation S($uri: String!) { webhookSubscriptionCreate(topic: ORDERS_CREATE,
      webhookSubscription: {uri: $uri, includeFields: ["id", "updated_at"]}) { userErrors { message } } }"""
    stand.data(query, {"uri": box.url})
    stand.order()
    stand.settle()
    assert set(box.got[0].json) == {"id", "updated_at"}


@pytest.mark.parametrize(
    ("topic", "file"),
    [
        ("orders/updated", "orders__updated.json"),
        ("orders/cancelled", "orders__cancelled.json"),
        ("orders/edited", "orders__edited.json"),
        ("refunds/create", "refunds__create.json"),
        ("customers/update", "customers__update.json"),
        ("customers/merge", "customers__merge.json"),
        ("customers/redact", "customers__redact.json"),
        ("customers/data_request", "customers__data_request.json"),
        ("bulk_operations/finish", "bulk_operations__finish.json"),
    ],
)
def test_bodies_have_the_published_keys_and_kinds_of_values(stand, box, shared: Path, topic, file) -> None:
    stand.shop.public_url = box.url
    subscribed(stand, box, *EVERY, "BULK_OPERATIONS_FINISH")
    lived(stand)
    published = json.loads((shared / "shopify" / "webhooks" / file).read_text())
    bodies = [it.json for it in box.got if it.topic == topic]
    assert bodies
    for body in bodies:
        assert _misfits(body, published) == []


def lived(stand) -> None:
    """Let everything happen once."""
    ada, ben = stand.customer(), stand.customer("ben")
    codes = {
        "discount": {
            "title": "Ten",
            "code": "TEN",
            "startsAt": "2026-01-01T00:00:00Z",
            "context": {"all": "ALL"},
            "customerGets": {"value": {"percentage": 0.1}, "items": {"all": True}},
        }
    }
    stand.data(documents.COUPON_BASIC, codes)
    order = stand.order("10.00", 3, customer_id=ada, shipping="4.95", codes=["TEN"])
    stand.act(order, "edit", lines=[{"line": 0, "quantity": 2}])
    stand.act(order, "refund", lines=[{"line": 0, "quantity": 1}], shipping="1.00")
    stand.act(order, "fulfil")
    stand.act(stand.order(customer_id=ben), "cancel")
    stand.control(f"customers/{ada}", {"last_name": "Oak"}, "PATCH")
    stand.control(f"customers/{ada}/merge", {"gone_id": ben})
    stand.control(f"customers/{ada}/data_request")
    stand.control(f"customers/{ada}/redact")
    bulk = {"query": documents.bulk_customers()}
    stand.data(documents.BULK_START, bulk)
    while not all(one.status == "COMPLETED" for one in stand.shop.bulks.values()):
        time.sleep(0.02)
    stand.settle()


# What the published examples hold and this shop has nothing to say about.
_SILENT = {
    "browser_ip cart_token checkout_token client_details device_id landing_site landing_site_ref location_id",
    "merchant_business_entity_id merchant_of_record_app_id order_status_url reference referring_site",
    "source_identifier source_url token user_id po_number total_cash_rounding_payment_adjustment_set",
    "total_cash_rounding_refund_adjustment_set total_tip_received_set current_total_additional_fees_set",
    "current_total_duties_set default_address attributed_staffs variant_inventory_management",
    "sales_line_item_group_id phone requested_fulfillment_service_id message authorization device_id error_code",
    "receipt payment_id total_unsettled_set manual_payment_gateway amount_rounding source_name",
}
_QUIET = {name for row in _SILENT for name in row.split()}


def _misfits(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """Return where our value lacks a published key or is of another kind; null fits everything."""
    if ours is None or theirs is None:
        return []
    if isinstance(theirs, dict):
        if not isinstance(ours, dict):
            return [path]
        missing = [f"{path}.{key} is missing" for key in theirs if key not in ours and key not in _QUIET]
        return missing + [
            it for key in theirs if key in ours for it in _misfits(ours[key], theirs[key], f"{path}.{key}")
        ]
    if isinstance(theirs, list):
        return [it for one in ours for it in _misfits(one, theirs[0], f"{path}[]")] if theirs else []
    number = isinstance(theirs, int | float) and not isinstance(theirs, bool)
    fits = isinstance(ours, int | float) if number else isinstance(ours, type(theirs))
    return [] if fits else [f"{path} is {type(ours).__name__}, not {type(theirs).__name__}"]


def test_a_topic_asks_for_the_right_that_the_schema_names(stand, box) -> None:
    mutation = (
        "mutation S($uri: String!) { webhookSubscriptionCreate(topic: CUSTOMERS_MERGE,"
        " webhookSubscription: {uri: $uri}) { webhookSubscription { id } userErrors { message } } }"
    )
    refused = stand.ask(mutation, {"uri": box.url}, stand.grant("read_orders,read_customers"))
    assert refused["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert refused["data"] == {"webhookSubscriptionCreate": None}
    allowed = stand.ask(mutation, {"uri": box.url}, stand.grant("read_customers,read_customer_merge"))
    assert allowed["data"]["webhookSubscriptionCreate"]["userErrors"] == []
