"""A shop with several websites: whoever is at home in other books gets codes that work there."""

from __future__ import annotations

from typing import Any

import msgspec

from connector.flow import redeeming, restoring
from connector.loyalty.terms import CurrencyTerms
from connector.port import CustomerChanged
from connector.records import Coupon

RATES = (CurrencyTerms("EUR"), CurrencyTerms("USD", rate=800_000))


def test_codes_are_told_in_the_money_of_the_customers_website(world: Any, start: Any, make: Any) -> None:
    start(currencies=RATES)
    world.tell(CustomerChanged(make.person(currency="USD")))
    world.happen(*(msgspec.structs.replace(make.order(n, 150, make.NOW), currency="USD") for n in (1, 2)))
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        redeeming.redeem(tx, world.member(), world.shop.id, "7", "five-off", "a-1", "staff", world.now)
    world.push()
    made = sorted((one.kind, one.value, one.currency) for one in world.corner.codes.values())
    assert made == [("amount", 312, "USD"), ("amount", 625, "USD"), ("free_shipping", 0, "USD")]


def test_a_customer_who_is_at_home_elsewhere_now_is_news_found_by_reading_again(
    world: Any, start: Any, make: Any
) -> None:
    start(currencies=RATES)
    world.tell(CustomerChanged(make.person()))
    world.corner.people["7"] = make.person(currency="USD")
    world.later(1)
    assert world.reconcile() == 1
    world.happen(make.order(1, 150, make.NOW))
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        redeeming.redeem(tx, world.member(), world.shop.id, "7", "five-off", "a-1", "staff", world.now)
    world.push()
    assert [(one.value, one.currency) for one in world.corner.codes.values()] == [(625, "USD")]
    assert world.reconcile() == 0


def test_after_a_restore_a_code_that_was_used_is_known_by_its_worth_in_its_own_money(
    world: Any, start: Any, make: Any
) -> None:
    start(currencies=RATES)
    world.tell(CustomerChanged(make.person(currency="USD")))
    used = msgspec.structs.replace(make.order(1, 150, make.NOW), currency="USD", coupon_codes=("LOST",))
    world.happen(used)
    points = world.balance()
    lost = Coupon("LOST", "amount", 625, "USD", "5.00 off", make.NOW, make.NOW + 60 * make.DAY, "7")
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert restoring.book_again(tx, world.shop, lost, world.now)
    assert world.balance() == points - 100


def test_a_lost_code_in_money_without_a_rate_is_no_exchange_that_we_know(
    world: Any, start: Any, make: Any
) -> None:
    start(currencies=RATES)
    world.tell(CustomerChanged(make.person(currency="CHF")))
    world.happen(make.order(1, 150, make.NOW))
    lost = Coupon("LOST", "amount", 500, "CHF", "5.00 off", make.NOW, make.NOW + 60 * make.DAY, "7")
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert not restoring.book_again(tx, world.shop, lost, world.now)
