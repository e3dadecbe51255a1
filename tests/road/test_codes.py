"""Codes that points were given for, in shops that let a cancelled order's code be used again."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from judge import differences, shown
from shopkeeping import Refused

from connector import rounds
from connector.flow import redeeming
from connector.loyalty.terms import CurrencyTerms, Redeemable, Reward, Terms

TERMS = Terms(
    currency="USD",
    currencies=(CurrencyTerms("USD"),),
    hold_days=3,
    redeemables=(Redeemable("five-off", "5.00 off", 100, Reward("amount", 5_00)),),
)
SOAP = {"title": "Soap", "quantity": 1, "price": "120.00"}


def redeemed(street: Any, store: str = "default") -> tuple[str, str]:
    """Let a customer have 120 points and exchange 100 for a code; return customer and code."""
    shop = street.keepers["magento"]
    at = (street.house.now() - timedelta(days=30)).isoformat()
    customer = shop.does("customers", email="listener@example.com", verified=True, at=at, store=store)["id"]
    order = shop.does("orders", customer_id=customer, at=at, lines=[SOAP], paid=True, store=store)["id"]
    assert street.hints("first", order_id=int(order)) == 200
    street.works()
    house = street.house
    with house.database.merchant(street.merchant_id) as tx:
        member_id = house_member(tx)
        made = redeeming.redeem(
            tx, member_id, street.shop_ids["magento"], customer, "five-off", "one", "staff", house.now()
        )
    street.works()
    return customer, made.code


def house_member(tx: Any) -> int:
    return int(tx.connection.exec_driver_sql("SELECT id FROM members WHERE balance = 120").scalar_one())


def test_points_that_come_back_with_a_cancelled_order_take_their_code_with_them(street: Any) -> None:
    street.opens(TERMS, "magento")
    shop = street.keepers["magento"]
    customer, code = redeemed(street)
    now = street.house.now().isoformat()
    order = shop.does("orders", customer_id=customer, at=now, lines=[SOAP], paid=False, codes=[code])["id"]
    street.hints("with-code", order_id=int(order))
    street.works()
    shop.does(f"orders/{order}/cancel", at=now)
    street.hints("cancelled", order_id=int(order))
    street.works()
    street.works()  # ending the code makes the member due once more
    found = differences(street.house, street.merchant_id, street.keepers, street.house.now())
    assert not found, shown(found)
    usable = [one for one in shop.coupons() if one["code"] == code and one["live"] and not one["used"]]
    assert not usable, "the points are back, and the code works again"


def test_where_a_code_passes_for_an_hour_after_its_end_its_points_do_not_come_back_beside_it(
    street: Any,
) -> None:
    real = street.house.now()

    def now_is(moment: datetime) -> None:
        street.house = msgspec.structs.replace(street.house, now=lambda: moment)
        street.web_is_ahead = moment - real

    def has(moment: datetime) -> list[int]:
        """Let it be then, and everything be done that there is; return the members' points."""
        now_is(moment)
        street.works()
        with street.house.database.merchant(street.merchant_id) as tx:
            return list(tx.connection.exec_driver_sql("SELECT balance FROM members").scalars())

    now_is(real - timedelta(days=70))
    street.opens(TERMS, "magento")
    shop = street.keepers["magento"]
    shop.does("dates", minded=False)  # Adobe Commerce
    customer, code = redeemed(street)
    with street.house.database.merchant(street.merchant_id) as tx:
        end = tx.connection.exec_driver_sql("SELECT ends_at FROM coupons").scalar_one()
    assert has(end + timedelta(minutes=19)) == [20], "the code passes still"
    more = {"customer_id": customer, "at": (end + timedelta(minutes=20)).isoformat()}
    order = shop.does("orders", **more, lines=[SOAP], codes=[code])["id"]
    assert street.hints("with-code", order_id=int(order)) == 200
    assert has(end + timedelta(minutes=30)) == [20]
    now_is(end + timedelta(minutes=60))
    rounds.reconcile(street.house, street.merchant_id, street.shop_ids["magento"], "ids")
    with pytest.raises(Refused, match="its rule is off"):
        shop.does("orders", **more, lines=[SOAP], codes=[code])
    assert has(end + timedelta(hours=3)) == [20], "they were spent"


def test_a_customer_of_the_website_in_euros_gets_a_code_in_euros_that_works_there_alone(street: Any) -> None:
    in_both = (CurrencyTerms("USD"), CurrencyTerms("EUR", rate=1_250_000))
    street.keepers["magento"].does("websites", count=2)
    street.opens(msgspec.structs.replace(TERMS, currencies=in_both), "magento")
    shop = street.keepers["magento"]
    customer, code = redeemed(street, store="eu_de")
    now = street.house.now().isoformat()
    more = {"customer_id": customer, "at": now, "lines": [SOAP], "codes": [code]}
    with pytest.raises(Refused, match="website"):
        shop.does("orders", **more)
    order = shop.does("orders", **more, store="eu_de", paid=True)["id"]
    assert street.hints("with-code", order_id=int(order)) == 200
    street.works()
    there = next(one for one in shop.all("orders") if one["id"] == order)
    # 5.00 dollars are 4.00 euros.
    assert (there["currency"], there["total"]) == ("EUR", "116.00")
    found = differences(street.house, street.merchant_id, street.keepers, street.house.now())
    assert not found, shown(found)


def test_a_price_rule_that_somebody_changed_is_right_again_after_the_night_and_one_switched_off_stays(
    street: Any,
) -> None:
    street.opens(TERMS, "magento")
    _, code = redeemed(street)
    (rule,) = street.music.rules
    for changed, stays in (
        ({"discount_amount": 4.0, "uses_per_customer": 1}, False),
        ({"is_active": False}, True),
    ):
        street.music.rules.put(msgspec.structs.replace(rule, **changed))
        # The first night finds what differs, the second one nothing.
        nights = [night(street), night(street)]
        assert (nights, list(street.music.rules) == [rule]) == ([0, 0] if stays else [1, 0], not stays)
        assert [row.code for row in street.music.coupons] == [code]


def night(street: Any) -> int:
    run = rounds.reconcile(street.house, street.merchant_id, street.shop_ids["magento"], "full")
    street.works()
    assert run is not None
    return int(run.differences)
