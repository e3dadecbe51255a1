"""Many codes of one discount: made in Shopify's own time, each answered for itself, and found again when tried again."""

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.shopify import many_codes
from adapters.shopify.sandbox import bulk_codes
from connector.port import CodeRefused, CodeTaken, CouponMade, OutcomeUnknown, Refused, ShopAdapter, TryLater
from connector.records import Coupon

FIRST = "MANY00000001"
NOT_TAKEN = CodeRefused("Shopify does not take this code.")


# One moment for the whole file: a campaign that ends a second later is another one.
TODAY = datetime.now(UTC).replace(microsecond=0)


def campaign(code: str = FIRST, **changes: Any) -> Coupon:
    """Ten per cent off for anybody, as often as there are codes."""
    start, end = TODAY - timedelta(minutes=1), TODAY + timedelta(days=30)
    terms = {"usage_limit": None, "once_per_customer": False} | changes
    return Coupon(code, "percentage", 1000, "GBP", "Spring", start, end, "", **terms)


def asked(street: Any, name: str) -> int:
    return int(street.control("log", method="GET")["requests"].get(f"graphql {name}", 0))


def standing(street: Any) -> list[str]:
    return sorted(it["code"] for it in street.truth("coupons"))


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many_codes, "LOOK", timedelta(seconds=0.02))


def test_two_hundred_and_fifty_codes_are_made_in_one_call_and_found_again(
    street: Any, line: ShopAdapter
) -> None:
    codes, spring = tuple(f"SPRING{n:06}" for n in range(250)), campaign()
    made = line.make_codes(spring, codes)
    assert isinstance(made[0], CouponMade)
    assert set(made) == {made[0]}
    assert standing(street) == sorted([FIRST, *codes])
    assert asked(street, "CodesAdd") == 1
    # Again, and with some that are new: the old ones are ours from before.
    assert line.make_codes(spring, (*codes[:3], FIRST, "SPRINGNEW000")) == (made[0],) * 5
    assert len(standing(street)) == 252


def test_each_code_has_its_own_answer(street: Any, line: ShopAdapter) -> None:
    line.make_coupon(campaign("OTHER0000001"))
    codes = ("GOOD00000001", "OTHER0000001", "TWO\nLINES", "GOOD00000001", "", "x" * 256, "good00000002")
    good, taken, *rest = line.make_codes(campaign(), codes)
    assert isinstance(good, CouponMade)
    assert taken == CodeTaken()
    assert rest == [NOT_TAKEN, good, NOT_TAKEN, NOT_TAKEN, good]
    assert standing(street) == ["GOOD00000001", "GOOD00000002", FIRST, "OTHER0000001"]


def test_a_lost_answer_and_one_that_takes_too_long_are_found_by_the_next_try(
    street: Any, line: ShopAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = ("SPRING000001", "SPRING000002")
    fault = {"match": "CodesAdd", "times": 1, "status": 502, "after_effect": True}
    street.control("faults", {"requests": [fault]})
    with pytest.raises(OutcomeUnknown):
        line.make_codes(campaign(), codes)
    made = line.make_codes(campaign(), codes)
    assert len(set(made)) == 1
    monkeypatch.setattr(many_codes, "PATIENCE", timedelta(0))
    gate = threading.Event()
    monkeypatch.setattr(bulk_codes, "time", SimpleNamespace(sleep=lambda _: gate.wait(60)))
    more = (*codes, "SPRING000003")
    with pytest.raises(TryLater, match="still making"):
        line.make_codes(campaign(), more)
    gate.set()
    monkeypatch.setattr(many_codes, "PATIENCE", timedelta(seconds=30))
    assert line.make_codes(campaign(), more) == (made[0],) * 3
    assert standing(street) == [FIRST, *more]


def test_codes_hang_on_a_discount_of_ours_only_and_shoppers_use_them_one_by_one(
    street: Any, line: ShopAdapter
) -> None:
    line.make_codes(campaign(), ("SPRING000001", "SPRING000002"))
    with pytest.raises(Refused, match="belongs to somebody else"):
        line.make_codes(campaign(minimum=500), ("SPRING000003",))
    order = street.order(
        at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        customer_id=street.customer(),
        codes=["spring000002"],
    )
    assert line.orders((order,))[order].coupon_codes == ("SPRING000002",)


ADD = """mutation($id: ID!, $codes: [DiscountRedeemCodeInput!]!) {
  discountRedeemCodeBulkAdd(discountId: $id, codes: $codes) {
    bulkCreation { id done codesCount importedCount failedCount codes(first: 10) { nodes { code errors { code } } } }
    userErrors { code field } } }"""
READ = """query($id: ID!) { discountRedeemCodeBulkCreation(id: $id) {
  done codesCount importedCount failedCount
  codes(first: 10) { nodes { code errors { code field } discountRedeemCode { code } } } } }"""


def test_the_sandbox_answers_as_recorded(street: Any, line: ShopAdapter, shared: Path) -> None:
    file = shared / "shopify/recordings/2026-04/discounts" / "discount-redeem-code-bulk-add-validation.json"
    recorded = json.loads(file.read_text())

    def said(name: str) -> Any:
        return recorded[name]["payload"]

    def known(name: str) -> list[tuple[str, list[str]]]:
        errors = said(name)["data"]["discountRedeemCodeBulkAdd"]["userErrors"]
        return [(it["code"], it["field"]) for it in errors]

    made = line.make_coupon(campaign(recorded["variables"]["seedCode"]))
    assert isinstance(made, CouponMade)
    mine = f"gid://shopify/DiscountCodeNode/{made.remote_id}"

    def refused(at: str, codes: list[dict[str, str]]) -> list[tuple[str, list[str]]]:
        found = street.graphql(ADD, id=at, codes=codes)["discountRedeemCodeBulkAdd"]
        assert found["bulkCreation"] is None
        return [(it["code"], it["field"]) for it in found["userErrors"]]

    assert refused("gid://shopify/DiscountCodeNode/0", [{"code": "ABC"}]) == known("unknown")
    assert refused(mine, []) == known("emptyCodes")
    asked_for = recorded["invalidCodes"]["add"]["payload"]["data"]["discountRedeemCodeBulkAdd"][
        "bulkCreation"
    ]
    wishes = [{"code": it["code"]} for it in asked_for["codes"]["nodes"]]
    begun = street.graphql(ADD, id=mine, codes=wishes)["discountRedeemCodeBulkAdd"]["bulkCreation"]
    creation = begun.pop("id")
    assert begun == {
        name: asked_for[name] for name in ("done", "codesCount", "importedCount", "failedCount")
    } | {"codes": {"nodes": [{"code": wish["code"], "errors": []} for wish in wishes]}}
    found = ended(street, creation)
    final = recorded["invalidCodes"]["finalRead"]["payload"]["data"]["discountRedeemCodeBulkCreation"]
    for one in final["codes"]["nodes"]:
        one["errors"] = [{name: it[name] for name in ("code", "field")} for it in one["errors"]]
    assert found == final


def ended(street: Any, creation: str) -> Any:
    while True:
        found = street.graphql(READ, id=creation)["discountRedeemCodeBulkCreation"]
        if found["done"]:
            return found
