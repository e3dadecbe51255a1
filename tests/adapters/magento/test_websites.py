"""Two websites with books of their own: whose customers are at home in which, and where a code works."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from msgspec.structs import replace

from adapters.magento import confirmations, email_choice, keys
from adapters.magento.confirmations import Heard
from adapters.magento.line import Line
from adapters.magento.rules import end_of, last_day
from adapters.magento.sandbox import people, promotions, truth
from adapters.magento.sandbox.places import BY_COUNT
from connector.port import Refused, ShopLine, TryLater
from connector.records import Coupon

HOME = "https://comeback.example/webhooks/magento"


@pytest.fixture
def two(sandbox: Any) -> Any:
    """Main website in dollars, second one in euros; New York and Berlin."""
    sandbox.shop.places = BY_COUNT[2]
    return sandbox


@pytest.fixture
def coupon(two: Any) -> Coupon:
    ends = end_of(last_day(two.now + timedelta(days=30), "America/New_York"), "America/New_York")  # type: ignore[arg-type]
    return Coupon("CB7K2M9QX4TZ", "amount", 500, "EUR", "5.00 off", two.now, ends, "1")


def at_home(sandbox: Any, name: str, store: str) -> int:
    made = people.register(
        sandbox.shop, f"{name}@example.com", name, "Shopper", verified=True, at=sandbox.stamp, store=store
    )
    return made.id


def test_a_customer_is_at_home_in_the_books_of_their_website(two: Any) -> None:
    ids = tuple(str(at_home(two, *who)) for who in (("ann", "default"), ("eva", "eu_de"), ("una", "uk_en")))
    found = two.line().customers(ids)
    assert [found[each].currency for each in ids] == ["USD", "EUR", "USD"]
    so = [truth.customer(two.shop, row)["currency"] for row in two.shop.customers]
    assert so == ["USD", "EUR", "USD"]


@pytest.fixture
def half(two: Any) -> Any:
    """Two websites, somebody registered on each, and only the first asks to have an address confirmed."""
    at_home(two, "ann", "default"), at_home(two, "eva", "eu_de")
    two.shop.extras["unconfirmed"] = [2]
    return two


def test_addresses_are_not_called_proven_where_one_website_asks_nobody(half: Any, vault: Any) -> None:
    vault.tokens = keys.packed(half.keys)
    line = Line(half.env, ShopLine(half.address, "shop-key"), vault)
    with pytest.raises(Refused, match=r"nobody has to confirm an address on: Europe Website\."):
        line.choose("confirms_email", ("yes",))
    assert keys.unpacked(vault.read()).confirms_email is False
    line.choose("confirms_email", ("no",))


def test_a_website_that_stopped_asking_is_named_when_the_shop_is_looked_at(half: Any) -> None:
    (fault,) = half.line(confirms_email=True).examine(HOME).faults
    assert ["on: Europe Website." in fault["en"], "op: Europe Website." in fault["nl"]] == [True, True]
    assert half.line().examine(HOME).faults == ()
    half.shop.extras["unconfirmed"] = []
    assert half.line(confirms_email=True).examine(HOME).faults == ()


def test_what_a_shop_does_not_tell_of_confirmation_is_left_to_the_merchant(half: Any) -> None:
    half.shop.extras["version"] = "2.3"  # calls everybody confirmed
    assert confirmations.contradicted(half.client()) == Heard()
    half.shop.extras["version"] = "2.4"
    half.shop.rights -= {"Magento_Customer::manage"}
    assert confirmations.contradicted(half.client()) == Heard()


def trouble(sandbox: Any, **fault: Any) -> None:
    planted = {"requests": [{"match": "/confirm", **fault}]}
    requests.post(f"{sandbox.address}_sandbox/faults", json=planted, timeout=60).raise_for_status()


def test_trouble_with_one_website_keeps_no_other_from_being_heard(half: Any) -> None:
    trouble(half, status=500)
    heard = confirmations.contradicted(half.client())
    assert (heard.names, isinstance(heard.missed, TryLater)) == ("Europe Website", True)


@pytest.fixture
def opened(half: Any, vault: Any) -> Callable[[], Line]:
    """Open a new line that keeps what the ones before were told, as a worker does for each job."""
    vault.tokens = keys.packed(half.keys)
    half.shop.extras["unconfirmed"] = []
    return lambda: Line(half.env, ShopLine(half.address, "shop-key"), vault)


def proven(line: Line) -> list[bool]:
    return [found.email_verified for found in line.customers(("1", "2")).values()]


def test_a_yes_is_not_believed_until_every_website_was_heard(half: Any, opened: Callable[[], Line]) -> None:
    trouble(half, status=500)
    opened().choose("confirms_email", ("yes",))
    assert proven(opened()) == [False, False]
    (fault,) = opened().examine(HOME).faults
    assert ["or did not answer" in fault["en"], "of gaf geen antwoord" in fault["nl"]] == [True, True]
    trouble(half, status=500)
    opened().subscribe(HOME)
    assert proven(opened()) == [False, False]
    opened().subscribe(HOME)
    assert (proven(opened()), opened().examine(HOME).faults) == ([True, True], ())


def test_no_address_is_proven_from_the_night_on_in_which_a_website_no_longer_asks_for_it(
    half: Any, opened: Callable[[], Line]
) -> None:
    opened().choose("confirms_email", ("yes",))
    assert proven(opened()) == [True, True]
    half.shop.extras["unconfirmed"] = [2]
    opened().subscribe(HOME)
    assert proven(opened()) == [False, False]
    # One that is not heard is no better, and what the merchant said is still there once the shop asks again.
    trouble(half, status=500, times=2)
    opened().subscribe(HOME)
    assert proven(opened()) == [False, False]
    half.shop.extras["unconfirmed"] = []
    opened().subscribe(HOME)
    assert proven(opened()) == [True, True]


def test_a_page_does_not_wait_for_every_website(half: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email_choice, "GLANCE", 0.1)
    trouble(half, hang_seconds=0.3, times=9)
    line = half.line(confirms_email=True)
    assert line.examine(HOME).faults == ()
    assert "confirms_email" in [choice.key for choice in line.choices("en")]
    counts = requests.get(f"{half.address}_sandbox/log", timeout=60).json()["requests"]
    asked = {path.split("V1/")[-1]: count for path, count in counts.items()}
    assert (asked["store/websites"] > 0, asked.get("customers/*/confirm", 0) < 2) == (True, True)


def test_the_shop_says_in_what_its_other_books_are_kept(two: Any) -> None:
    facts = two.line().facts()
    assert (facts.currency, facts.currencies) == ("USD", ("EUR",))
    two.shop.places = BY_COUNT[1]
    assert two.line().facts().currencies == ()


def test_in_a_shop_with_one_kind_of_books_nobody_is_at_home_elsewhere(sandbox: Any) -> None:
    ann = str(sandbox.customer("ann"))
    assert sandbox.line().customers((ann,))[ann].currency is None


def test_five_euros_off_works_on_the_website_in_euros_and_not_on_the_one_in_dollars(
    two: Any, coupon: Coupon
) -> None:
    two.line().make_coupon(coupon)
    ann, eva = at_home(two, "ann", "default"), at_home(two, "eva", "eu_de")
    with pytest.raises(promotions.CodeRefused):
        two.order(ann, codes=(coupon.code,))
    key = str(two.order(eva, codes=(coupon.code,), store="eu_de"))
    found = two.line().orders((key,))[key]
    assert (found.currency, found.total, found.coupon_codes) == ("EUR", 3500, (coupon.code,))


def test_five_dollars_off_and_five_euros_off_stand_on_two_rules(two: Any, coupon: Coupon) -> None:
    line = two.line()
    for code, currency in (("EUROS", "EUR"), ("DOLLARS", "USD")):
        line.make_coupon(replace(coupon, code=code, currency=currency))
    assert sorted(rule.website_ids for rule in two.shop.rules) == [(1,), (2,)]
    assert {each.code: (each.value, each.currency) for each in two.line().coupons()} == {
        "EUROS": (500, "EUR"),
        "DOLLARS": (500, "USD"),
    }


def test_ten_percent_off_works_on_both_and_with_a_minimum_only_where_the_minimum_means_something(
    two: Any, coupon: Coupon
) -> None:
    line = two.line()
    percent = replace(coupon, kind="percentage", value=1000)
    for code, minimum in (("ANY1", 0), ("ANY2", 0), ("FROM20", 2000)):
        line.make_coupon(replace(percent, code=code, minimum=minimum))
    ann = at_home(two, "ann", "default")
    assert two.row(two.order(ann, codes=("ANY1",))).total == 3600
    assert two.row(two.order(ann, codes=("ANY2",), store="eu_de")).total == 3600
    with pytest.raises(promotions.CodeRefused):
        two.order(ann, codes=("FROM20",))
    assert two.row(two.order(ann, codes=("FROM20",), store="eu_de")).total == 3600
