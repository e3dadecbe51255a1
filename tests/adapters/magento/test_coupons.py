"""Codes are made, found again, used by the shop's own rules, ended and listed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.magento.client import Client
from adapters.magento.rules import PREFIX, end_of, last_day, worth
from adapters.magento.sandbox import promotions
from adapters.magento.sandbox import rules as rows
from connector.loyalty.calendar import later, local
from connector.port import CodeTaken, CouponMade, OutcomeUnknown, Refused
from connector.records import Coupon


@pytest.fixture
def coupon(sandbox: Any) -> Coupon:
    """Five dollars off, good for thirty days, to the end of a day in New York."""
    ends = end_of(last_day(sandbox.now + timedelta(days=30), "America/New_York"), "America/New_York")  # type: ignore[arg-type]
    return Coupon("CB7K2M9QX4TZ", "amount", 500, "USD", "5.00 off", sandbox.now, ends, "1")


def ours(sandbox: Any) -> list[Any]:
    return [rule for rule in sandbox.shop.rules if rule.name.startswith(PREFIX)]


def test_a_code_takes_its_amount_off_an_order(sandbox: Any, coupon: Coupon) -> None:
    assert isinstance(sandbox.line().make_coupon(coupon), CouponMade)
    order = sandbox.order(sandbox.customer("ann"), codes=(coupon.code,))
    found = sandbox.line().orders((str(order),))[str(order)]
    assert (found.goods, found.total, found.coupon_codes) == (3500, 3500, ("CB7K2M9QX4TZ",))


@pytest.mark.parametrize(
    ("kind", "value", "total"),
    [("percentage", 1250, 3500 + 495), ("amount", 1000, 3000 + 495), ("free_shipping", 0, 4000)],
)
def test_each_kind_is_worth_what_it_says(
    sandbox: Any, coupon: Coupon, kind: Any, value: int, total: int
) -> None:
    sandbox.line().make_coupon(replace(coupon, kind=kind, value=value))
    order = sandbox.order(sandbox.customer("ann"), codes=(coupon.code,), shipping="4.95")
    assert sandbox.line().orders((str(order),))[str(order)].total == total


def test_making_a_code_twice_finds_the_first(sandbox: Any, coupon: Coupon) -> None:
    first = sandbox.line().make_coupon(coupon)
    assert sandbox.line().make_coupon(coupon) == first
    assert len(sandbox.shop.coupons) == 1
    assert len(ours(sandbox)) == 1


def test_an_old_code_that_nobody_used_leaves_the_list_and_a_used_one_stays(
    sandbox: Any, coupon: Coupon
) -> None:
    line = sandbox.line()
    for code in ("CB7K2M9QX4TZ", "CB7K2M9QX4TW"):
        line.make_coupon(replace(coupon, code=code))
    sandbox.order(sandbox.customer("ann"), codes=("CB7K2M9QX4TW",))
    line.delete_coupons(("CB7K2M9QX4TZ", "CB7K2M9QX4TW", "CB7K2M9QX4TV"))
    assert [one.code for one in sandbox.shop.coupons] == ["CB7K2M9QX4TW"]


def test_a_code_of_somebody_else_is_taken(sandbox: Any, coupon: Coupon) -> None:
    rule = promotions.save_rule(
        sandbox.shop, {"name": "Summer", "coupon_type": "SPECIFIC_COUPON", "website_ids": [1]}
    )
    promotions.save_coupon(sandbox.shop, {"rule_id": rule.id, "code": coupon.code.lower(), "type": 0})
    assert sandbox.line().make_coupon(coupon) == CodeTaken()
    sandbox.line().revoke_coupon(coupon.code, None)
    assert len(sandbox.shop.coupons) == 1
    assert list(sandbox.line().coupons()) == []


def test_codes_of_one_worth_and_one_last_day_share_a_rule(sandbox: Any, coupon: Coupon) -> None:
    line = sandbox.line()
    assert coupon.ends_at is not None
    later = coupon.ends_at + timedelta(days=1)
    alike: list[dict[str, Any]] = [{}, {"title": "Another name"}, {"customer_id": "2"}]
    others: list[dict[str, Any]] = [{"value": 700}, {"ends_at": later}]
    for number, changes in enumerate(alike + others):
        line.make_coupon(replace(coupon, code=f"CODE{number}", **changes))
    assert len(ours(sandbox)) == 3
    assert len(sandbox.shop.coupons) == 5


def test_the_limits_and_the_end_stand_on_the_rule_where_magento_minds_them(
    sandbox: Any, coupon: Coupon
) -> None:
    sandbox.line().make_coupon(replace(coupon, minimum=5000))
    rule = ours(sandbox)[0]
    assert (rule.uses_per_coupon, rule.uses_per_customer, rule.use_auto_generation) == (1, 0, True)
    assert rule.to_date == last_day(coupon.ends_at, "America/New_York").isoformat()  # type: ignore[union-attr]


def test_a_code_works_once_and_not_after_its_last_day_nor_below_its_minimum(
    sandbox: Any, coupon: Coupon
) -> None:
    line = sandbox.line()
    for code in ("ONCE", "LATE", "SMALL"):
        line.make_coupon(replace(coupon, code=code, minimum=4500 if code == "SMALL" else 0))
    ann = sandbox.customer("ann")
    sandbox.order(ann, codes=("ONCE",))
    for code in ("ONCE", "SMALL"):
        with pytest.raises(promotions.CodeRefused):
            sandbox.order(ann, codes=(code,))
    sandbox.order(ann, price="22.50", codes=("SMALL",))
    sandbox.now = coupon.ends_at
    with pytest.raises(promotions.CodeRefused):
        sandbox.order(ann, codes=("LATE",))


def test_the_list_says_what_was_made_and_what_is_used(sandbox: Any, coupon: Coupon) -> None:
    line = sandbox.line()
    made = [
        replace(coupon, code="A1", minimum=2500),
        replace(coupon, code="B2", kind="percentage", value=1250),
        replace(coupon, code="C3", kind="free_shipping", value=0, ends_at=None),
    ]
    for each in made:
        line.make_coupon(each)
    sandbox.order(sandbox.customer("ann"), codes=("A1",))
    found = {each.code: each for each in sandbox.line().coupons()}
    assert sorted(found) == ["A1", "B2", "C3"]
    for each in made:
        read = found[each.code]
        assert (read.kind, read.value, read.minimum, read.currency, read.ends_at) == (
            each.kind, each.value, each.minimum, each.currency, each.ends_at,
        )  # fmt: skip
    assert [found[code].used for code in ("A1", "B2", "C3")] == [True, False, False]


def test_codes_whose_end_is_long_past_are_read_no_more_and_a_new_group_changes_nothing_on_their_rule(
    sandbox: Any, coupon: Coupon
) -> None:
    line, ann = sandbox.line(), sandbox.customer("ann")
    for code, days in (("COMING", 30), ("LATELY", -29), ("LONG", -32)):
        line.make_coupon(replace(coupon, code=code, ends_at=sandbox.now + timedelta(days=days)))
    line.make_coupon(replace(coupon, code="ALWAYS", ends_at=None))
    assert sorted(each.code for each in sandbox.line().coupons()) == ["ALWAYS", "COMING", "LATELY"]
    sandbox.line().mark(str(ann), ("Gold",), (), tier="Gold", before="0")
    assert [4 in rule.customer_group_ids for rule in ours(sandbox)] == [True, True, False, True]


def test_a_revoked_code_is_gone_and_revoking_it_again_is_fine(sandbox: Any, coupon: Coupon) -> None:
    made = sandbox.line().make_coupon(coupon)
    for _ in range(2):
        sandbox.line().revoke_coupon(coupon.code, made.remote_id)
    assert len(sandbox.shop.coupons) == 0
    with pytest.raises(promotions.CodeRefused):
        sandbox.order(sandbox.customer("ann"), codes=(coupon.code,))


def test_who_rises_to_a_new_tier_keeps_the_use_of_their_code(sandbox: Any, coupon: Coupon) -> None:
    ann = sandbox.customer("ann")
    sandbox.line().make_coupon(coupon)
    sandbox.line().mark(str(ann), ("Gold",), (), tier="Gold", before="0")
    order = sandbox.order(ann, codes=(coupon.code,))
    assert sandbox.line().orders((str(order),))[str(order)].total == 3500


def test_a_group_the_merchant_adds_is_let_in_with_the_next_code(sandbox: Any, coupon: Coupon) -> None:
    from adapters.magento.sandbox import groups

    sandbox.line().make_coupon(coupon)
    added = groups.save(sandbox.shop, {"code": "Friends", "tax_class_id": 3})
    sandbox.line().make_coupon(replace(coupon, code="SECOND"))
    assert added.id in ours(sandbox)[0].customer_group_ids


def test_a_rule_that_the_merchant_deleted_is_made_again(sandbox: Any, coupon: Coupon) -> None:
    line = sandbox.line()
    line.make_coupon(coupon)
    promotions.remove_rule(sandbox.shop, ours(sandbox)[0].id)
    assert isinstance(line.make_coupon(replace(coupon, code="SECOND")), CouponMade)
    assert [row.code for row in sandbox.shop.coupons] == ["SECOND"]


def test_a_customer_uses_two_codes_of_one_worth_and_one_last_day(sandbox: Any, coupon: Coupon) -> None:
    line, ann = sandbox.line(), sandbox.customer("ann")
    for code in ("FIRST", "SECOND"):
        line.make_coupon(replace(coupon, code=code))
    orders = [sandbox.order(ann, codes=(code,)) for code in ("FIRST", "SECOND")]
    assert len(ours(sandbox)) == 1
    assert [sandbox.row(order).total for order in orders] == [3500, 3500]


@pytest.mark.parametrize(
    "changes",
    [
        {"uses_per_coupon": 0},
        {"discount_amount": 4.0},
        {"simple_action": "by_percent"},
        {"simple_free_shipping": "1"},
        {"to_date": "2030-01-01"},
        {"website_ids": ()},
        {"use_auto_generation": False},
        {
            "condition": rows.Condition(
                "Combine", (rows.Condition("Address", (), None, "base_subtotal", ">=", "90"),)
            )
        },
        {"condition": rows.Condition("Combine", (rows.Condition("Address", (), None, "weight", ">=", "1"),))},
        {
            "action_condition": rows.Condition(
                "Combine", (rows.Condition("Product", (), None, "sku", "==", "S"),)
            )
        },
        {"discount_qty": 1.0},
        {"discount_step": 2},
    ],
    ids=lambda changes: next(iter(changes)),
)
@pytest.mark.parametrize("minimum", [0, 2500])
def test_what_the_merchant_changed_on_a_rule_of_ours_is_found_and_put_right(
    sandbox: Any, coupon: Coupon, changes: dict[str, Any], minimum: int
) -> None:
    coupon = replace(coupon, minimum=minimum)
    sandbox.line().make_coupon(coupon)
    rule = replace(ours(sandbox)[0], sort_order=7, store_labels=({"store_id": 0, "store_label": "Thanks"},))
    sandbox.shop.rules.put(replace(rule, **changes))
    assert list(sandbox.line().coupons()) == []
    assert isinstance(sandbox.line().make_coupon(coupon), CouponMade)
    (mended,) = ours(sandbox)
    assert replace(mended, condition=rule.condition) == rule
    assert [each.code for each in sandbox.line().coupons()] == [coupon.code]


def test_the_limit_per_customer_of_rules_of_old_is_taken_off_by_night(sandbox: Any, coupon: Coupon) -> None:
    line = sandbox.line()
    for code in ("FIRST", "SECOND"):
        line.make_coupon(replace(coupon, code=code))
    (rule,) = ours(sandbox)
    promotions.save_rule(sandbox.shop, {"uses_per_customer": 1}, rule.id)
    assert sorted(each.code for each in sandbox.line().coupons()) == ["FIRST", "SECOND"]
    assert ours(sandbox) == [rule]
    ann = sandbox.customer("ann")
    assert [sandbox.row(sandbox.order(ann, codes=(code,))).total for code in ("FIRST", "SECOND")] == [
        3500
    ] * 2


def test_a_rule_that_the_merchant_switched_off_gives_no_new_codes_and_keeps_those_it_has(
    sandbox: Any, coupon: Coupon
) -> None:
    sandbox.line().make_coupon(coupon)
    rule = ours(sandbox)[0]
    sandbox.shop.rules.put(replace(rule, is_active=False, discount_amount=4.0))
    assert [each.code for each in sandbox.line().coupons()] == [coupon.code]
    for code in (coupon.code, "SECOND"):
        with pytest.raises(Refused, match="switch it on, or give another reward"):
            sandbox.line().make_coupon(replace(coupon, code=code))
    assert (len(ours(sandbox)), len(sandbox.shop.coupons)) == (1, 1)
    sandbox.shop.rules.put(rule)
    assert isinstance(sandbox.line().make_coupon(replace(coupon, code="SECOND")), CouponMade)


def test_where_the_days_of_rules_are_not_minded_codes_end_all_the_same_and_only_those_that_are_over(
    sandbox: Any, coupon: Coupon
) -> None:
    sandbox.shop.extras["undated"] = True  # Adobe Commerce
    line, ann = sandbox.line(), sandbox.customer("ann")
    assert coupon.ends_at is not None
    later = coupon.ends_at + timedelta(days=1)
    for code, ends_at in (
        ("FIRST", coupon.ends_at),
        ("SECOND", coupon.ends_at),
        ("NEXT", later),
        ("EVER", None),
    ):
        line.make_coupon(replace(coupon, code=code, ends_at=ends_at))
    sandbox.now = coupon.ends_at - timedelta(minutes=1)
    sandbox.line().end_codes()
    assert all(rule.is_active for rule in ours(sandbox))
    sandbox.now = coupon.ends_at
    sandbox.order(ann, codes=("FIRST",))  # it is over, and the shop does not mind
    for _ in range(2):
        sandbox.line().end_codes()
    assert [rule.is_active for rule in ours(sandbox)] == [False, True, True]
    with pytest.raises(promotions.CodeRefused):
        sandbox.order(ann, codes=("SECOND",))
    sandbox.order(ann, codes=("NEXT",))
    found = {each.code: each.used for each in sandbox.line().coupons()}
    assert found == {"FIRST": True, "SECOND": False, "NEXT": True, "EVER": False}
    # One whose making took longer than it was good for is made, and is over.
    assert isinstance(sandbox.line().make_coupon(replace(coupon, code="LATE")), CouponMade)
    assert not ours(sandbox)[0].is_active


@pytest.mark.parametrize("trouble", [OutcomeUnknown, Refused])
def test_a_rule_that_the_shop_does_not_save_keeps_no_other_rule_on(
    sandbox: Any, coupon: Coupon, monkeypatch: pytest.MonkeyPatch, trouble: type[Exception]
) -> None:
    sandbox.shop.extras["undated"] = True  # Adobe Commerce
    line = sandbox.line()
    for number in range(3):
        line.make_coupon(replace(coupon, code=f"CODE{number}", value=coupon.value + number))
    spoilt, send = ours(sandbox)[0].rule_id, Client.send

    def sent(self: Client, method: str, path: str, *what: Any) -> Any:
        if path == f"salesRules/{spoilt}":
            raise trouble("The shop does not save it.")
        return send(self, method, path, *what)

    monkeypatch.setattr(Client, "send", sent)
    sandbox.now = coupon.ends_at
    for _ in range(2):
        with pytest.raises(trouble):
            sandbox.line().end_codes()
    assert [rule.is_active for rule in ours(sandbox)] == [True, False, False]


def test_a_rule_whose_last_day_the_merchant_moved_is_not_ended_but_put_right(
    sandbox: Any, coupon: Coupon
) -> None:
    sandbox.line().make_coupon(coupon)
    (rule,) = ours(sandbox)
    sandbox.shop.rules.put(replace(rule, to_date=(sandbox.now - timedelta(days=2)).date().isoformat()))
    sandbox.line().end_codes()
    sandbox.line().make_coupon(coupon)
    assert ours(sandbox) == [rule]


@pytest.mark.parametrize("minimum", [0, 2500])
def test_a_shop_that_makes_zeros_of_a_new_rules_day_is_told_the_day_once_more(
    sandbox: Any, coupon: Coupon, minimum: int
) -> None:
    sandbox.shop.extras["zero_dates"] = True
    sandbox.line().make_coupon(replace(coupon, minimum=minimum))
    (rule,) = ours(sandbox)
    assert rule.to_date == last_day(coupon.ends_at, "America/New_York").isoformat()  # type: ignore[union-attr]
    sandbox.order(sandbox.customer("ann"), codes=(coupon.code,))
    # One from before, found by its name.
    sandbox.shop.rules.put(replace(rule, to_date="0000-00-00"))
    assert list(sandbox.line().coupons()) == []
    sandbox.line().make_coupon(replace(coupon, code="SECOND", minimum=minimum))
    assert ours(sandbox) == [rule]


def test_a_shop_that_makes_zeros_of_every_day_gives_no_codes(
    sandbox: Any, coupon: Coupon, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.shop.extras["zero_dates"] = True
    save = promotions.save_rule
    zeros = {"to_date": "0000-00-00"}
    monkeypatch.setattr(
        promotions, "save_rule", lambda shop, given, key=None: save(shop, {**given, **zeros}, key)
    )
    with pytest.raises(Refused, match="delete the rule there"):
        sandbox.line().make_coupon(coupon)
    assert len(sandbox.shop.coupons) == 0


def test_a_code_on_a_rule_that_was_renamed_is_made_anew_on_one_of_the_right_name(
    sandbox: Any, coupon: Coupon
) -> None:
    sandbox.line().make_coupon(coupon)
    (rule,) = ours(sandbox)
    sandbox.shop.rules.put(replace(rule, name=f"{PREFIX}spring"))
    assert list(sandbox.line().coupons()) == []
    sandbox.line().make_coupon(coupon)
    (row,) = sandbox.shop.coupons
    assert row.rule_id != rule.id
    assert [each.code for each in sandbox.line().coupons()] == [coupon.code]


def test_a_rule_that_keeps_what_was_changed_is_named(
    sandbox: Any, coupon: Coupon, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.line().make_coupon(coupon)
    (rule,) = ours(sandbox)
    sandbox.shop.rules.put(replace(rule, discount_amount=4.0))
    monkeypatch.setattr(promotions, "save_rule", lambda shop, given, key: shop.rules.get(key))
    with pytest.raises(Refused, match="delete the rule there"):
        sandbox.line().make_coupon(replace(coupon, code="SECOND"))


def test_an_amount_in_a_currency_no_website_has_is_refused(sandbox: Any, coupon: Coupon) -> None:
    with pytest.raises(Refused, match="CHF"):
        sandbox.line().make_coupon(replace(coupon, currency="CHF"))


@pytest.mark.parametrize(
    ("ends", "timezone", "day"),
    [
        ("2026-12-31 23:00:00", "Europe/Amsterdam", "2026-12-31"),  # midnight: the day that just ended
        ("2026-12-31 22:59:59", "Europe/Amsterdam", "2026-12-31"),
        ("2027-01-01 04:00:00", "America/New_York", "2026-12-31"),
        ("2026-03-29 22:00:00", "Europe/Amsterdam", "2026-03-29"),  # the day the clock went forward
    ],
)
def test_the_last_day_is_the_shops_own(ends: str, timezone: str, day: str) -> None:
    found = last_day(datetime.fromisoformat(ends).replace(tzinfo=UTC), timezone)
    assert found is not None
    assert found.isoformat() == day
    assert last_day(end_of(found, timezone), timezone) == found


def test_the_rules_name_says_what_it_gives(coupon: Coupon) -> None:
    ended = replace(coupon, ends_at=datetime(2026, 12, 31, 23, tzinfo=UTC), minimum=5000)
    name = worth(ended, "Europe/Amsterdam", (1, 2)).name
    assert name == "Comeback: 5.00 USD off, orders from 50.00 USD, until 2026-12-31, websites 1 2"
    percent = replace(coupon, kind="percentage", value=1250, ends_at=None)
    assert worth(percent, "Europe/Amsterdam", (1,)).name == "Comeback: 12.5 percent off, no end, websites 1"
    ten = replace(coupon, kind="percentage", value=1000, ends_at=None)
    assert worth(ten, "Europe/Amsterdam", (1,)).name == "Comeback: 10 percent off, no end, websites 1"


def test_of_a_reward_for_60_days_61_rules_stand_at_a_time_however_many_get_a_code() -> None:
    """As docs/magento.md tells the merchant; the end of summer time is among the days."""
    now, zone = datetime(2026, 11, 20, 12, tzinfo=UTC), "Europe/Amsterdam"
    standing = set()
    for minutes in range(0, 70 * 24 * 60, 30):
        earned = now - timedelta(minutes=minutes)
        ends = later(local(earned, zone), 60 + 1, zone)
        if now < ends:
            code = Coupon("CB7K2M9QX4TZ", "amount", 250, "EUR", "A small gift", earned, ends, "1")
            standing.add(worth(code, zone, (1,)).name)
    assert len(standing) == 61
