"""Codes that the app makes: refused like by the platform, and good at the checkout by the shop's own rules."""

from typing import Any

import pytest

from adapters.shopify import documents

LINES = [{"title": "Mug", "quantity": 3, "price": "10.00"}]


def wish(**more: Any) -> dict[str, Any]:
    plain = {
        "title": "Ten off",
        "code": "TEN",
        "startsAt": "2026-11-01T00:00:00Z",
        "context": {"all": "ALL"},
        "customerGets": {"value": {"percentage": 0.1}, "items": {"all": True}},
    }
    return {key: value for key, value in {**plain, **more}.items() if value is not None}


def amount(text: str) -> dict[str, Any]:
    return {"value": {"discountAmount": {"amount": text, "appliesOnEachItem": False}}, "items": {"all": True}}


def make(stand, **more: Any) -> list[dict[str, Any]]:
    answer = stand.data(documents.COUPON_BASIC, {"discount": wish(**more)})
    return answer["discountCodeBasicCreate"]["userErrors"]


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"title": ""}, "BLANK", "title"),
        ({"title": "x" * 256}, "TOO_LONG", "title"),
        ({"code": "x" * 256}, "TOO_LONG", "code"),
        ({"code": "a\nb"}, "INVALID", "code"),
        ({"startsAt": None}, "BLANK", "startsAt"),
        ({"endsAt": "2026-10-01T00:00:00Z"}, "INVALID", "endsAt"),
        (
            {"customerGets": {"value": {"percentage": 10.0}, "items": {"all": True}}},
            "VALUE_OUTSIDE_RANGE",
            "percentage",
        ),
        ({"customerGets": amount("-1.00")}, "LESS_THAN_OR_EQUAL_TO", "amount"),
        ({"usageLimit": 0}, "GREATER_THAN", "usageLimit"),
        ({"context": {"customers": {"add": ["gid://shopify/Customer/1"]}}}, "INVALID", "add"),
        (
            {
                "minimumRequirement": {
                    "subtotal": {"greaterThanOrEqualToSubtotal": "1.00"},
                    "quantity": {"greaterThanOrEqualToQuantity": "1"},
                }
            },
            "CONFLICT",
            "subtotal",
        ),
    ],
)
def test_a_bad_discount_is_refused_with_the_platforms_code(stand, more, code, field) -> None:
    errors = make(stand, **more)
    assert [(it["code"], it["field"][-1]) for it in errors] == [(code, field)]
    assert stand.control("coupons", method="GET")["coupons"] == []


def test_two_ways_of_choosing_customers_at_once_are_no_input_at_all(stand) -> None:
    both = {"all": "ALL", "customers": {"add": []}}
    answer = stand.ask(documents.COUPON_BASIC, {"discount": wish(context=both)})
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"


def test_a_code_is_taken_whatever_its_capitals(stand) -> None:
    assert make(stand) == []
    errors = make(stand, code="ten")
    assert [(it["code"], it["field"]) for it in errors] == [("TAKEN", ["basicCodeDiscount", "code"])]


def test_ten_per_cent_lower_every_line_by_its_share(stand) -> None:
    make(stand)
    lines = [{"title": "A", "quantity": 1, "price": "3.33"}, {"title": "B", "quantity": 1, "price": "6.66"}]
    truth = stand.truth(stand.order(lines=lines, codes=["ten"]))
    assert truth["codes"] == ["TEN"]
    assert [line["amount"] for line in truth["lines"]] == ["3.00", "5.99"]
    assert truth["total"] == "8.99"


def test_an_amount_never_takes_more_than_the_goods_and_spares_gift_cards(stand) -> None:
    make(stand, customerGets=amount("25.00"))
    lines = [
        {"title": "Mug", "quantity": 2, "price": "10.00"},
        {"title": "Card", "quantity": 1, "price": "50.00", "gift_card": True},
    ]
    truth = stand.truth(stand.order(lines=lines, codes=["TEN"]))
    assert [line["amount"] for line in truth["lines"]] == ["0.00", "50.00"]


def test_free_shipping_pays_the_shipping(stand) -> None:
    free = {key: value for key, value in wish(code="FREE").items() if key != "customerGets"}
    answer = stand.data(documents.COUPON_FREE_SHIPPING, {"discount": {**free, "destination": {"all": True}}})
    assert answer["discountCodeFreeShippingCreate"]["userErrors"] == []
    assert stand.truth(stand.order(shipping="4.95", codes=["FREE"]))["total"] == "10.00"


def refusal(stand, **more: Any) -> str:
    basket = {"at": "2026-11-05T00:00:00Z", "lines": LINES, "paid": True, "codes": ["TEN"], **more}
    return str(stand.control("orders", basket, status=422)["error"])


def test_a_code_for_one_customer_is_refused_to_others_and_to_guests(stand) -> None:
    ada, ben = stand.customer("ada"), stand.customer("ben")
    make(stand, context={"customers": {"add": [f"gid://shopify/Customer/{ada}"]}})
    assert "another customer" in refusal(stand, customer_id=ben)
    assert "another customer" in refusal(stand)
    assert stand.truth(stand.order(lines=LINES, customer_id=ada, codes=["TEN"]))["total"] == "27.00"


def test_a_code_that_may_be_used_once_is_used_up_after_it(stand) -> None:
    make(stand, usageLimit=1)
    stand.order(lines=LINES, codes=["TEN"])
    assert "used up" in refusal(stand)
    coupon = stand.control("coupons", method="GET")["coupons"][0]
    assert (coupon["used"], coupon["live"]) == (1, False)


def test_a_code_is_good_between_its_dates_only(stand) -> None:
    make(stand, endsAt="2026-11-10T00:00:00Z")
    assert "not live" in refusal(stand, at="2026-10-31T23:59:59Z")
    assert "not live" in refusal(stand, at="2026-11-10T00:00:00Z")
    stand.order(lines=LINES, codes=["TEN"], at="2026-11-09T23:59:59Z")


def test_a_code_may_need_a_larger_order(stand) -> None:
    make(stand, minimumRequirement={"subtotal": {"greaterThanOrEqualToSubtotal": "30.01"}})
    assert "larger order" in refusal(stand)


def test_a_deactivated_code_is_expired_at_once_and_a_second_time_changes_nothing(stand) -> None:
    make(stand)
    found = stand.data(documents.COUPON_BY_CODE, {"code": "TEN"})["codeDiscountNodeByCode"]
    for _ in range(2):
        answer = stand.data(documents.COUPON_END, {"id": found["id"]})["discountCodeDeactivate"]
        assert answer["userErrors"] == []
    again = stand.data(documents.COUPON_BY_CODE, {"code": "TEN"})["codeDiscountNodeByCode"]
    assert again["codeDiscount"]["status"] == "EXPIRED"
    assert "not live" in refusal(stand, at="2040-01-01T00:00:00Z")
    gone = stand.data(documents.COUPON_END, {"id": "gid://shopify/DiscountCodeNode/1"})[
        "discountCodeDeactivate"
    ]
    assert gone["userErrors"][0]["code"] == "INVALID"


def test_discounts_are_listed_by_the_beginning_of_their_title(stand) -> None:
    make(stand, title="Comeback reward")
    make(stand, title="Summer sale", code="SUN")
    query = {"first": 10, "query": "title:'Comeback*'"}
    nodes = stand.data(documents.COUPONS, query)["discountNodes"]["nodes"]
    assert [it["discount"]["title"] for it in nodes] == ["Comeback reward"]
    assert nodes[0]["discount"]["customerGets"]["value"]["percentage"] == 0.1


def test_a_deleted_code_can_be_made_again(stand) -> None:
    make(stand)
    found = stand.data(documents.COUPON_BY_CODE, {"code": "TEN"})["codeDiscountNodeByCode"]
    delete = (
        "mutation D($id: ID!) { discountCodeDelete(id: $id) { deletedCodeDiscountId userErrors { code } } }"
    )
    assert (
        stand.data(delete, {"id": found["id"]})["discountCodeDelete"]["deletedCodeDiscountId"] == found["id"]
    )
    assert stand.data(documents.COUPON_BY_CODE, {"code": "TEN"})["codeDiscountNodeByCode"] is None
    assert make(stand) == []
