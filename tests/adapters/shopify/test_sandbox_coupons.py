"""Codes of every kind in a whole shop on this machine: what they are about, for whom, beside which others."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from connector.port import CodeTaken, CouponMade, Refused, ShopAdapter
from connector.records import Coupon, Scope

TEA, MUG, POT = "TEA-1", "MUG-1", "POT-1"


class Goods(msgspec.Struct):
    """What the shop sells in these tests, by its ids."""

    tea: str
    mug: str
    pot: str
    drinks: str


@pytest.fixture
def goods(street: Any) -> Goods:
    ids = [street.control("products", {"sku": sku, "title": sku.title()})["id"] for sku in (TEA, MUG, POT)]
    drinks = street.control("collections", {"title": "Drinks", "skus": [TEA, MUG]})["id"]
    return Goods(*ids, drinks)


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def a_coupon(customer_id: str, **changes: Any) -> Coupon:
    today = datetime.now(UTC).replace(microsecond=0)
    start, end = today - timedelta(minutes=1), today + timedelta(days=30)
    coupon = Coupon("C0MEBACK0001", "percentage", 1000, "GBP", "A gift", start, end, customer_id)
    return msgspec.structs.replace(coupon, **changes)


def a_gift(customer_id: str, goods: Goods, **changes: Any) -> Coupon:
    """Buy two drinks, get a pot for nothing."""
    terms = {"kind": "buy_x_get_y", "value": 10000, "minimum_quantity": 2, "gets": 1}
    scopes = {"scope": Scope(products=(goods.pot,)), "buys": Scope(collections=(goods.drinks,))}
    return a_coupon(customer_id, **{**terms, **scopes, **changes})


def conditions(goods: Goods) -> dict[str, dict[str, Any]]:
    drinks = Scope(collections=(goods.drinks,))
    return {
        "about products": {"scope": Scope(products=(goods.tea, goods.pot))},
        "about a collection": {"kind": "amount", "value": 500, "scope": drinks},
        "for three items": {"minimum_quantity": 3},
        "beside free shipping": {"combines": ("shipping",)},
        "beside anything": {"combines": ("order", "product", "shipping")},
        "free shipping beside others": {
            "kind": "free_shipping",
            "value": 0,
            "combines": ("order", "product"),
        },
        "five times": {"usage_limit": 5, "once_per_customer": False},
        "without a limit": {"usage_limit": None},
    }


def test_a_coupon_keeps_its_conditions_and_is_found_again_by_them(
    street: Any, line: ShopAdapter, goods: Goods
) -> None:
    anna, expected = street.customer(), []
    for number, (name, changes) in enumerate(conditions(goods).items()):
        coupon = a_coupon(anna, code=f"C0MEBACK000{number}", **changes)
        made = line.make_coupon(coupon)
        assert isinstance(made, CouponMade), name
        assert line.make_coupon(coupon) == made, name
        assert line.make_coupon(a_coupon(anna, code=coupon.code)) == CodeTaken(), name
        # The list says everything of a code but what it is about.
        expected.append(msgspec.structs.replace(coupon, scope=Scope()))
    assert list(line.coupons()) == expected


@pytest.mark.parametrize("bought", [{"minimum_quantity": 2}, {"minimum_quantity": 0, "minimum": 4000}])
def test_who_buys_this_gets_that(street: Any, line: ShopAdapter, goods: Goods, bought: Any) -> None:
    coupon = a_gift(street.customer(), goods, **bought)
    made = line.make_coupon(coupon)
    assert isinstance(made, CouponMade)
    assert line.make_coupon(coupon) == made
    assert list(line.coupons()) == [msgspec.structs.replace(coupon, scope=Scope(), buys=Scope())]
    for other in ({"gets": 2}, {"value": 5000}, {"scope": Scope(products=(goods.tea,))}):
        assert line.make_coupon(msgspec.structs.replace(coupon, **other)) == CodeTaken()
    line.revoke_coupon(coupon.code, None)
    assert list(line.coupons()) == []


def a_line(sku: str, quantity: int, price: str) -> dict[str, Any]:
    return {"sku": sku, "title": sku, "quantity": quantity, "price": price}


def test_a_free_product_costs_nothing_at_the_checkout(street: Any, line: ShopAdapter, goods: Goods) -> None:
    anna = street.customer()
    line.make_coupon(a_gift(anna, goods))
    with pytest.raises(AssertionError, match="needs more items"):
        street.order(
            at=now(),
            customer_id=anna,
            codes=["C0MEBACK0001"],
            lines=[a_line(TEA, 1, "4.00"), a_line(POT, 1, "20.00")],
        )
    order = street.order(
        at=now(),
        customer_id=anna,
        codes=["C0MEBACK0001"],
        shipping="0.00",
        lines=[a_line(TEA, 2, "4.00"), a_line(POT, 2, "20.00")],
    )
    # 2 x 4.00 and 2 x 20.00, one of the pots free.
    read = line.orders((order,))[order]
    assert (read.total, read.coupon_codes) == (2800, ("C0MEBACK0001",))
    assert [one.amount for one in read.lines] == [800, 2000]


def test_a_share_is_taken_off_what_the_code_is_about_only(
    street: Any, line: ShopAdapter, goods: Goods
) -> None:
    anna = street.customer()
    line.make_coupon(a_coupon(anna, scope=Scope(collections=(goods.drinks,))))
    order = street.order(
        at=now(),
        customer_id=anna,
        codes=["C0MEBACK0001"],
        lines=[a_line(MUG, 1, "10.00"), a_line(POT, 1, "20.00")],
    )
    assert [one.amount for one in line.orders((order,))[order].lines] == [900, 2000]


def test_a_code_goes_beside_free_shipping_where_it_says_so(street: Any, line: ShopAdapter) -> None:
    anna = street.customer()
    shipping = {"kind": "free_shipping", "value": 0, "code": "SHIPPING0001", "combines": ("order",)}
    line.make_coupon(a_coupon(anna, **shipping))
    line.make_coupon(a_coupon(anna, code="ALONE0000001"))
    line.make_coupon(a_coupon(anna, code="BESIDE000001", combines=("shipping",)))
    with pytest.raises(AssertionError, match="cannot be combined"):
        street.order(at=now(), customer_id=anna, codes=["ALONE0000001", "SHIPPING0001"])
    assert street.order(at=now(), customer_id=anna, codes=["BESIDE000001", "SHIPPING0001"])


def test_a_code_for_a_segment_is_for_its_customers(street: Any, line: ShopAdapter) -> None:
    anna, bert = street.customer("anna"), street.customer("bert")
    segment = street.control("segments", {"name": "Regulars", "customer_ids": [anna]})["id"]
    coupon = a_coupon("", segment_id=segment)
    assert isinstance(line.make_coupon(coupon), CouponMade)
    assert isinstance(line.make_coupon(coupon), CouponMade)
    assert list(line.coupons()) == [coupon]
    with pytest.raises(AssertionError, match="for another customer"):
        street.order(at=now(), customer_id=bert, codes=[coupon.code])
    assert street.order(at=now(), customer_id=anna, codes=[coupon.code])


def refusals(goods: Goods) -> dict[str, tuple[dict[str, Any], str]]:
    """What the platform was recorded to refuse, by code and field."""
    gift = {"kind": "buy_x_get_y", "value": 10000, "minimum_quantity": 2, "gets": 1}
    gift |= {"scope": Scope(products=(goods.pot,)), "buys": Scope(products=(goods.tea,))}
    basic, bxgy = "basicCodeDiscount.", "bxgyCodeDiscount."
    got = f"{bxgy}customerGets.value.discountOnQuantity.quantity"
    return {
        "unknown product": (
            {"scope": Scope(products=("999999999999",))},
            f"INVALID at {basic}customerGets.items.products.productsToAdd",
        ),
        "unknown collection": (
            {"scope": Scope(collections=("999999999999",))},
            f"INVALID at {basic}customerGets.items.collections.add",
        ),
        "unknown segment": ({"segment_id": "9"}, f"INVALID at {basic}context.customerSegments.add"),
        "free shipping beside itself": (
            {"kind": "free_shipping", "value": 0, "combines": ("shipping",)},
            "INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS at freeShippingCodeDiscount.combinesWith",
        ),
        "no use at all": ({"usage_limit": 0}, f"GREATER_THAN at {basic}usageLimit"),
        "everything free": (gift | {"scope": Scope()}, f"INVALID at {bxgy}customerGets"),
        "anything bought": (gift | {"buys": Scope()}, f"BLANK at {bxgy}customerBuys.items"),
        "nothing bought": (
            gift | {"minimum_quantity": 0},
            f"GREATER_THAN at {bxgy}customerBuys.value.quantity",
        ),
        "far too many bought": (
            gift | {"minimum_quantity": 100_000},
            f"LESS_THAN at {bxgy}customerBuys.value.quantity",
        ),
        "nothing got": (gift | {"gets": 0}, f"GREATER_THAN at {got}"),
        "far too many got": (gift | {"gets": 100_000}, f"LESS_THAN at {got}"),
    }


def test_a_refusal_says_where(street: Any, line: ShopAdapter, goods: Goods) -> None:
    anna = street.customer()
    for name, (changes, place) in refusals(goods).items():
        with pytest.raises(Refused) as refused:
            line.make_coupon(a_coupon(anna, **changes))
        assert f"({place})" in str(refused.value), name
    assert street.truth("coupons") == []


BXGY = """mutation($it: DiscountCodeBxgyInput!) { discountCodeBxgyCreate(bxgyCodeDiscount: $it) {
  codeDiscountNode { id } userErrors { code field } } }"""
BASIC = """mutation($it: DiscountCodeBasicInput!) { discountCodeBasicCreate(basicCodeDiscount: $it) {
  codeDiscountNode { id } userErrors { code field } } }"""


def complaints(street: Any, query: str, **wish: Any) -> set[tuple[str, str]]:
    """What the shop says to an input that the plug never sends."""
    whole = {"title": "x", "code": "X1", "startsAt": "2026-01-01T00:00:00Z", **wish}
    (payload,) = street.graphql(query, it=whole).values()
    return {(it["code"], ".".join(it["field"][1:])) for it in payload["userErrors"]}


NOT_GOT: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"value": {"percentage": 0.5}}, "INVALID", "value.percentage"),
    ({"value": {"discountAmount": {"amount": "5.00"}}}, "INVALID", "value.discountAmount"),
    ({"value": {"percentage": 0.5}}, "BLANK", "value.discountOnQuantity.quantity"),
    ({"appliesOnSubscription": True}, "INVALID", "appliesOnSubscription"),
    ({"appliesOnOneTimePurchase": True}, "INVALID", "appliesOnOneTimePurchase"),
)


def test_the_sandbox_refuses_as_recorded_what_the_plug_never_sends(street: Any, line: ShopAdapter) -> None:
    for gets, code, field in NOT_GOT:
        assert (code, f"customerGets.{field}") in complaints(street, BXGY, customerGets=gets)
    for uses, code in ((0, "VALUE_OUTSIDE_RANGE"), (-1, "GREATER_THAN")):
        assert (code, "usesPerOrderLimit") in complaints(street, BXGY, usesPerOrderLimit=uses)


def test_the_sandbox_takes_collections_or_products_never_both(
    street: Any, line: ShopAdapter, goods: Goods
) -> None:
    items = {
        "products": {"productsToAdd": [f"gid://shopify/Product/{goods.tea}"]},
        "collections": {"add": [f"gid://shopify/Collection/{goods.drinks}"]},
    }
    found = complaints(street, BASIC, customerGets={"items": items, "value": {"percentage": 0.1}})
    assert found == {("CONFLICT", "customerGets.items.collections.add")}


def test_only_a_code_of_ours_that_ended_unused_is_deleted(street: Any, line: ShopAdapter) -> None:
    anna = street.customer()
    for code in ("USED00000001", "ENDED0000001", "LIVE00000001"):
        line.make_coupon(a_coupon(anna, code=code))
    street.order(at=now(), customer_id=anna, codes=["USED00000001"])
    for code in ("USED00000001", "ENDED0000001"):
        line.revoke_coupon(code, None)
    for code in ("USED00000001", "ENDED0000001", "LIVE00000001", "NEVER0000001"):
        for _ in range(2):
            line.delete_coupons((code,))
    assert sorted(it["code"] for it in street.truth("coupons")) == ["LIVE00000001", "USED00000001"]
