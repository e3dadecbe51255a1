"""Orders of customers who pay in a currency of their own: records count the shop's, in whichever shape they come."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from adapters.shopify import rest
from adapters.shopify.sandbox import abroad, bodies
from adapters.shopify.sandbox.things import Order as Placed
from connector.money import parse
from connector.port import OrderChanged, OrderTouched, ShopAdapter, Window

SETS = """query($id: ID!) { order(id: $id) { presentmentCurrencyCode
  totalPriceSet { shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }
  lineItems(first: 1) { nodes { taxLines { priceSet { presentmentMoney { amount currencyCode } } } } } } }"""


def told(street: Any, order_id: str, *, just_made: bool = False) -> OrderChanged | OrderTouched:
    """What the webhook about this order says now."""
    body = bodies.order(street.shop, street.shop.orders.get(int(order_id)))
    return rest.order(msgspec.json.decode(msgspec.json.encode(body)), just_made=just_made)


@pytest.fixture
def orders(street: Any) -> dict[str, str]:
    """The same basket of 29.95 pounds, paid at home, in dollars and in yen; each also refunded in part, and edited."""
    ids = {}
    for currency, rate in (("", "1"), ("USD", "1.2537"), ("JPY", "191.4")):
        for what in ("plain", "refunded", "edited"):
            ids[f"{what} {currency}"] = street.order(presentment=currency, rate=rate)
    for name, order_id in ids.items():
        if name.startswith("refunded"):
            wish = {"at": street.at(5), "lines": [{"line": 0, "quantity": 1}], "shipping": "4.95"}
            street.control(f"orders/{order_id}/refund", wish)
        if name.startswith("edited"):
            more = {"sku": "X", "title": "Extra", "quantity": 1, "price": "3.00"}
            street.control(f"orders/{order_id}/edit", {"at": street.at(7), "lines": [], "add": [more]})
    return ids


def test_records_are_the_same_whatever_the_customer_paid_in(
    street: Any, line: ShopAdapter, everything: Any, orders: dict[str, str]
) -> None:
    by_id = line.orders(tuple(orders.values()))
    now = street.shop.now()
    window = Window(now - timedelta(hours=1), now + timedelta(hours=1))
    assert {it.id: it for batch in line.changed(window) for it in batch.orders} == by_id
    assert {it.id: it for it in everything(line)[1]} == by_id
    for what, sums in {
        "plain": (2995, 0, 0, 2500),
        "refunded": (2995, 1745, 495, 1250),
        "edited": (3295, 0, 0, 2800),
    }.items():
        for currency in ("", "USD", "JPY"):
            it = by_id[orders[f"{what} {currency}"]]
            assert (it.total, it.refunded, it.refunded_shipping, it.kept_goods) == sums, (what, currency)
            assert it.currency == "GBP"
    for said in street.truth("orders"):
        assert by_id[said["id"]].refunded == parse(said["refunded"], "GBP")


def test_messages_say_the_same_as_the_shop_or_have_it_asked(
    street: Any, line: ShopAdapter, orders: dict[str, str]
) -> None:
    by_id = line.orders(tuple(orders.values()))
    for name, order_id in orders.items():
        change = told(street, order_id, just_made=name.startswith("plain"))
        if name in ("refunded USD", "refunded JPY"):
            assert change == OrderTouched(order_id), "what was given back is told in the other currency alone"
            continue
        assert isinstance(change, OrderChanged)
        full = by_id[order_id]
        wanted = msgspec.structs.replace(full, paid_at=None) if change.lacks_paid_at else full
        assert change.order == wanted, name


def test_the_sandbox_states_both_currencies_in_both_shapes(
    street: Any, line: ShopAdapter, orders: dict[str, str]
) -> None:
    home = {"amount": "29.95", "currencyCode": "GBP"}
    for currency, amount, tax in (("", "29.95", "4.17"), ("USD", "37.55", "5.23"), ("JPY", "5732", "798")):
        order_id, code = orders[f"plain {currency}"], currency or "GBP"
        found = street.graphql(SETS, id=f"gid://shopify/Order/{order_id}")["order"]
        assert found["presentmentCurrencyCode"] == code
        assert found["totalPriceSet"] == {
            "shopMoney": home, "presentmentMoney": {"amount": amount, "currencyCode": code},
        }  # fmt: skip
        [priced] = found["lineItems"]["nodes"][0]["taxLines"]
        assert priced["priceSet"]["presentmentMoney"] == {"amount": tax, "currencyCode": code}
        body: Any = bodies.order(street.shop, street.shop.orders.get(int(order_id)))
        assert body["presentment_currency"] == code
        assert body["total_price_set"]["presentment_money"] == {"amount": amount, "currency_code": code}
        assert (body["total_price"], body["currency"]) == ("29.95", "GBP")
    body = bodies.order(street.shop, street.shop.orders.get(int(orders["refunded JPY"])))
    [moved] = body["refunds"][0]["transactions"]
    assert (moved["amount"], moved["currency"]) == ("3340", "JPY")


def test_amounts_are_converted_with_the_decimals_of_their_currency() -> None:
    now = Placed(1, 1, None, None, None, None, [], presentment="KWD", rate=3_855)  # type: ignore[arg-type]
    assert abroad.converted(1000, now) == (3855, "KWD")
    assert abroad.converted(-1000, now) == (-3855, "KWD")
    assert abroad.converted(1000, None) == (1000, "GBP")
