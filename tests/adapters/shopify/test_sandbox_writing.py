"""The plug writes to a whole shop on this machine: tags, coupons, and what goes wrong on the way."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import requests

from adapters.shopify import bulk, tokens
from adapters.shopify.platform import platform
from adapters.shopify.sandbox.cost import Bucket
from connector.port import (
    CodeTaken,
    CouponMade,
    LeftAlone,
    Marked,
    OutcomeUnknown,
    ShopAdapter,
    ShopLine,
    TryLater,
)
from connector.records import Coupon


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


# --- writing --------------------------------------------------------------------------------------------------------


def tags(street: Any, customer_id: str) -> list[str]:
    (found,) = [it for it in street.truth("customers") if it["id"] == customer_id]
    return sorted(found["tags"])


def test_tags_of_ours_come_and_go_and_the_merchants_stay(street: Any, line: ShopAdapter) -> None:
    anna = street.customer()
    assert line.mark(anna, ("newsletter",), ()) == Marked(("newsletter",))
    assert line.mark(anna, ("silver", "lapsing"), ()) == Marked(("silver", "lapsing"))
    for _ in range(2):
        assert line.mark(anna, ("gold",), ("silver", "lapsing")) == Marked(("gold",))
        assert tags(street, anna) == ["gold", "newsletter"]
    assert line.mark(anna, (), ("gold",)) == Marked(())
    assert tags(street, anna) == ["newsletter"]
    assert line.customers((anna,))[anna].marks == ("newsletter",)


def test_a_customer_who_is_gone_is_left_alone(street: Any, line: ShopAdapter) -> None:
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
    street: Any, line: ShopAdapter, kind: Any, value: int, minimum: int
) -> None:
    coupon = a_coupon(street.customer(), kind=kind, value=value, minimum=minimum)
    made = line.make_coupon(coupon)
    assert isinstance(made, CouponMade)
    assert line.make_coupon(coupon) == made
    assert list(line.coupons()) == [coupon]
    assert len(street.truth("coupons")) == 1


def test_a_coupon_whose_answer_was_lost_is_found_again(street: Any, line: ShopAdapter) -> None:
    coupon = a_coupon(street.customer())
    lost = {"match": "CouponBasic", "times": 1, "status": 502, "html": True, "after_effect": True}
    street.control("faults", {"requests": [lost]})
    with pytest.raises(OutcomeUnknown):
        line.make_coupon(coupon)
    assert isinstance(line.make_coupon(coupon), CouponMade)
    assert len(street.truth("coupons")) == 1


@pytest.mark.parametrize(
    "change",
    [{"value": 501}, {"title": "6.00 off"}, {"kind": "percentage"}, {"ends_at": None}, {"minimum": 1}],
)
def test_a_code_that_is_there_with_other_terms_is_taken(street: Any, line: ShopAdapter, change: Any) -> None:
    coupon = a_coupon(street.customer())
    line.make_coupon(coupon)
    assert line.make_coupon(msgspec.structs.replace(coupon, **change)) == CodeTaken()
    other = street.customer("bert")
    assert line.make_coupon(msgspec.structs.replace(coupon, customer_id=other)) == CodeTaken()


def test_a_code_works_for_its_customer_once(street: Any, line: ShopAdapter) -> None:
    anna, bert = street.customer("anna"), street.customer("bert")
    line.make_coupon(a_coupon(anna))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    place = f"{street.url}/_sandbox/orders"
    line_of = {"sku": "M", "title": "Mug", "quantity": 2, "price": "12.50"}
    basket = {"at": now, "lines": [line_of], "shipping": "4.95", "paid": True, "codes": ["c0meback0001"]}
    assert requests.post(place, json=basket | {"customer_id": bert}, timeout=60).status_code == 422
    placed = requests.post(place, json=basket | {"customer_id": anna}, timeout=60)
    assert placed.status_code == 201, placed.text
    assert requests.post(place, json=basket | {"customer_id": anna}, timeout=60).status_code == 422
    order_id = placed.json()["id"]
    order = line.orders((order_id,))[order_id]
    # 25.00 less 5.00
    assert (order.goods, order.coupon_codes) == (2000, ("C0MEBACK0001",))
    assert [(it.code, it.used) for it in line.coupons()] == [("C0MEBACK0001", True)]


def test_a_revoked_code_is_dead_and_revoking_again_is_fine(street: Any, line: ShopAdapter) -> None:
    anna = street.customer()
    made = line.make_coupon(a_coupon(anna))
    assert isinstance(made, CouponMade)
    for _ in range(2):
        line.revoke_coupon("C0MEBACK0001", made.remote_id)
    line.revoke_coupon("NEVERWASTHERE", None)
    assert list(line.coupons()) == []
    assert [it["live"] for it in street.truth("coupons")] == [False]


FOREIGN = """
mutation Foreign($discount: DiscountCodeBasicInput!) {
  discountCodeBasicCreate(basicCodeDiscount: $discount) { codeDiscountNode { id } userErrors { code field message } }
}
"""


def test_the_merchants_own_code_is_never_ours(street: Any, line: ShopAdapter) -> None:
    anna = street.customer()
    discount = {
        "title": "Summer",
        "code": "C0MEBACK0001",
        "startsAt": street.at(0),
        "context": {"all": "ALL"},
        "customerGets": {"items": {"all": True}, "value": {"percentage": 0.1}},
    }
    token = tokens.unpack(street.vault.kept).access
    answer = requests.post(
        f"{street.url}/admin/api/2026-10/graphql.json",
        data=json.dumps({"query": FOREIGN, "variables": {"discount": discount}}),
        headers={"X-Shopify-Access-Token": token, "Content-Type": "application/json"},
        timeout=60,
    ).json()
    assert answer["data"]["discountCodeBasicCreate"]["userErrors"] == []
    assert line.make_coupon(a_coupon(anna)) == CodeTaken()
    line.revoke_coupon("C0MEBACK0001", None)
    assert [it["live"] for it in street.truth("coupons")] == [True]
    assert list(line.coupons()) == []


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_a_small_bucket_only_slows_reading_down(street: Any, line: ShopAdapter) -> None:
    ids = street.busy()
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
def test_reading_survives_a_shop_that_stumbles(street: Any, line: ShopAdapter, fault: dict[str, Any]) -> None:
    street.control("faults", {"requests": [{"match": "*", "times": 1, **fault}]})
    assert line.facts().currency == "GBP"


def test_an_access_token_that_ended_is_renewed_on_the_way(street: Any, line: ShopAdapter) -> None:
    kept = tokens.unpack(street.vault.kept)
    ended = msgspec.structs.replace(kept, expires_at=datetime.now(UTC) - timedelta(minutes=1))
    street.vault.kept = tokens.pack(ended)
    assert line.facts().currency == "GBP"
    renewed = tokens.unpack(street.vault.kept)
    assert renewed.access != kept.access
    assert renewed.refresh != kept.refresh


def test_a_history_that_takes_long_is_come_back_for(
    street: Any, line: ShopAdapter, monkeypatch: pytest.MonkeyPatch, everything: Any
) -> None:
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


def test_tokens_renewed_but_never_kept_are_renewed_again(street: Any, line: ShopAdapter) -> None:
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
