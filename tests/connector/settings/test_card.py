"""A member's card: told by the clock of the shop where it happened, its newest lines first, its mistakes at the top."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, update

from connector.loyalty.terms import CurrencyTerms, suggested
from connector.settings import card as page_of_card
from connector.store import people
from connector.store.tables import coupons, merchants, outbox, shops

LATE = datetime(2026, 8, 31, 23, 30, tzinfo=UTC)  # 1 September in Amsterdam, still 31 August in New York


def read(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def days_before(town: Any, moment: datetime) -> float:
    return (town.now - moment) / timedelta(days=1)


@pytest.fixture
def far(town: Any) -> Any:
    """A second shop, in New York; its customer `us` is the same member as `c0` of the first one."""
    town.customers(1)
    other = town.second_shop("paper.us", "USD")
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(
            update(shops).where(shops.c.id == other.id).values(timezone="America/New_York", name="Paper US")
        )
        people.keep(tx, other.id, [(town._customer("us"), town.member_of("c0"))])
    return other


def start(town: Any, hold_days: int) -> None:
    own, other = CurrencyTerms("EUR"), CurrencyTerms("USD", rate=900_000)
    town.start(msgspec.structs.replace(suggested("EUR"), hold_days=hold_days, currencies=(own, other)))


@pytest.fixture
def abroad(town: Any, far: Any) -> str:
    """The card of a member whose orders, late on the same evening, were placed in Amsterdam and in New York."""
    town.orders(["c0"], days_before(town, LATE), 150_00, fulfilled_at=LATE)
    town.orders(["us"], days_before(town, LATE), 90_00, far, fulfilled_at=LATE)
    start(town, 0)
    return f"/settings/members/{town.member_of('c0')}"


def test_every_line_is_told_by_the_clock_of_its_shop(browser: Any, abroad: str) -> None:
    told = read(browser.get(abroad))
    assert "1 Sept 2026, 01:30" in told or "1 Sep 2026, 01:30" in told
    assert told.count("31 Aug 2026, 19:30") == 2  # the ledger's line and the order
    assert "Paper US · Version 1" in told
    # Twelve months from the day of payment: a day later where it was September already.
    assert "1 Sept 2027 150" in told.replace("1 Sep 2027", "1 Sept 2027")
    assert "31 Aug 2027 90" in told


def test_whose_clock_it_is_is_said_once(browser: Any, abroad: str, town: Any) -> None:
    told = read(browser.get(abroad))
    sentence = "Days and times are those of the shop where it happened: Paper Shop in Amsterdam, Paper US in New York."
    assert told.count(sentence) == 1
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(update(shops).values(timezone="Europe/London"))
    assert read(browser.get(abroad)).count("Times are those of London.") == 1


def test_points_on_their_way_come_on_a_day_of_their_shop(town: Any, browser: Any, far: Any) -> None:
    paid = datetime(
        2026, 11, 19, 23, 30, tzinfo=UTC
    )  # 20 November in Amsterdam, still 19 November in New York
    town.orders(["c0"], days_before(town, paid), 70_00, fulfilled_at=paid)
    town.orders(["us"], days_before(town, paid), 40_00, far, fulfilled_at=paid)
    start(town, 14)
    told = read(browser.get(f"/settings/members/{town.member_of('c0')}"))
    assert "70 on 4 Dec 2026" in told
    assert "40 on 3 Dec 2026" in told


def test_an_exchange_follows_the_shop_of_its_code(browser: Any, abroad: str, far: Any) -> None:
    fields = {"act_key": "a-key-of-its-own-1", "reward": "five-off", "place": f"{far.id}:us"}
    assert browser.post(f"{abroad}/redeem", abroad, **fields).status_code == 303
    browser.post(
        f"{abroad}/adjust", abroad, act_key="one-of-a-kind-key-1", points="5", reason="A late parcel"
    )
    told = read(browser.get(abroad))
    # Noon in UTC: seven in New York, where the code is made; one in Amsterdam, the first shop's clock.
    assert "20 Nov 2026, 07:00" in told
    assert re.search(r"20 Nov 2026, 13:00 \S+ \S+ 5 points given by hand: A late parcel. Version 1 ", told)


def test_the_list_of_members_tells_the_last_order_by_its_shop(town: Any, browser: Any, abroad: str) -> None:
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(update(merchants).values(timezone="Asia/Tokyo"))
    assert re.search("(1 Sept? 2026, 01:30|31 Aug 2026, 19:30)", browser.get("/settings/members"))


@pytest.mark.parametrize(
    ("language", "zone", "sentence"),
    [
        ("en", "Europe/London", "Times are those of London."),
        ("nl", "Europe/London", "Tijden zijn die van Londen."),
        ("en", "America/Argentina/Buenos_Aires", "Times are those of Buenos Aires."),
        ("en", "UTC", "Times are those of UTC."),
    ],
)
def test_the_overview_names_the_one_clock_it_goes_by(
    town: Any, sign_in: Callable[..., Any], language: str, zone: str, sentence: str
) -> None:
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(update(merchants).values(timezone=zone))
        tx.run(update(shops).values(timezone="Asia/Tokyo", seen_until=town.now))
    page = read(sign_in(town.shop.merchant_id, language).get("/"))
    assert page.count(sentence) == 1
    assert "21:00" not in page


@pytest.fixture
def regular(town: Any) -> str:
    """The card of a member with 25 orders, as many ledger lines, and 25 codes."""
    (one,) = town.customers(1)
    for n in range(25):
        town.orders([one], 300 - 10 * n, 20_00)
    town.start()
    row = {"merchant_id": town.shop.merchant_id, "shop_id": town.shop.id, "member_id": town.member_of(one)}
    row |= {"customer_id": one, "reward_key": "gift", "title": "A gift", "kind": "free_shipping", "value": 0}
    row |= {"minimum": 0, "currency": "EUR", "state": "live", "version": 1}
    row |= {"starts_at": town.now, "ends_at": town.now + timedelta(days=30)}
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(coupons.delete())
        tx.run(outbox.delete())
        tx.run(insert(coupons), [row | {"source": f"gift:{n}", "code": f"GIFT{n:08}"} for n in range(25)])
    return f"/settings/members/{town.member_of(one)}"


def lines(page: str) -> dict[str, int]:
    """Count the rows of each list."""
    parts = re.split(r'id="(ledger|orders|codes)-title"', page)
    return {
        name: len(re.findall("<tr>", part.split("<tbody>")[1]))
        for name, part in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_the_newest_twenty_are_shown_and_all_of_a_list_when_asked(browser: Any, regular: str) -> None:
    page = browser.get(regular)
    assert page_of_card.NEWEST == 20
    assert lines(page) == {"ledger": 20, "orders": 20, "codes": 20}
    assert page.count("These are the newest 20.") == 3
    for name in ("ledger", "orders", "codes"):
        link = re.search(rf'href="([^"#]*show={name})#{name}-title"', page)
        assert link
        whole = browser.get(link[1])
        assert lines(whole) == {"ledger": 20, "orders": 20, "codes": 20} | {name: 25}
        assert whole.count("These are the newest 20.") == 2
    browser.get(f"{regular}?show=secrets", status=404)


def test_the_newest_line_stands_first(browser: Any, regular: str) -> None:
    page = read(browser.get(regular))
    assert "#1025" in page
    assert "#1005 " not in page
    assert page.index("#1025") < page.index("#1006")


@pytest.mark.parametrize(
    ("form", "typed", "field", "said"),
    [
        (
            "adjust",
            {"points": "x", "reason": "why not"},
            "points",
            "Points: Write a whole number, such as 14.",
        ),
        ("adjust", {"points": "5", "reason": ""}, "reason", "Reason: Say why: the member's ledger shows it."),
        ("redeem", {"reward": "a-car"}, "reward", "Reward: This reward is no longer offered."),
        (
            "redeem",
            {"reward": "five-off", "place": ""},
            "place",
            "In the shop: Choose a shop in which the code is made.",
        ),
    ],
)
def test_a_mistake_stands_at_the_top_with_a_way_to_its_field(
    town: Any, browser: Any, regular: str, form: str, typed: dict[str, str], field: str, said: str
) -> None:
    fields = {"act_key": "a-key-of-its-own-1", "place": f"{town.shop.id}:c0"} | typed
    answer = browser.post(f"{regular}/{form}", regular, **fields)
    assert answer.status_code == 422
    top = answer.text.split('class="grid tiles"')[0]
    assert re.search(r'id="problems" tabindex="-1" autofocus', top)
    assert f'<a href="#{field}">' in top
    assert said in read(top)
    assert f'id="{field}.error"' in answer.text
    assert "autofocus" not in browser.get(regular)
