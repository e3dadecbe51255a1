"""The same order, written as a webhook and as GraphQL, gives the same record; so does the same customer."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.shopify import graph, rest
from connector.money import exponent, plain
from connector.port import CustomerChanged, OrderChanged, OrderTouched
from connector.records import Order

# Beyond 2^53, where a JavaScript reader loses digits.
BIG = 9_007_199_254_740_993
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2026, 11, 1), timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=0)
)
TEXTS = st.text("abcdefghijklmnop é-", min_size=1, max_size=12)


@st.composite
def line_facts(draw: st.DrawFn, number: int) -> dict[str, Any]:
    quantity = draw(st.integers(1, 9))
    unit = draw(st.integers(0, 50_000))
    return {
        "id": BIG + number,
        "title": draw(TEXTS),
        "quantity": quantity,
        "current": draw(st.integers(0, quantity)),
        "unit": unit,
        "discounts": draw(st.lists(st.integers(0, unit * quantity // 3), max_size=2)),
        "taxes": draw(st.lists(st.integers(0, 2_000), max_size=2)),
        "gift_card": draw(st.booleans()),
        "sku": draw(st.none() | st.just("") | TEXTS),
        "product": draw(st.none() | st.integers(1, 2**62)),
    }


@st.composite
def order_facts(draw: st.DrawFn) -> dict[str, Any]:
    placed = draw(MOMENTS)
    later = st.integers(0, 90 * 86_400).map(lambda s: placed + timedelta(seconds=s))
    count = draw(st.integers(0, 4))
    status = draw(
        st.sampled_from(["pending", "authorized", "paid", "partially_refunded", "refunded", "voided"])
    )
    return {
        "id": BIG + draw(st.integers(100, 999)),
        "currency": draw(st.sampled_from(["EUR", "GBP", "JPY", "KWD"])),
        "included": draw(st.booleans()),
        "test": draw(st.booleans()),
        "source": draw(st.sampled_from([None, "", "web", "pos", "shopify_draft_order", "1354745"])),
        "email": draw(st.none() | st.just("") | st.just("anna@example.com")),
        "placed": placed,
        "changed": draw(later),
        "cancelled": draw(st.none() | later),
        "status": status,
        "fulfilled": draw(st.lists(st.tuples(later, st.sampled_from(["success", "cancelled"])), max_size=3)),
        "all_sent": draw(st.booleans()),
        "customer": draw(st.none() | st.integers(1, 2**62)),
        "codes": draw(st.lists(st.sampled_from(["Welcome5", "VIP-10", "vip-10"]), max_size=2)),
        "lines": [draw(line_facts(number)) for number in range(count)],
        "shipping": draw(st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 400)), max_size=2)),
        "duties": draw(st.none() | st.integers(0, 900)),
        "refunds": draw(st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 500)), max_size=3)),
    }


def as_webhook(facts: dict[str, Any]) -> dict[str, Any]:
    currency = facts["currency"]

    def bag(minor: int) -> dict[str, Any]:
        money = {"amount": plain(minor, currency), "currency_code": currency}
        return {"shop_money": money, "presentment_money": {"amount": "1.23", "currency_code": "USD"}}

    return {
        "id": facts["id"] // 1000 * 1000,
        "admin_graphql_api_id": f"gid://shopify/Order/{facts['id']}",
        "name": "#1001",
        "currency": currency,
        "taxes_included": facts["included"],
        "test": facts["test"],
        "source_name": facts["source"],
        "email": facts["email"],
        "processed_at": amsterdam(facts["placed"]),
        "updated_at": amsterdam(facts["changed"]),
        "cancelled_at": facts["cancelled"] and amsterdam(facts["cancelled"]),
        "financial_status": facts["status"],
        "fulfillment_status": "fulfilled" if facts["all_sent"] else "partial",
        "fulfillments": [
            {"created_at": amsterdam(at), "status": status} for at, status in facts["fulfilled"]
        ],
        "customer": facts["customer"] and {"id": facts["customer"], "email": None},
        "discount_codes": [{"code": code, "amount": "1.00", "type": "percentage"} for code in facts["codes"]],
        "original_total_duties_set": None if facts["duties"] is None else bag(facts["duties"]),
        "line_items": [
            {
                "id": line["id"] // 1000 * 1000,
                "admin_graphql_api_id": f"gid://shopify/LineItem/{line['id']}",
                "title": line["title"],
                "quantity": line["quantity"],
                "current_quantity": line["current"],
                "price": "overruled by the set",
                "price_set": bag(line["unit"]),
                "gift_card": line["gift_card"],
                "sku": line["sku"],
                "product_id": line["product"],
                "product_exists": line["product"] is not None,
                "discount_allocations": [{"amount_set": bag(it)} for it in line["discounts"]],
                "tax_lines": [{"price_set": bag(it)} for it in line["taxes"]],
            }
            for line in facts["lines"]
        ],
        "shipping_lines": [
            {
                "price_set": bag(price + 100),
                "discounted_price_set": bag(price),
                "tax_lines": [{"price_set": bag(tax)}],
            }
            for price, tax in facts["shipping"]
        ],
        "refunds": [
            {
                "transactions": [
                    {
                        "kind": "refund",
                        "status": "success",
                        "amount": plain(money, currency),
                        "currency": currency,
                    },
                    {"kind": "refund", "status": "failure", "amount": "777.00", "currency": currency},
                    {"kind": "void", "status": "success", "amount": "888.00", "currency": currency},
                ],
                "refund_shipping_lines": [{"subtotal_amount_set": bag(shipping)}],
            }
            for money, shipping in facts["refunds"]
        ],
    }


def as_graph(facts: dict[str, Any]) -> dict[str, Any]:
    currency = facts["currency"]

    def bag(minor: int) -> dict[str, Any]:
        # GraphQL drops zeros at the end: 15.0 for 15.00.
        amount = plain(minor, currency)
        amount = amount.rstrip("0") + "0" if "." in amount and amount[-2] == "0" == amount[-1] else amount
        return {"shopMoney": {"amount": amount, "currencyCode": currency}}

    status = facts["status"].upper()
    return {
        "__typename": "Order",
        "id": f"gid://shopify/Order/{facts['id']}",
        "name": "#1001",
        "email": facts["email"] or None,
        "currencyCode": currency,
        "taxesIncluded": facts["included"],
        "test": facts["test"],
        "sourceName": facts["source"],
        "processedAt": zulu(facts["placed"]),
        "updatedAt": zulu(facts["changed"]),
        "cancelledAt": facts["cancelled"] and zulu(facts["cancelled"]),
        "displayFinancialStatus": status,
        "displayFulfillmentStatus": "FULFILLED" if facts["all_sent"] else "PARTIALLY_FULFILLED",
        "discountCodes": facts["codes"][::-1],
        "customer": facts["customer"] and {"id": f"gid://shopify/Customer/{facts['customer']}"},
        "originalTotalPriceSet": bag(1),
        "originalTotalDutiesSet": None if facts["duties"] is None else bag(facts["duties"]),
        "originalTotalAdditionalFeesSet": None,
        "totalRefundedSet": bag(sum(money for money, _ in facts["refunds"])),
        "totalRefundedShippingSet": bag(sum(shipping for _, shipping in facts["refunds"])),
        "transactions": [
            {
                "kind": "SALE",
                "status": "SUCCESS",
                "processedAt": zulu(facts["placed"] + timedelta(seconds=4)),
                "amountSet": bag(1),
            }
        ],
        "fulfillments": [
            {"createdAt": zulu(at), "status": status.upper()} for at, status in facts["fulfilled"]
        ],
        "lineItems": {
            "nodes": [
                {
                    "__typename": "LineItem",
                    "id": f"gid://shopify/LineItem/{line['id']}",
                    "title": line["title"],
                    "quantity": line["quantity"],
                    "currentQuantity": line["current"],
                    "isGiftCard": line["gift_card"],
                    "sku": line["sku"],
                    "product": line["product"] and {"id": f"gid://shopify/Product/{line['product']}"},
                    "originalTotalSet": bag(line["unit"] * line["quantity"]),
                    "discountAllocations": [{"allocatedAmountSet": bag(it)} for it in line["discounts"]],
                    "taxLines": [{"priceSet": bag(it)} for it in line["taxes"]],
                }
                for line in facts["lines"]
            ],
            "pageInfo": {"hasNextPage": False, "endCursor": None},
        },
        "shippingLines": {
            "nodes": [
                {
                    "__typename": "ShippingLine",
                    "id": None,
                    "discountedPriceSet": bag(price),
                    "taxLines": [{"priceSet": bag(tax)}],
                }
                for price, tax in facts["shipping"]
            ]
        },
    }


def amsterdam(at: datetime) -> str:
    return (at + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S+01:00")


def zulu(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def read_webhook(facts: dict[str, Any], *, just_made: bool) -> OrderChanged:
    change = rest.order(json.loads(json.dumps(as_webhook(facts))), just_made=just_made)
    assert isinstance(change, OrderChanged)
    return change


def read_graph(facts: dict[str, Any]) -> Order:
    node = msgspec.json.decode(json.dumps(as_graph(facts)), type=graph.OrderNode)
    assert node.line_items is not None
    assert node.shipping_lines is not None
    return graph.order(node, list(node.line_items.nodes), list(node.shipping_lines.nodes))


@settings(max_examples=300, deadline=None)
@given(order_facts())
def test_an_order_read_both_ways_is_one_record(facts: dict[str, Any]) -> None:
    assert read_webhook(facts, just_made=True).order == read_graph(facts)


@settings(max_examples=100, deadline=None)
@given(order_facts())
def test_a_later_webhook_differs_only_in_what_it_says_it_lacks(facts: dict[str, Any]) -> None:
    change = read_webhook(facts, just_made=False)
    full = read_graph(facts)
    # One that is paid in part may have been paid before an edit.
    assert change.lacks_paid_at == (full.paid_at is not None or facts["status"] == "partially_paid")
    assert change.order == msgspec.structs.replace(full, paid_at=None)


@settings(max_examples=200, deadline=None)
@given(order_facts())
def test_goods_never_exceed_the_total_and_tax_is_inside(facts: dict[str, Any]) -> None:
    order = read_graph(facts)
    assert 0 <= order.goods <= order.total
    assert 0 <= order.kept_goods <= order.goods


def an_order(**changes: Any) -> dict[str, Any]:
    """One table for 2 x 40.00 less 5.00, 21 % VAT, 4.95 + 1.04 shipping; nothing given back."""
    line = {
        "id": 11,
        "title": "Table",
        "quantity": 2,
        "current": 2,
        "unit": 4000,
        "discounts": [500],
        "taxes": [1575],
        "gift_card": False,
        "sku": "T-1",
        "product": 7,
    }
    facts = {
        "id": 1,
        "currency": "EUR",
        "included": False,
        "test": False,
        "source": "web",
        "email": None,
        "placed": datetime(2026, 11, 1, 12, tzinfo=UTC),
        "changed": datetime(2026, 11, 2, 12, tzinfo=UTC),
        "cancelled": None,
        "status": "paid",
        "fulfilled": [],
        "all_sent": False,
        "customer": None,
        "codes": [],
        "lines": [line],
        "shipping": [(495, 104)],
        "duties": None,
        "refunds": [],
    }
    return facts | changes


def test_tax_beside_the_price_is_added_to_it() -> None:
    order = read_graph(an_order())
    # 80.00 - 5.00 + 15.75, and 4.95 + 1.04
    assert (order.goods, order.total) == (9075, 9674)
    assert order.lines[0].tax == 1575


def test_tax_inside_the_price_is_not_added_again() -> None:
    order = read_graph(an_order(included=True))
    assert (order.goods, order.total) == (7500, 7995)


def test_refunded_shipping_gets_its_tax_in_proportion() -> None:
    # half of 4.95 is 2.47, and 1.04 x 247 / 495 = 0.518...
    order = read_graph(an_order(refunds=[(298, 247)]))
    assert order.refunded_shipping == 298
    assert order.kept_goods == 9075


def test_a_capture_days_later_is_when_it_was_paid() -> None:
    node = as_graph(an_order())
    placed = datetime(2026, 11, 1, 12, tzinfo=UTC)
    node["originalTotalPriceSet"]["shopMoney"]["amount"] = "96.74"

    def payment(kind: str, status: str, days: int, amount: str) -> dict[str, Any]:
        money = {"shopMoney": {"amount": amount, "currencyCode": "EUR"}}
        at = zulu(placed + timedelta(days=days))
        return {"kind": kind, "status": status, "processedAt": at, "amountSet": money}

    node["transactions"] = [
        payment("CAPTURE", "SUCCESS", 9, "10.00"),
        payment("AUTHORIZATION", "SUCCESS", 0, "96.74"),
        payment("CAPTURE", "FAILURE", 1, "96.74"),
        payment("CAPTURE", "SUCCESS", 2, "46.74"),
        payment("SALE", "SUCCESS", 3, "50.00"),
        payment("REFUND", "SUCCESS", 4, "5.00"),
    ]
    read = msgspec.json.decode(json.dumps(node), type=graph.OrderNode)
    assert graph.order(read, [], []).paid_at == placed + timedelta(days=3)


def test_nothing_to_pay_is_paid_at_once() -> None:
    node = as_graph(an_order()) | {"transactions": []}
    read = msgspec.json.decode(json.dumps(node), type=graph.OrderNode)
    assert graph.order(read, [], []).paid_at == read.processed_at


def test_refunds_in_another_currency_are_fetched_not_added() -> None:
    body = as_webhook(an_order(refunds=[(1000, 0)]))
    body["refunds"][0]["transactions"][0]["currency"] = "USD"
    assert rest.order(body, just_made=False) == OrderTouched("1")


def test_a_customer_read_both_ways_is_one_record() -> None:
    body = {
        "id": 706405506930370000,
        "admin_graphql_api_id": "gid://shopify/Customer/706405506930370084",
        "created_at": "2025-12-31T19:00:00-05:00",
        "updated_at": "2026-01-02T10:00:00+01:00",
        "email": "anna@example.com",
        "verified_email": True,
        "first_name": "Anna",
        "last_name": "Bakker",
        "tags": "newsletter, Comeback: Gold,  ",
    }
    node = {
        "id": "gid://shopify/Customer/706405506930370084",
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-02T09:00:00Z",
        "defaultEmailAddress": {"emailAddress": "anna@example.com"},
        "verifiedEmail": True,
        "firstName": "Anna",
        "lastName": "Bakker",
        "tags": ["Comeback: Gold", "newsletter"],
    }
    change = rest.customer(body)
    assert isinstance(change, CustomerChanged)
    assert change.customer == graph.customer(msgspec.convert(node, graph.CustomerNode))
    assert not change.lacks_marks


def test_a_person_may_be_withheld_altogether() -> None:
    node = {
        "id": "gid://shopify/Customer/5",
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:00Z",
    }
    customer = graph.customer(msgspec.convert(node, graph.CustomerNode))
    assert (customer.email, customer.name, customer.email_verified, customer.marks) == (None, None, False, ())


def test_currencies_of_the_test_have_none_two_and_three_decimals() -> None:
    assert [exponent(it) for it in ("JPY", "EUR", "KWD")] == [0, 2, 3]
