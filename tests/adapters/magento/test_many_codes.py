"""Many codes: made two at a time, looked for where the shop does not take them, and deleted in one call when old."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.magento.sandbox import promotions
from connector.port import CodeRefused, CodeTaken, CouponMade, Doubtful, Refused
from connector.records import Coupon

SUMMER = {"name": "Summer", "coupon_type": "SPECIFIC_COUPON", "website_ids": [1]}


@pytest.fixture
def coupon(sandbox: Any) -> Coupon:
    return Coupon(
        "CODE0000", "amount", 500, "USD", "5.00 off", sandbox.now, sandbox.now + timedelta(days=30), "1"
    )


def ended(coupon: Coupon, code: str, days: int) -> Coupon:
    return replace(coupon, code=code, ends_at=coupon.starts_at - timedelta(days=days))


def foreign(sandbox: Any, code: str) -> None:
    rule = promotions.save_rule(sandbox.shop, SUMMER)
    promotions.save_coupon(sandbox.shop, {"rule_id": rule.id, "code": code, "type": 0})


def test_200_codes_hang_on_one_rule_and_what_stood_there_before_is_told_apart(
    sandbox: Any, coupon: Coupon
) -> None:
    codes = tuple(f"CODE{number:04}" for number in range(200))
    sandbox.line().make_coupon(replace(coupon, code=codes[120]))
    foreign(sandbox, codes[121].lower())
    made = sandbox.line().make_codes(coupon, codes)
    assert Counter(map(type, made)) == {CouponMade: 199, CodeTaken: 1}
    assert isinstance(made[121], CodeTaken)
    assert len({row.rule_id for row in sandbox.shop.coupons}) == 2
    assert len(sandbox.shop.coupons) == 200
    assert sandbox.line().make_codes(coupon, codes) == made
    assert [made[0]] == list(sandbox.line().make_codes(coupon, codes[:1]))


def test_one_code_that_the_shop_refuses_does_not_hold_up_the_others(
    sandbox: Any, coupon: Coupon, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = promotions.save_coupon

    def picky(shop: Any, given: Any, key: Any = None) -> Any:
        if given["code"] == "BAD":
            raise promotions.Problem(400, "no")
        return saved(shop, given, key)

    monkeypatch.setattr(promotions, "save_coupon", picky)
    made = sandbox.line().make_codes(coupon, ("GOOD1", "BAD", "GOOD2"))
    assert [type(one) for one in made] == [CouponMade, CodeRefused, CouponMade]


def test_on_a_rule_that_is_switched_off_none_is_made(sandbox: Any, coupon: Coupon) -> None:
    sandbox.line().make_coupon(coupon)
    (rule,) = sandbox.shop.rules
    sandbox.shop.rules.put(replace(rule, is_active=False))
    with pytest.raises(Refused, match="switch it on"):
        sandbox.line().make_codes(coupon, ("ONE", "TWO"))


def test_a_rule_that_is_deleted_under_way_is_made_again(sandbox: Any, coupon: Coupon) -> None:
    line = sandbox.line()
    line.make_coupon(coupon)
    (rule,) = sandbox.shop.rules
    promotions.remove_rule(sandbox.shop, rule.id)
    assert all(isinstance(one, CouponMade) for one in line.make_codes(coupon, ("ONE", "TWO", "THREE")))
    assert len(sandbox.shop.coupons) == 3


def test_old_codes_go_in_one_call_with_the_rules_that_have_none_left(sandbox: Any, coupon: Coupon) -> None:
    line = sandbox.line()
    line.make_coupon(coupon)  # not ended: its rule stays, whatever is asked
    for each in (ended(coupon, "OLD1", 31), ended(coupon, "OLD2", 31), ended(coupon, "KEPT", 33)):
        line.make_coupon(each)
    line.make_coupon(ended(coupon, "USED", 33))
    (row,) = sandbox.shop.coupons.where("code", "USED")
    sandbox.shop.coupons.put(replace(row, used=1))
    foreign(sandbox, "SUMMER")
    assert len(sandbox.shop.rules) == 4
    sandbox.line().delete_coupons(("OLD1", "MISSING", "SUMMER", "OLD2", "KEPT", "USED", coupon.code))
    assert sorted(row.code for row in sandbox.shop.coupons) == ["SUMMER", "USED"]
    assert sorted(rule.to_date is None for rule in sandbox.shop.rules) == [False, False, True]
    sandbox.line().delete_coupons(("OLD1", "MISSING"))


def test_a_code_that_the_shop_fails_to_delete_is_tried_again(
    sandbox: Any, coupon: Coupon, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.line().make_coupon(coupon)

    def failing(shop: Any, codes: Any, *, ignore_missing: bool) -> dict[str, object]:
        return {"failed_items": codes, "missing_items": []}

    monkeypatch.setattr(promotions, "remove_codes", failing)
    with pytest.raises(Doubtful):
        sandbox.line().delete_coupons((coupon.code,))
